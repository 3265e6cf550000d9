import Market

/// The node's documents as a person reads them: sentences and tables, ids short, times local.
///
/// Every function is pure and returns text without a line break at its end. An empty list is a sentence that names the
/// next step.
public struct DocumentText: Sendable {
  /// The currency's code.
  public let currency: String
  /// The length of a slot in milliseconds, the shortest lease there is.
  public let slotMs: Int64
  /// How many classes the network has.
  let classCount: Int
  /// How moments are written.
  public let time: TimeText
  /// Whether the text goes to a terminal that shows colours.
  public let colours: Bool

  /// Text for a reader on `network` whose clock shows `now`.
  public init(network: NetworkDocument, now: Timestamp, calendar: LocalCalendar, colours: Bool) {
    currency = network.currency
    slotMs = network.slotMs
    classCount = network.gpuClasses.count
    time = TimeText(calendar: calendar, now: now, showsSeconds: network.slotMs % 60_000 != 0)
    self.colours = colours
  }

  /// Digits of an id in a table or sentence.
  static let idDigits = 10

  /// The first digits of an id.
  static func short(_ id: String) -> String { String(id.prefix(idDigits)) }

  func style(_ text: String, _ style: TextStyle) -> String {
    style.apply(to: TerminalText.clean(text), colours: colours)
  }

  func money(_ micros: Int64) -> String { "\(Decimal.format(micros: micros)) \(currency)" }

  func price(_ micros: Int64) -> String { "\(Decimal.format(micros: micros)) \(currency) per GPU-hour" }

  /// `a or b`, and `any class` for all that there are.
  func classes(_ ids: [String], separator: String = " or ") -> String {
    ids.count > 1 && ids.count == classCount ? "any class" : ids.joined(separator: separator)
  }

  /// `3h`, for a span whose ends are given.
  func span(_ startMs: Int64, _ endMs: Int64) -> String { DurationText.format(milliseconds: max(0, endMs - startMs)) }

  /// `1 offer`, `3 offers`.
  static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// The classes of the network.
  public static func classes(_ gpuClasses: [NetworkDocument.GPUClassDocument], colours: Bool) -> String {
    var table = TextTable([
      .init("CLASS"), .init("VENDOR"), .init("MODEL"), .init("INTERFACE"), .init("VRAM MiB", .right),
      .init("BOARD W", .right),
    ])
    for gpuClass in gpuClasses {
      table.append([
        .init(gpuClass.id, .cyan), .init(gpuClass.vendor), .init(gpuClass.model), .init(gpuClass.interface),
        .init(gpuClass.vramMib), .init(gpuClass.boardPowerWatts),
      ])
    }
    return table.render(colours: colours)
  }

  /// The commands, a line each.
  public static func help(colours: Bool) -> String {
    var table = TextTable([.init(""), .init("")])
    for name in CommandName.allCases { table.append([.init(name.rawValue, .bold), .init(name.summary)]) }
    let example = "offer 8 h100-sxm-80g at 2.10 for 12h"
    return table.render(colours: colours) + "\n\nhelp COMMAND explains one. An order reads as it is spoken: \(example)"
  }

  /// One command, explained.
  public static func help(_ name: CommandName, colours: Bool) -> String {
    let head = TextStyle.bold.apply(to: name.usage, colours: colours) + "\n" + name.summary
    return name.details.isEmpty ? head : head + "\n\n" + name.details
  }
}
