/// Why a command line was not understood, and at which word.
public struct CommandError: Error, Equatable, Sendable {
  /// What can be wrong with a line.
  public enum Reason: Equatable, Sendable {
    /// The first word is no command.
    case unknownCommand(String)
    /// The network has no such GPU class; the classes it has.
    case unknownClass(String, allowed: [String])
    /// A word stands where only the given ones can.
    case unknownWord(String, allowed: [String])
    /// The line ends after the given word, where something must follow.
    case missing(String, after: String)
    /// The named thing has a value that is not allowed.
    case notAllowed(name: String, value: String, allowed: String)
    /// A part of an order stands twice.
    case repeated(String)
    /// Two parts of an order say the same thing.
    case conflict(String, String, both: String)
    /// Two parts of an order contradict each other.
    case exclusive(String, String, because: String)
    /// A part stands in a line where it means nothing; what that line is, and what to do.
    case misplaced(String, in: String)
    /// A part that the command needs does not stand anywhere in the line.
    case lacks(command: CommandName, part: String)
    /// Words follow after the end of the command.
    case excess(String, command: CommandName)
    /// A quotation mark is not closed.
    case openQuote
  }

  /// What is wrong.
  public let reason: Reason
  /// The words of the line.
  public let words: [String]
  /// The index of the word that is wrong; `words.count` for one that is missing at the end.
  public let position: Int

  /// An error at the word at `position` of `words`.
  public init(_ reason: Reason, words: [String], position: Int) {
    self.reason = reason
    self.words = words
    self.position = position
  }

  /// The line, and under it a mark below the word that is wrong.
  public var pointer: String {
    let shown = words.map(TerminalText.clean)
    let before = shown.prefix(position).reduce(0) { $0 + TerminalText.width($1) + 1 }
    let length = position < shown.count ? max(1, TerminalText.width(shown[position])) : 1
    return shown.joined(separator: " ") + "\n" + String(repeating: " ", count: before)
      + String(repeating: "^", count: length)
  }
}

extension CommandError: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch reason {
    case .unknownCommand(let word):
      let near = NearestWord.question(for: word, among: CommandName.allCases.map(\.rawValue))
      return "\(quoted(word)) is not a command; \(near.map { $0 + " " } ?? "")help lists the commands"
    case .unknownClass(let word, let allowed):
      let near = NearestWord.question(for: word, among: allowed)
      return "the GPU class \(quoted(word)) is unknown; \(near.map { $0 + " " } ?? "")classes lists them"
    case .unknownWord(let word, let allowed):
      let near = NearestWord.question(for: word, among: allowed)
      let list = allowed.count == 1 ? "allowed here: " : "allowed here is one of: "
      return "\(quoted(word)) is not understood; \(near.map { $0 + " " } ?? "")" + list
        + allowed.joined(separator: ", ")
    case .missing(let what, let after):
      return "after \(quoted(after)), \(what) is missing"
    case .notAllowed(let name, let value, let allowed):
      return "the \(name) is \(quoted(value)); allowed: \(allowed)"
    case .repeated(let word):
      return "\(quoted(word)) stands twice; allowed: once"
    case .conflict(let first, let second, let both):
      return "\(quoted(first)) and \(quoted(second)) both say \(both); allowed: one of them"
    case .exclusive(let first, let second, let why):
      return "\(quoted(first)) and \(quoted(second)) exclude each other: \(why); allowed: one of them"
    case .misplaced(let word, let place):
      return "\(quoted(word)) does not belong in \(place)"
    case .lacks(let command, let part):
      return "the \(command.rawValue) lacks \(part); usage: \(command.usage)"
    case .excess(let word, let command):
      return "\(quoted(word)) is one word too many; usage: \(command.usage)"
    case .openQuote:
      return "a quotation mark is not closed"
    }
  }

  private func quoted(_ word: String) -> String { "\"\(TerminalText.clean(word))\"" }
}
