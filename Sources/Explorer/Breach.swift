/// A rule that does not hold in a state.
public struct Breach: Error, Sendable, CustomStringConvertible {
  /// What can be broken.
  public enum Rule: String, Sendable, CaseIterable {
    /// An entry left its author before it was durable.
    case sentBeforeDurable
    /// An entry is durable, and its author does not send it.
    case notSent
    /// An honest node signed two entries at one place.
    case twoEntries
    /// An honest node found fault with another.
    case accused
    /// More of an order is sold, held or proposed than there is.
    case overfilled
    /// A taker took back what its maker had accepted.
    case releasedAccepted
    /// A maker accepted after the deadline, or a purchase was confirmed after its last moment.
    case late
    /// A confirmed purchase has a leg that its maker has not accepted, or has freed; or one that came to nothing a leg
    /// that is settled.
    case notWhole
    /// A maker freed what it held though the taker's feed had not brought the purchase to nothing.
    case freedTooEarly
    /// What was final is not any more.
    case reverted
    /// A node says something else of a trade than the feeds that it holds do.
    case wrongState
    /// After the faults something is still reserved, held or undecided.
    case unresolved
    /// Equal feeds are not reached, or they do not give equal books.
    case disagreement
    /// The receipt of a settled trade is not there or does not verify.
    case noReceipt
    /// A second delivery of an entry changed something.
    case notIdempotent
  }

  /// The rule.
  public let rule: Rule
  /// What was seen.
  public let details: String

  init(_ rule: Rule, _ details: String) {
    self.rule = rule
    self.details = details
  }

  /// The rule and what was seen.
  public var description: String { "\(rule.rawValue): \(details)" }
}
