import Market
import NodeCrypto
import OrderBook

/// Streams as text, one step a line: how a failing stream is printed, kept under `Fixtures` and read again. A field that
/// has its usual value is left out, and a line that begins with `#` is a comment.
package enum OperationText {
  /// The text of a stream.
  package static func write(_ stream: OperationStream) -> String {
    let vram = stream.classVRAMMiB.isEmpty ? "" : " vram=" + stream.classVRAMMiB.map(String.init).joined(separator: ",")
    return (["book seed=\(stream.seed)\(vram)"] + stream.operations.map(write)).joined(separator: "\n") + "\n"
  }

  /// The stream of a text, as ``write(_:)-swift.type.method`` makes it.
  package static func read(_ text: String) throws(OperationTextError) -> OperationStream {
    var stream = OperationStream()
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let reader = try FieldReader(String(line))
      if reader.name == "book" {
        stream.seed = try reader.number("seed")
        for text in reader.list("vram") { stream.classVRAMMiB.append(try reader.integer("vram", text)) }
      } else {
        stream.operations.append(try operation(reader))
      }
    }
    return stream
  }

  static func write(_ operation: Operation) -> String {
    switch operation {
    case .insert(let order): "insert " + write(order)
    case .amend(let order): "amend " + write(order)
    case .cancel(let id): "cancel id=\(name(id))"
    case .removeAll(let owner): "removeAll owner=\(name(owner))"
    case .take(let id, let gpus, let slots): "take id=\(name(id)) gpus=\(gpus) slots=\(range(slots))"
    case .putBack(let id, let gpus, let slots): "putBack id=\(name(id)) gpus=\(gpus) slots=\(range(slots))"
    case .advance(let time): "advance time=\(time.milliseconds)"
    case .match(let id, let context): "match id=\(name(id))" + write(context)
    case .probe(let order, let context): "probe " + write(order) + write(context)
    case .quote(let order, let context): "quote " + write(order) + write(context)
    case .fill(let id, let context): "fill id=\(name(id))" + write(context)
    case .sweep(let id, let context): "sweep id=\(name(id))" + write(context)
    case .undo(let id): "undo id=\(name(id))"
    case .explain(let id, let context): "explain id=\(name(id))" + write(context)
    case .crossing(let id, let owner): "crossing id=\(name(id)) owner=\(name(owner))"
    case .ladder(let gpuClass, let side, let limit, let slot):
      "ladder class=\(gpuClass.position) side=\(side) limit=\(limit) at=\(slot.index)"
    case .depth(let gpuClass, let from, let hours, let slotsPerHour, let levels):
      "depth class=\(gpuClass.position) at=\(from.index) hours=\(hours) perHour=\(slotsPerHour) levels=\(levels)"
    case .owned(let owner): "owned owner=\(name(owner))"
    case .keepCopy: "keepCopy"
    case .checkCopies: "checkCopies"
    }
  }

  private static func operation(_ reader: FieldReader) throws(OperationTextError) -> Operation {
    switch reader.name {
    case "insert": .insert(try order(reader))
    case "amend": .amend(try order(reader))
    case "cancel": .cancel(try reader.identifier("id"))
    case "removeAll": .removeAll(try reader.identifier("owner"))
    case "take":
      .take(try reader.identifier("id"), gpus: try reader.number("gpus"), try reader.slots("slots"))
    case "putBack":
      .putBack(try reader.identifier("id"), gpus: try reader.number("gpus"), try reader.slots("slots"))
    case "advance": .advance(Timestamp(milliseconds: try reader.number("time")))
    case "match": .match(try reader.identifier("id"), try context(reader))
    case "probe": .probe(try order(reader), try context(reader))
    case "quote": .quote(try order(reader), try context(reader))
    case "fill": .fill(try reader.identifier("id"), try context(reader))
    case "sweep": .sweep(try reader.identifier("id"), try context(reader))
    case "undo": .undo(try reader.identifier("id"))
    case "explain": .explain(try reader.identifier("id"), try context(reader))
    case "crossing": .crossing(try reader.identifier("id"), try reader.identifier("owner"))
    case "ladder":
      .ladder(
        GPUClassIndex(try reader.number("class")), reader.text("side") == "bid" ? .bid : .offer,
        limit: try reader.number("limit"), at: Slot(try reader.number("at")))
    case "depth":
      .depth(
        GPUClassIndex(try reader.number("class")), from: Slot(try reader.number("at")),
        hours: try reader.number("hours"), slotsPerHour: try reader.number("perHour"),
        levels: try reader.number("levels"))
    case "owned": .owned(try reader.identifier("owner"))
    case "keepCopy": .keepCopy
    case "checkCopies": .checkCopies
    default: throw OperationTextError(line: reader.line, field: "name")
    }
  }
}

/// A line that is not a step.
package struct OperationTextError: Error {
  /// The line.
  package let line: String
  /// The field that is missing or malformed.
  package let field: String
}

/// The fields of a line: `name key=value key=value`.
struct FieldReader {
  let line: String
  let name: String
  private var values: [String: String] = [:]

  init(_ line: String) throws(OperationTextError) {
    self.line = line
    let words = line.split(separator: " ").map(String.init)
    guard let name = words.first else { throw OperationTextError(line: line, field: "name") }
    self.name = name
    for word in words.dropFirst() {
      guard let equals = word.firstIndex(of: "=") else { throw OperationTextError(line: line, field: word) }
      values[String(word[..<equals])] = String(word[word.index(after: equals)...])
    }
  }

  func text(_ field: String) -> String { values[field] ?? "" }

  func number<Number: FixedWidthInteger>(_ field: String, default standard: Number = 0) throws(OperationTextError)
    -> Number
  {
    guard let value = values[field] else { return standard }
    return try integer(field, value)
  }

  func integer<Number: FixedWidthInteger>(_ field: String, _ text: String) throws(OperationTextError) -> Number {
    guard let number = Number(text) else { throw OperationTextError(line: line, field: field) }
    return number
  }

  /// The values between commas; none when the field is left out.
  func list(_ field: String) -> [String] { text(field).split(separator: ",").map(String.init) }

  func identifier<Tag>(_ field: String) throws(OperationTextError) -> Identifier<Tag> {
    try identifier(field, text(field))
  }

  func identifiers<Tag>(_ field: String) throws(OperationTextError) -> [Identifier<Tag>] {
    var identifiers: [Identifier<Tag>] = []
    for text in list(field) { identifiers.append(try identifier(field, text)) }
    return identifiers
  }

  func identifier<Tag>(_ field: String, _ text: String) throws(OperationTextError) -> Identifier<Tag> {
    let words = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0, radix: 16) }
    guard words.count == 4, let word0 = words[0], let word1 = words[1], let word2 = words[2], let word3 = words[3]
    else { throw OperationTextError(line: line, field: field) }
    return Identifier(word0: word0, word1: word1, word2: word2, word3: word3)
  }

  func slots(_ field: String) throws(OperationTextError) -> SlotRange {
    let ends = text(field).split(separator: ":").compactMap { Int64($0) }
    guard ends.count == 2, ends[0] <= ends[1] else { throw OperationTextError(line: line, field: field) }
    return SlotRange(start: Slot(ends[0]), end: Slot(ends[1]))
  }
}
