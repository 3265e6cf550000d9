import Market

/// What the Tab key offers: pure, from the line up to the cursor.
public struct CommandCompletion: Sendable {
  /// The ids of the network's classes.
  public var gpuClasses: [String]
  /// The ids of this node's open orders, as short as the tables show them.
  public var ownOrders: [String]

  /// Completion among the given classes and orders.
  public init(gpuClasses: [String] = [], ownOrders: [String] = []) {
    self.gpuClasses = gpuClasses
    self.ownOrders = ownOrders
  }

  /// The part of the line that is being typed, and what it may become.
  public struct Candidates: Equatable, Sendable {
    /// The text between the last blank or comma and the cursor.
    public let typed: String
    /// The words that begin with it.
    public let words: [String]

    /// What all the words begin with, which is at least what was typed.
    public var commonPrefix: String {
      guard let first = words.first else { return typed }
      return words.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    }
  }

  /// What the text before the cursor may become.
  public func candidates(before cursor: String) -> Candidates {
    var words = cursor.split(separator: " ", omittingEmptySubsequences: true).map { $0.lowercased() }
    var typed = cursor.last.map { $0 == " " } ?? true ? "" : words.removeLast()
    if let comma = typed.lastIndex(of: ",") { typed = String(typed[typed.index(after: comma)...]) }
    let allowed = following(words)
    return Candidates(typed: typed, words: allowed.filter { $0.hasPrefix(typed) })
  }

  /// The words that may follow `words`, which are complete.
  private func following(_ words: [String]) -> [String] {
    guard let first = words.first else { return CommandName.allCases.map(\.rawValue) }
    guard let command = CommandName(word: first) else { return [] }
    let isFirstArgument = words.count == 1
    switch command {
    case .offer: return inOrder(.offer, words)
    case .bid: return inOrder(.bid, words)
    case .cancel, .why: return isFirstArgument ? ownOrders : []
    case .book: return isFirstArgument ? gpuClasses : words.count == 2 ? ["top"] : []
    case .orders, .trades, .receipts: return isFirstArgument ? ["all"] : []
    case .help: return isFirstArgument ? CommandName.allCases.map(\.rawValue) : []
    case .verify, .peers, .status, .classes, .stop, .quit: return []
    }
  }

  private func inOrder(_ side: Side, _ words: [String]) -> [String] {
    guard let price = words.firstIndex(of: "at"), words.count > price + 1 else {
      switch words.count {
      case 1: return []
      case 2: return gpuClasses
      default: return words.last == "at" ? [] : words.last?.hasSuffix(",") == true ? gpuClasses : ["at"]
      }
    }
    let parts = words[(price + 2)...]
    let last = parts.last ?? ""
    if last == "at" {
      switch parts.dropLast().last {
      case "lease": return ["least"]
      case "watts", "co2": return ["most"]
      default: return []
      }
    }
    let awaitsValue = ["of", "least", "most"].contains(last) || parts.suffix(2).elementsEqual(["expires", "in"])
    if awaitsValue { return [] }
    if let clause = OrderClause(rawValue: last) { return clause.continuation }
    return OrderClause.allowed(on: side).map(\.rawValue).filter { !parts.contains($0) }
  }
}
