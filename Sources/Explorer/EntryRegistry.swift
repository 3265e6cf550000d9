import Gossip
import Market
import NodeCore
import NodeCrypto
import Simulator
import Wire

/// Every entry that any explored run has written, once, with what the checks of it said.
///
/// Entries are named by numbers in the order in which they were first seen. Each is checked once, with real signatures.
final class EntryRegistry {
  private let pool: EntryPool
  private(set) var entries: [SignedEntry] = []
  private var numbers: [EntryID: Int] = [:]
  private var pushes: [[UInt8]] = []

  init(genesis: Genesis) { pool = EntryPool(genesis: genesis) }

  func number(of entry: SignedEntry) -> Int {
    if let known = numbers[entry.id] { return known }
    numbers[entry.id] = entries.count
    entries.append(entry)
    pushes.append(Self.encode(.push(Self.push(entry))))
    return entries.count - 1
  }

  subscript(_ number: Int) -> SignedEntry { entries[number] }

  /// The message that brings an entry.
  func push(_ number: Int) -> [UInt8] { pushes[number] }

  /// What a node's verification says of an entry.
  func result(of entry: SignedEntry) -> Result<[Operation], EntryFault> { pool.result(of: entry) }

  /// The operations of an entry; none of an invalid one, which the node that gets it reports.
  func operations(of number: Int) -> [Operation] { (try? pool.result(of: entries[number]).get()) ?? [] }

  private static func push(_ entry: SignedEntry) -> WirePush {
    var push = WirePush()
    push.entries = [entry.wire]
    return push
  }

  static func encode(_ message: WirePeerMessage.OneOf_Message) -> [UInt8] {
    var out = WirePeerMessage()
    out.message = message
    return out.encoded()
  }

  /// The number of the entry that a message pushes; nil when it does something else.
  func pushed(by message: [UInt8], among candidates: [Int]) -> Int? { candidates.last { pushes[$0] == message } }
}
