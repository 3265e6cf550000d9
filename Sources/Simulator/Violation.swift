/// Something that must hold and does not.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
  /// What kind of rule is broken; a shortened run has to break the same.
  public enum Rule: String, Sendable, CaseIterable {
    /// A message shows an own entry that is not on disk.
    case sentBeforeDurable = "an entry left before it was durable"
    /// An honest node signed two entries at one place, and both were seen.
    case honestFork = "an honest node signed two entries at one place"
    /// An honest node found fault with an honest node.
    case honestAccused = "an honest node was accused by an honest one"
    /// An entry was taken whose signature, chain or time is wrong.
    case badEntryTaken = "an entry was taken that is not valid"
    /// More of an order was sold or reserved than there is.
    case oversold = "an order is over its capacity"
    /// A trade was taken back although it had been accepted.
    case releasedAccepted = "a trade was released that was accepted"
    /// A purchase is confirmed without all accepts, decided twice, or concluded against what its taker decided.
    case brokenPurchase = "a purchase is neither whole nor nothing"
    /// A trade that both signed is not settled everywhere.
    case receiptLost = "a receipt is lost"
    /// A receipt does not verify.
    case badReceipt = "a receipt does not verify"
    /// Nodes with the same feeds have different books or trades.
    case digestsDiffer = "equal feeds, and different books or trades"
    /// A book does not follow from the feeds.
    case bookDrifted = "a book is not what its feeds add up to"
    /// What is reserved stays so although nothing is under way.
    case reservedForever = "something stays reserved"
    /// Orders that cross stay in the book.
    case crossedBook = "orders that cross stay"
    /// Feeds do not become equal after the faults have stopped.
    case notConverged = "the nodes do not converge"
    /// A node that runs never answers a command.
    case unanswered = "a command is not answered"
    /// What signatures prove is not proven everywhere.
    case unprovenFraud = "a fraud is not proven everywhere"
    /// More is held or done than there is a bound for.
    case bound = "a bound is exceeded"
    /// A node asks to be woken in the past again and again.
    case busy = "a node is busy with nothing"
    /// The same plan gave another run.
    case notReproducible = "the same seed gave two different runs"
  }

  /// The rule.
  public let rule: Rule
  /// Who and what, and when.
  public let details: String

  /// A violation.
  public init(rule: Rule, details: String) {
    self.rule = rule
    self.details = details
  }

  /// The rule and the details.
  public var description: String { "\(rule.rawValue): \(details)" }
}
