import Market
import NodeCrypto
import Testing

@testable import OrderBook

/// Leaves against sorted arrays, where their orders have one price and where they have several.
@Suite("Leaves")
struct LeafTests {
  /// An order of a leaf.
  private struct Entry: Equatable {
    var rank: Int64
    var slot: Int32
  }

  @Test("a leaf is one cache line")
  func size() { #expect(MemoryLayout<Leaf>.stride == 64) }

  @Test("a leaf keeps its orders sorted, whatever their prices are", arguments: 0..<12 as Range<UInt64>)
  func sorted(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var leaves = Leaves()
    let leaf = leaves.append()
    var entries: [Entry] = []
    // Of some seeds all orders have one price, of others few, or prices of all sizes.
    let spread = [1, 2, 3, 40, Int64(Int32.max) - 2, 7][Int(seed % 6)]
    let lowest: Int64 = seed % 2 == 0 ? -5 : 1 << 62
    for slot in 0..<3000 as Range<Int32> {
      if entries.count < 32, entries.isEmpty || Int64.random(in: 0...99, using: &generator) < 55 {
        let rank = lowest + Int64.random(in: 0...spread - 1, using: &generator)
        let fits = leaves.canHold(leaf, rank)
        #expect(fits)
        let position = leaves[leaf].count == 0 ? 0 : leaves.positionBehind(rank, in: leaf)
        #expect(Int(position) == entries.count { $0.rank <= rank })
        leaves.insert(slot, rank: rank, into: leaf, at: position)
        entries.insert(Entry(rank: rank, slot: slot), at: Int(position))
      } else {
        let position = Int32.random(in: 0...Int32(entries.count) - 1, using: &generator)
        let found = leaves.position(of: entries[Int(position)].slot, in: leaf)
        #expect(found == position)
        leaves.remove(at: position, from: leaf)
        entries.remove(at: Int(position))
      }
      #expect((Self.entries(of: leaf, in: leaves)) == entries)
      #expect(entries.first.map { leaves[leaf].base == $0.rank } ?? true)
      let isOnePrice = entries.first?.rank == entries.last?.rank
      #expect(!isOnePrice || leaves[leaf].distances < 0, "one price takes no distances")
    }
  }

  @Test("a divided leaf is two with the same orders", arguments: 0..<12 as Range<UInt64>)
  func divided(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for count in 1...32 as ClosedRange<Int32> {
      var leaves = Leaves()
      let (leaf, target) = (leaves.append(), leaves.append())
      let ranks = (0..<count).map { _ in 1000 + Int64.random(in: 0...2, using: &generator) }.sorted()
      for (position, rank) in ranks.enumerated() {
        leaves.insert(Int32(position), rank: rank, into: leaf, at: Int32(position))
      }
      let all = Self.entries(of: leaf, in: leaves)
      let position = Int32.random(in: 0...count - 1, using: &generator)
      leaves.divide(leaf, from: position, to: target)
      #expect((Self.entries(of: leaf, in: leaves)) == Array(all[..<Int(position)]))
      #expect((Self.entries(of: target, in: leaves)) == Array(all[Int(position)...]))
      #expect(leaves[target].base == ranks[Int(position)])
      if position > 0 { leaves.insert(99, rank: ranks[0], into: leaf, at: 1) }
      leaves.insert(100, rank: 2000, into: target, at: leaves[target].count)
      #expect((Self.entries(of: target, in: leaves)).last == Entry(rank: 2000, slot: 100))
    }
  }

  @Test("what is filled and emptied again and again takes no more memory")
  func reuse() {
    var leaves = Leaves()
    let leaf = leaves.append()
    var most = 0
    for round in 0..<50 {
      for slot in 0..<32 as Range<Int32> { leaves.insert(slot, rank: Int64(slot / 8), into: leaf, at: slot) }
      while leaves[leaf].count > 0 { leaves.remove(at: leaves[leaf].count / 2, from: leaf) }
      #expect(leaves[leaf].distances < 0)
      if round == 0 { most = leaves.usedBytes }
      let used = leaves.usedBytes
      #expect(used == most)
    }
  }

  @Test("a leaf knows how far the next one begins from its own first order, whichever of the two changes")
  func ceilings() {
    var leaves = Leaves()
    let (leaf, next) = (leaves.append(), leaves.append())
    leaves[leaf].next = next
    leaves.insert(0, rank: 100, into: leaf, at: 0)
    #expect(leaves[leaf].ceiling == .max)
    leaves.insert(1, rank: 150, into: next, at: 0)
    leaves.refreshCeiling(of: leaf)
    #expect(leaves[leaf].ceiling == 50)
    leaves.insert(2, rank: 90, into: leaf, at: 0)
    #expect(leaves[leaf].base == 90 && leaves[leaf].ceiling == 60)
    leaves.insert(3, rank: 120, into: leaf, at: 2)
    leaves.remove(at: 0, from: leaf)
    #expect(leaves[leaf].base == 100 && leaves[leaf].ceiling == 50)
    leaves.remove(at: 0, from: leaf)
    #expect(leaves[leaf].base == 120 && leaves[leaf].ceiling == 30)
  }

  @Test("the latest order goes in where its rank belongs, or nowhere")
  func latest() {
    var leaves = Leaves()
    let leaf = leaves.append()
    leaves[leaf].ladder = 3
    leaves[leaf].shelf = 0
    leaves.insert(0, rank: 50, into: leaf, at: 0)
    func insert(_ slot: Int32, _ rank: Int64, at time: UInt64, ladder: Int32 = 3) -> Int32 {
      leaves.insertLatest(slot, rank: rank, time: time, into: leaf, of: ladder)
    }
    #expect(insert(1, 50, at: 10) == 1)
    #expect(insert(2, 49, at: 11) == -1, "it belongs before the leaf")
    #expect(insert(2, 50, at: 10) == -1, "it is not later")
    #expect(insert(2, 50, at: 11, ladder: 4) == -1, "it is of another ladder")
    #expect(insert(2, 60, at: 11) == 2)
    #expect(insert(3, 50, at: 12) == 2)
    #expect(insert(4, 55, at: 13) == 3)
    #expect((Self.entries(of: leaf, in: leaves)).map(\.slot) == [0, 1, 3, 4, 2])
    #expect((Self.entries(of: leaf, in: leaves)).map(\.rank) == [50, 50, 50, 55, 60])
    for _ in 0..<5 { leaves.remove(at: 0, from: leaf) }
    leaves.renew(leaf)
    leaves[leaf].ladder = 3
    leaves[leaf].shelf = 0
    #expect(insert(5, .max, at: 14) == -1, "there are no others behind which it belongs")
    let begins = leaves.begins(leaf, before: .max, 14)
    #expect(!begins)
  }

  private static func entries(of leaf: Int32, in leaves: borrowing Leaves) -> [Entry] {
    (0..<leaves[leaf].count).map { Entry(rank: leaves.rank(leaf, $0), slot: leaves.slot(leaf, $0)) }
  }
}
