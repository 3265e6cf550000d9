import NodeAPI
import NodeClient

/// Decides, from one look at all nodes after the other, whether anything is still in doubt: a trade that is proposed and
/// not decided, a book that differs from another, an entry that a node lacks.
///
/// Nodes publish ticks all the time, so their numbers of entries never stand still. What one look finds on any node has
/// to be on every node at the next look instead.
struct ConvergenceCheck {
  /// What a node said, or why it said nothing.
  struct Answer {
    /// The node's number.
    let node: Int
    /// Its status.
    let status: Result<StatusDocument, NodeClientError>
  }

  private var previous: [Int: StatusDocument] = [:]

  /// A check that has seen nothing.
  init() {}

  /// Takes a look at all nodes.
  ///
  /// - Parameter answers: of each node one, in an order that stays.
  /// - Returns: what is in doubt, in sentences; nothing when the nodes agree, nothing is undecided, and neither has
  ///   changed since the look before.
  mutating func look(at answers: [Answer]) -> [String] {
    var doubts: [String] = []
    var current: [(node: Int, status: StatusDocument)] = []
    for answer in answers {
      switch answer.status {
      case .success(let status): current.append((answer.node, status))
      case .failure(let error): doubts.append("node \(answer.node) does not answer: \(error)")
      }
    }
    for (node, status) in current {
      if status.state != "running" { doubts.append("node \(node) is \(status.state)") }
      if let trouble = status.trouble { doubts.append("node \(node): \(trouble)") }
      if status.undecided > 0 {
        doubts.append("node \(node) has \(status.undecided) trades that are proposed and not decided")
      }
    }
    doubts += Self.difference("book digest", current.map { ($0.node, String($0.status.bookDigest.prefix(10))) })
    doubts += Self.difference("number of settled trades", current.map { ($0.node, String($0.status.trades)) })
    doubts += changes(current)
    previous = Dictionary(uniqueKeysWithValues: current.map { ($0.node, $0.status) })
    return doubts
  }

  private func changes(_ current: [(node: Int, status: StatusDocument)]) -> [String] {
    let entries = previous.values.map(\.entries).max() ?? 0
    return current.compactMap { node, status in
      guard let before = previous[node] else { return "node \(node) was looked at once only" }
      if before.bookDigest != status.bookDigest || before.trades != status.trades {
        return "node \(node)'s book has just changed"
      }
      return status.entries < entries ? "node \(node) has \(status.entries) entries of \(entries)" : nil
    }
  }

  private static func difference(_ name: String, _ values: [(node: Int, value: String)]) -> [String] {
    guard let first = values.first, values.contains(where: { $0.value != first.value }) else { return [] }
    return ["the \(name) differs: " + values.map { "node \($0.node) \($0.value)" }.joined(separator: ", ")]
  }
}
