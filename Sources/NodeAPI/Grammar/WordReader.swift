import Market

/// Reads a command line word by word and knows where it is when something is wrong.
struct WordReader {
  let words: [String]
  private(set) var position: Int

  /// A reader that stands behind the line's first word.
  init(_ words: [String]) {
    self.words = words
    position = 1
  }

  var isAtEnd: Bool { position == words.count }

  /// The next word in lowercase; nil at the end.
  var upcoming: String? { isAtEnd ? nil : words[position].lowercased() }

  /// An error at the word that was read last.
  func failure(_ reason: CommandError.Reason) -> CommandError { failure(reason, at: position - 1) }

  func failure(_ reason: CommandError.Reason, at position: Int) -> CommandError {
    CommandError(reason, words: words, position: position)
  }

  /// The next word as it stands; `what` says in an error what is missing.
  mutating func next(_ what: String) throws(CommandError) -> String {
    guard !isAtEnd else { throw failure(.missing(what, after: words[position - 1]), at: position) }
    position += 1
    return words[position - 1]
  }

  /// Reads the next word when it is `word`.
  mutating func accept(_ word: String) -> Bool {
    guard upcoming == word.lowercased() else { return false }
    position += 1
    return true
  }

  /// Reads the next word, which must be one of `allowed`.
  mutating func expect(_ allowed: String...) throws(CommandError) -> String {
    let names = allowed.map { "\"\($0)\"" }.joined(separator: " or ")
    let word = try next(names)
    guard allowed.contains(word.lowercased()) else { throw failure(.unknownWord(word, allowed: allowed)) }
    return word.lowercased()
  }

  /// Reads a whole number of `allowed`.
  mutating func number(_ name: String, in allowed: ClosedRange<Int64>) throws(CommandError) -> Int64 {
    let word = try next("the \(name)")
    guard
      word.isDigits, let number = Int64(word), allowed.contains(number)
    else {
      let limit = allowed.upperBound == .max ? "" : " to \(allowed.upperBound)"
      throw failure(
        .notAllowed(name: name, value: word, allowed: "a whole number from \(allowed.lowerBound)\(limit)"))
    }
    return number
  }

  /// Reads a span of time, such as `1h30m`, in milliseconds.
  mutating func duration() throws(CommandError) -> Int64 {
    let word = try next(DurationText.allowed)
    guard let span = DurationText.parse(word.lowercased()) else {
      throw failure(.notAllowed(name: "duration", value: word, allowed: DurationText.allowed))
    }
    return span
  }

  /// Reads a moment.
  mutating func time(in calendar: LocalCalendar) throws(CommandError) -> TimeExpression {
    let word = try next("a time such as " + TimeExpression.allowed)
    guard let time = TimeExpression(word, calendar: calendar) else {
      throw failure(.notAllowed(name: "time", value: word, allowed: TimeExpression.allowed))
    }
    return time
  }

  /// Reads words that commas join, with or without blanks around them; each element is passed to `element` while the
  /// reader stands behind it.
  mutating func list(
    _ what: String, element: (String, Self) throws(CommandError) -> Void
  ) throws(CommandError) {
    var isOpen = true
    while isOpen {
      let word = try next(what)
      for part in word.split(separator: ",") { try element(String(part), self) }
      isOpen = word.hasSuffix(",") || upcoming?.hasPrefix(",") == true
    }
  }

  /// Fails unless the line is read to its end.
  func finish(_ command: CommandName) throws(CommandError) {
    guard isAtEnd else { throw failure(.excess(words[position], command: command), at: position) }
  }
}
