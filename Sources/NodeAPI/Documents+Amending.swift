/// What is to change of an own open order: `PATCH /v1/orders/{id}`. Only what changes is stated; a field that is left
/// out stays as it is, also within `attributes` and `requirements`, and `remove` names what is no longer to hold.
public struct AmendRequest: Codable, Hashable, Sendable {
  /// A bid's acceptable classes: ids, or ``OrderRequest/anyClass`` alone.
  public var gpuClasses: [String]?
  /// GPUs for sale or wanted, those already traded included.
  public var gpus: Int64?
  /// The limit in micro-units per GPU-hour.
  public var priceMicros: Int64?
  /// The length of an offer's window from its start on, or the run that a bid wants, in milliseconds.
  public var durationMs: Int64?
  /// Start of an offer's window, or a bid's earliest start.
  public var startMs: Int64?
  /// End of an offer's window (instead of a duration), or a bid's latest end.
  public var endMs: Int64?
  /// A bid's latest end as a span from the earliest start, in milliseconds (instead of `endMs`).
  public var withinMs: Int64?
  /// The fewest GPUs in one trade.
  public var minimumGpus: Int64?
  /// The shortest lease an offer sells, in milliseconds.
  public var minimumMs: Int64?
  /// When the order is no longer open. An order that is open as long as it can be filled stays so when it is left out.
  public var expiryMs: Int64?
  /// `gtc`: as long as the order can be filled; `gtt`: until `expiryMs`.
  public var timeInForce: String?
  /// Whether the order only ever waits to be taken.
  public var postOnly: Bool?
  /// Whether one trade takes the whole order or none does.
  public var allOrNone: Bool?
  /// Whether a bid may be filled in pieces, from several offers.
  public var split: Bool?
  /// What changes of an offer's machine.
  public var attributes: AttributesDocument?
  /// What changes of a bid's demands.
  public var requirements: RequirementsDocument?
  /// What the order is to say or demand no longer, by the names of ``Removable``.
  public var remove: [String]?

  /// What an amend can take out of an order, by its name in ``AmendRequest/remove``.
  public enum Removable: String, CaseIterable, Sendable {
    case region, vram, interconnect, driver, watts, co2, probed, providers
    case excludedProviders = "excluded_providers"
    case trades, failures
  }

  /// An amend that changes nothing yet.
  public init() {}
}
