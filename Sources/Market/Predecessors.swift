import NodeCrypto

/// Which key each key took its record over from.
public struct Predecessors: Hashable, Sendable {
  /// How many keys before one count for it: a chain is walked at every look at its last key.
  public static let maximumCount = 16

  /// For look-up only.
  private var byKey: [NodeID: NodeID] = [:]

  /// No key took over from another.
  public init() {}

  /// The key before `key`.
  public subscript(key: NodeID) -> NodeID? {
    get { byKey[key] }
    set { byKey[key] = newValue }
  }

  /// Every key that took over, with the one before it, ascending. O(n log n).
  public var sorted: [(key: NodeID, before: NodeID)] {
    byKey.map { (key: $0.key, before: $0.value) }.sorted { $0.key < $1.key }
  }

  /// `key` and those before it, the newest first, each once.
  public func names(of key: NodeID) -> [NodeID] {
    var names = [key]
    while names.count <= Self.maximumCount, let next = byKey[names[names.count - 1]], !names.contains(next) {
      names.append(next)
    }
    return names
  }
}
