import Foundation
import Market

/// Settled trades of a span of time for bookkeeping: one row each, with the receipt that shows it.
public struct TradeExport: Codable, Hashable, Sendable {
  /// One settled trade of this node's.
  public struct Row: Codable, Hashable, Sendable {
    /// The trade's id.
    public var trade: String
    /// This node's part: `provider` or `buyer`.
    public var role: String
    /// The other party's node id.
    public var counterparty: String
    /// When the trade became final: when the taker confirmed the purchase of which it is a leg, else when the maker
    /// accepted.
    public var finalMs: Int64
    /// When the maker accepted.
    public var acceptedMs: Int64
    /// Of a leg, the purchase that it is part of.
    public var purchase: String?
    /// The class's id.
    public var gpuClass: String
    /// GPUs in each slot of the lease.
    public var gpus: Int64
    /// Start of the lease.
    public var startMs: Int64
    /// End of the lease.
    public var endMs: Int64
    /// GPUs times the seconds of the lease.
    public var gpuSeconds: Int64
    /// Micro-units per GPU-hour.
    public var priceMicros: Int64
    /// Micro-units for the whole lease.
    public var totalMicros: Int64
    /// The currency's code.
    public var currency: String
    /// The offer's id.
    public var offer: String
    /// The bid's id.
    public var bid: String
    /// What both sides signed.
    public var receipt: ReceiptDocument

    init(_ receipt: ReceiptDocument, isProvider: Bool) {
      let lease = receipt.decoded
      trade = lease.trade
      role = isProvider ? "provider" : "buyer"
      counterparty = isProvider ? lease.buyer : lease.provider
      finalMs = lease.confirmedMs ?? lease.acceptedMs
      acceptedMs = lease.acceptedMs
      purchase = lease.purchase
      gpuClass = lease.gpuClass
      gpus = lease.gpus
      startMs = lease.startMs
      endMs = lease.endMs
      gpuSeconds = lease.gpus.multipliedReportingOverflow(by: (lease.endMs - lease.startMs) / 1000).partialValue
      priceMicros = lease.priceMicros
      totalMicros = lease.totalMicros
      currency = lease.currency
      offer = lease.offer
      bid = lease.bid
      self.receipt = receipt
    }
  }

  /// The node whose trades these are.
  public var node: String
  /// The network's id.
  public var network: String
  /// The first moment of the span; nil when it has no beginning.
  public var fromMs: Int64?
  /// The first moment after the span; nil when it has no end.
  public var toMs: Int64?
  /// The trades, by the time at which they became final, then by id.
  public var trades: [Row]

  /// The trades of `node` among those with these receipts that became final from `from` on and before `to`.
  ///
  /// - Parameter predecessors: keys of which `node` took over: their trades are its own.
  public init(
    of node: String, predecessors: [String] = [], network: String, receipts: [ReceiptDocument], from: Timestamp?,
    to: Timestamp?
  ) {
    let names = Set([node] + predecessors)
    self.node = node
    self.network = network
    fromMs = from?.milliseconds
    toMs = to?.milliseconds
    trades = receipts.compactMap { receipt in
      let lease = receipt.decoded
      guard names.contains(lease.provider) || names.contains(lease.buyer) else { return nil }
      let row = Row(receipt, isProvider: names.contains(lease.provider))
      guard row.finalMs >= from?.milliseconds ?? .min, row.finalMs < to?.milliseconds ?? .max else { return nil }
      return row
    }.sorted { ($0.finalMs, $0.trade) < ($1.finalMs, $1.trade) }
  }

  /// The rows as comma-separated values by RFC 4180, but for line ends of one character, with a line of names: moments in
  /// UTC by ISO 8601, amounts in whole units of the currency, and the signed parts of the receipt at the
  /// end. Of a trade that is no leg of a purchase the fields of the purchase and its confirmation are empty.
  public var csv: String {
    let header = [
      "trade", "role", "counterparty", "final", "accepted", "purchase", "gpu_class", "gpus", "start", "end",
      "gpu_seconds", "price", "total", "currency", "offer", "bid", "taker", "maker", "terms", "taker_signature",
      "acceptance", "maker_signature", "confirmation", "confirmation_signature",
    ]
    let lines = trades.map { row in
      [
        row.trade, row.role, row.counterparty, UTCText.format(Timestamp(milliseconds: row.finalMs)),
        UTCText.format(Timestamp(milliseconds: row.acceptedMs)), row.purchase ?? "",
        row.gpuClass, "\(row.gpus)",
        UTCText.format(Timestamp(milliseconds: row.startMs)), UTCText.format(Timestamp(milliseconds: row.endMs)),
        "\(row.gpuSeconds)", Decimal.format(micros: row.priceMicros),
        Decimal.format(micros: row.totalMicros), row.currency, row.offer, row.bid, row.receipt.taker, row.receipt.maker,
        row.receipt.terms, row.receipt.takerSignature, row.receipt.acceptance, row.receipt.makerSignature,
        row.receipt.confirmation ?? "", row.receipt.confirmationSignature ?? "",
      ]
    }
    return ([header] + lines).map { $0.map(Self.field).joined(separator: ",") }.joined(separator: "\n")
  }

  /// A value as a field: within quotes where it contains what separates fields, and never one that a spreadsheet would
  /// take for a formula.
  static func field(_ value: String) -> String {
    let isFormula = value.first.map { "=+-@".contains($0) } ?? false
    guard isFormula || value.utf8.contains(where: { #",""#.utf8.contains($0) || $0 == 0x0A || $0 == 0x0D }) else {
      return value
    }
    return "\"\((isFormula ? "'" : "") + value.replacing("\"", with: "\"\""))\""
  }
}
