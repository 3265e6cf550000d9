/// What a node said when it ended by itself, and what it told its owner to do.
struct Refusal: Equatable, Sendable {
  /// What an error tells to do.
  enum Advice: Equatable, Sendable {
    /// Move the store away and start again.
    case moveStoreAway
    /// Look after the disk and start again.
    case mendDisk
    /// Set the clock right and start again.
    case setClock
  }

  /// What each advice is recognised by in an error's text.
  private static let words: [(text: String, advice: Advice)] = [
    ("Move it away and start again", .moveStoreAway), ("move the file away and start again", .moveStoreAway),
    ("free some space", .mendDisk),
    ("check its owner, mode and disk", .mendDisk), ("check the disk", .mendDisk), ("Set the clock right", .setClock),
  ]

  /// The error, on one line; nil when it did not say any.
  let error: String?
  /// What the error tells to do; nil when it does not tell.
  let advice: Advice?

  /// Reads the last lines of a log.
  init(log: String) {
    let last = log.split(separator: "\n").last.map { $0.drop { $0 == " " } }
    error = last.flatMap { $0.hasPrefix("error: ") ? String($0) : nil }
    advice = error.flatMap { error in Self.words.first { error.contains($0.text) }?.advice }
  }
}
