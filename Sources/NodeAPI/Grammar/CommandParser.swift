import Market

/// The one grammar of the console, the one-shot commands and scripts: words in, a ``Command`` or a ``CommandError``
/// out. Nothing is rounded to slots here: the node does that, and answers with the order as it understood it.
public struct CommandParser: Sendable {
  /// The ids of the network's classes, which an order or `book` may name.
  public let gpuClasses: [String]
  /// The currency's code, which may follow a price.
  public let currency: String
  /// The moment at which the line was written: what `+2h` counts from.
  public let now: Timestamp
  /// What `14:00` is read in.
  public let calendar: LocalCalendar

  /// A parser for lines written at `now`, on a network with the given classes.
  public init(gpuClasses: [String], currency: String, now: Timestamp, calendar: LocalCalendar) {
    self.gpuClasses = gpuClasses
    self.currency = currency
    self.now = now
    self.calendar = calendar
  }

  /// Orders shown on each side of a book when the line does not say.
  public static let defaultBookLimit = 20

  /// The words of `line`: blanks separate them, single or double quotes hold one together. None for an empty line and
  /// for a comment, which `#` begins.
  public static func words(of line: String) throws(CommandError) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let complete = word { words.append(complete) }
        word = nil
      } else if character == "#", word == nil, words.isEmpty {
        return []
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let last = word { words.append(last) }
    if quote != nil { throw CommandError(.openQuote, words: words, position: words.count - 1) }
    return words
  }

  /// The command that `words`, of which there is at least one, spell.
  public func parse(_ words: [String]) throws(CommandError) -> Command {
    precondition(!words.isEmpty, "an empty line is not a command")
    guard let name = CommandName(word: words[0]) else {
      throw CommandError(.unknownCommand(words[0]), words: words, position: 0)
    }
    var reader = WordReader(words)
    let command = try parse(name, &reader)
    try reader.finish(name)
    return command
  }

  private func parse(_ name: CommandName, _ reader: inout WordReader) throws(CommandError) -> Command {
    switch name {
    case .offer: try offer(&reader)
    case .bid: .place(try order(.bid, &reader))
    case .amend: try amend(&reader)
    case .quote: .quote(try quote(&reader))
    case .depth: try depth(&reader)
    case .index: .index
    case .candles: try candles(&reader)
    case .cancel: .cancel(order: try orderID(&reader))
    case .why: .why(order: try orderID(&reader))
    case .book: try book(&reader)
    case .orders: .orders(try scope(&reader))
    case .trades: .trades(try scope(&reader))
    case .receipts: .receipts(try scope(&reader))
    case .record: .record(node: try nodeID(&reader))
    case .verify: .verify(file: try reader.next("a file's path"))
    case .proofs: .proofs
    case .peers: .peers
    case .status: .status
    case .classes: .classes
    case .devices: .devices
    case .watch: .watch(try watched(&reader))
    case .help: .help(try helpTopic(&reader))
    case .stop: .stop
    case .quit: .quit
    }
  }

  private func scope(_ reader: inout WordReader) throws(CommandError) -> ListScope {
    guard !reader.isAtEnd else { return .mine }
    return try reader.expect("all", "mine") == "all" ? .all : .mine
  }

  private func watched(_ reader: inout WordReader) throws(CommandError) -> Command {
    let word = try reader.next("the command to watch")
    guard let name = CommandName(word: word), CommandName.watchable.contains(name) else {
      throw reader.failure(.unknownWord(word, allowed: CommandName.watchable.map(\.rawValue)))
    }
    return try parse(name, &reader)
  }

  private func helpTopic(_ reader: inout WordReader) throws(CommandError) -> CommandName? {
    guard !reader.isAtEnd else { return nil }
    let word = try reader.next("a command")
    guard let name = CommandName(word: word) else { throw reader.failure(.unknownCommand(word)) }
    return name
  }

  private func book(_ reader: inout WordReader) throws(CommandError) -> Command {
    guard !reader.isAtEnd else { return .summary }
    let gpuClass = try gpuClass(try reader.next("a GPU class"), reader)
    var limit = Self.defaultBookLimit
    if !reader.isAtEnd {
      _ = try reader.expect("top")
      limit = Int(try reader.number("number of orders", in: 1...10_000))
    }
    return .book(gpuClass: gpuClass, limit: limit)
  }

  private func depth(_ reader: inout WordReader) throws(CommandError) -> Command {
    let gpuClass = try gpuClass(try reader.next("a GPU class"), reader)
    var span: Int64?
    var gpus: Int64?
    while !reader.isAtEnd {
      let part = try reader.expect("for", "gpus")
      guard part == "for" ? span == nil : gpus == nil else { throw reader.failure(.repeated(part)) }
      if part == "for" {
        span = try reader.duration()
      } else {
        gpus = try reader.number("number of GPUs", in: 1...Int64(Int32.max))
      }
    }
    return .depth(gpuClass: gpuClass, spanMs: span, gpus: gpus)
  }

  private func candles(_ reader: inout WordReader) throws(CommandError) -> Command {
    let gpuClass = try gpuClass(try reader.next("a GPU class"), reader)
    var span: Int64?
    var interval: Int64?
    while !reader.isAtEnd {
      let part = try reader.expect("for", "every")
      guard part == "for" ? span == nil : interval == nil else { throw reader.failure(.repeated(part)) }
      let length = try reader.duration()
      if part == "for" { span = length } else { interval = length }
      guard part == "for" || IntervalRange.intervals.contains(length) else {
        let allowed = "1s to \(DurationText.format(milliseconds: IntervalRange.intervals.upperBound))"
        throw reader.failure(
          .notAllowed(name: "length of a row", value: reader.words[reader.position - 1], allowed: allowed))
      }
    }
    let whole = span ?? max(IntervalRange.defaultSpanMs, interval ?? 0)
    guard let range = IntervalRange(spanMs: whole, intervalMs: interval) else {
      throw reader.failure(
        .notAllowed(
          name: "span", value: DurationText.format(milliseconds: whole),
          allowed: "at most \(IntervalRange.maximumCount) rows"))
    }
    return .candles(gpuClass: gpuClass, range)
  }

  func orderID(_ reader: inout WordReader) throws(CommandError) -> String {
    try identifier(try reader.next("an order's id"), name: "order's id", reader)
  }

  /// A node's id; nil, which means the own one, at the line's end.
  private func nodeID(_ reader: inout WordReader) throws(CommandError) -> String? {
    guard !reader.isAtEnd else { return nil }
    return try identifier(try reader.next("a node's id"), name: "node's id", reader)
  }

  static let identifierForms = "its 64 hexadecimal digits, or the first \(IdentifierPrefix.shortest) or more"

  /// An id or its first digits.
  func identifier(_ word: String, name: String, _ reader: WordReader) throws(CommandError) -> String {
    let id = word.lowercased()
    guard id.isLowercaseHexadecimal, (IdentifierPrefix.shortest...64).contains(id.utf8.count) else {
      throw reader.failure(.notAllowed(name: name, value: word, allowed: Self.identifierForms))
    }
    return id
  }

  func gpuClass(_ word: String, _ reader: WordReader) throws(CommandError) -> String {
    let id = word.lowercased()
    guard gpuClasses.contains(id) else { throw reader.failure(.unknownClass(word, allowed: gpuClasses)) }
    return id
  }
}
