/// Swift source without its comments and without the text of its literals, so that a search finds code only. Code inside
/// an interpolation stays. Line breaks stay, so that line numbers hold.
struct SwiftCode {
  /// One identifier or keyword.
  struct Word: Equatable {
    var text: Substring
    /// Counted from 1.
    var line: Int
    /// The last character before it that is no blank, or nil.
    var before: Character?
    /// What follows it, from the first character that is no blank.
    var rest: Substring
  }

  /// What is left of the source.
  let text: String

  init(_ source: String) {
    var blanker = Blanker(bytes: Array(source.utf8))
    blanker.scanCode(insideInterpolation: false)
    text = String(decoding: blanker.output, as: UTF8.self)
  }

  /// The identifiers and keywords, in order.
  var words: [Word] {
    var words: [Word] = []
    var line = 1
    var before: Character?
    var position = text.startIndex
    while position < text.endIndex {
      let character = text[position]
      guard Self.isWordCharacter(character) else {
        if character.isNewline { line += 1 }
        if !character.isWhitespace { before = character }
        position = text.index(after: position)
        continue
      }
      let word = text[position...].prefix { Self.isWordCharacter($0) }
      let rest = text[word.endIndex...].drop { $0.isWhitespace }
      words.append(Word(text: word, line: line, before: before, rest: rest))
      before = word.last
      position = word.endIndex
    }
    return words
  }

  /// The modules that are imported, each with its line.
  var imports: [(module: String, line: Int)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { offset, line in
      let words = line.split(separator: " ").drop { $0.hasPrefix("@") || $0 == "public" || $0 == "internal" }
      guard words.first == "import" else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias", "actor"]
      guard let path = words.dropFirst().drop(while: { kinds.contains($0) }).first else { return nil }
      return (String(path.prefix { $0 != "." }), offset + 1)
    }
  }

  private static func isWordCharacter(_ character: Character) -> Bool {
    character == "_" || character.isLetter || character.isNumber
  }
}

/// Walks over source and copies what is code.
private struct Blanker {
  let bytes: [UInt8]
  var output: [UInt8] = []
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Copies code up to its end: of the file, or of an interpolation, whose closing parenthesis it leaves.
  mutating func scanCode(insideInterpolation: Bool) {
    var depth = 0
    while position < bytes.count {
      let byte = bytes[position]
      if starts(with: "//") {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      } else if starts(with: "/*") {
        skipBlockComment()
      } else if let hashCount = literalAhead() {
        skipLiteral(hashCount: hashCount)
      } else {
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") {
          if insideInterpolation, depth == 0 { return }
          depth -= 1
        }
        output.append(byte)
        position += 1
      }
    }
  }

  private func starts(with text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: count)
    return bytes[position..<position + count].elementsEqual(wanted)
  }

  /// The number of `#` before the literal that begins here; nil when none begins.
  private func literalAhead() -> Int? {
    let hashCount = hashes(at: position)
    let quote = position + hashCount
    return quote < bytes.count && bytes[quote] == UInt8(ascii: "\"") ? hashCount : nil
  }

  private func hashes(at start: Int) -> Int {
    bytes[min(start, bytes.count)...].prefix { $0 == UInt8(ascii: "#") }.count
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        position += 2
      } else if starts(with: "*/") {
        depth -= 1
        position += 2
      } else {
        skipText()
      }
    } while depth > 0 && position < bytes.count
  }

  private mutating func skipLiteral(hashCount: Int) {
    position += hashCount
    let quoteCount = starts(with: "\"\"\"") ? 3 : 1
    position += quoteCount
    output.append(UInt8(ascii: "\""))
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\\"), hashes(at: position + 1) >= hashCount {
        skipEscape(hashCount: hashCount)
      } else if isEnd(quoteCount: quoteCount, hashCount: hashCount) {
        position += quoteCount + hashCount
        output.append(UInt8(ascii: "\""))
        return
      } else {
        skipText()
      }
    }
  }

  private mutating func skipEscape(hashCount: Int) {
    position += 1 + hashCount
    guard position < bytes.count, bytes[position] == UInt8(ascii: "(") else {
      if position < bytes.count { skipText() }
      return
    }
    position += 1
    output += Array("( ".utf8)
    scanCode(insideInterpolation: true)
    output += Array(" )".utf8)
    position += 1
  }

  private func isEnd(quoteCount: Int, hashCount: Int) -> Bool {
    let end = position + quoteCount
    guard end <= bytes.count else { return false }
    return bytes[position..<end].allSatisfy { $0 == UInt8(ascii: "\"") } && hashes(at: end) >= hashCount
  }

  /// Passes over one byte of what is left out.
  private mutating func skipText() {
    if bytes[position] == UInt8(ascii: "\n") { output.append(bytes[position]) }
    position += 1
  }
}
