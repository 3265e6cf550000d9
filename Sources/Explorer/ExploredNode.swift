import Gossip
import Market
import NodeCore
import NodeCrypto

/// A real core with a tiny disk: what an explored run has of one node.
struct ExploredNode {
  /// The core; nil while the node is down.
  var core: NodeCore?
  /// What is on the disk, by author: the numbers of a feed's first entries. Others' entries are on it at once: losing
  /// one is the same as not having got it yet.
  var disk: [[Int]]
  /// Own entries on their way to the disk.
  var underway: [Int] = []
  /// What its clock shows, as a place in the scenario's moments.
  var clock = 0
  /// Which entries of each author this life has been given, as bits by sequence.
  var given: [UInt64]
  /// What the state adds up to, to tell it from others.
  var fingerprint = Digest(word0: 0, word1: 0, word2: 0, word3: 0)

  init(authors: Int) {
    disk = Array(repeating: [], count: authors)
    given = Array(repeating: 0, count: authors)
  }

  /// The own feed as this node has it, with what is not durable yet.
  func ownFeed(_ own: Int) -> [Int] { disk[own] + underway }

  /// Works ``fingerprint`` out anew.
  mutating func refreshFingerprint(entryID: (Int) -> EntryID) {
    var bytes: [UInt8] = [UInt8(clock), core == nil ? 0 : 1]
    for feed in disk {
      bytes.append(UInt8(clamping: feed.count))
      if let last = feed.last { entryID(last).append(to: &bytes) }
    }
    bytes.append(UInt8(underway.count))
    for number in underway { entryID(number).append(to: &bytes) }
    if let core {
      for bits in given {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
      }
      core.appendDecisionState(to: &bytes)
    }
    fingerprint = Blake2b.hash(bytes)
  }
}
