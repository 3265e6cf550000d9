import NodeProcesses

/// Why the torture itself cannot go on. What a node does wrong is a ``Violation``.
enum TortureError: Error, CustomStringConvertible {
  /// An executable or library of the build is not there.
  case missing(path: String, product: String)
  /// A system call or a file operation failed.
  case system(String, path: String, reason: String)
  /// A process was not started.
  case process(ProcessError)

  /// What was wrong, and what to do.
  var description: String {
    switch self {
    case .missing(let path, let product): "there is no \(path); build it: swift build --product \(product)"
    case .system(let operation, let path, let reason): "\(operation) failed on \(path): \(reason)"
    case .process(let error): error.description
    }
  }
}

/// What must not happen, and has.
struct Violation: Error, Codable, Equatable, Sendable {
  /// What of it is counted.
  enum Kind: String, Codable, CaseIterable, Sendable {
    /// A receipt that one side had is not on both.
    case receiptLost = "receipts_lost"
    /// An order that a node had answered for is gone.
    case orderLost = "orders_lost"
    /// Two entries of one author with one sequence, or a feed that somebody has frozen.
    case fork = "forks"
    /// Another node has an entry that is not on its author's own disk.
    case leak = "leaks"
    /// A node does not come back, or a trade comes to no end.
    case stuck
    /// Quantity that is neither sold nor free.
    case reserved
    /// Nodes that hold the same feeds have different books, or not the same feeds.
    case digest = "digests_differ"
    /// A node refuses to start or ends by itself, and does not say what to do, or that does not help.
    case badRefusal = "bad_refusals"
  }

  /// What of it is counted.
  let kind: Kind
  /// What happened.
  let text: String

  /// A violation.
  init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
