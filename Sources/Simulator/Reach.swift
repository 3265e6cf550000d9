import Gossip

/// Who reaches whom: participants are in groups, and some groups do not reach others.
struct Reach {
  private var groups: ContiguousArray<UInt8> = []
  /// Whether packets pass from one group to another, by `from × groupCount + to`; empty when all do.
  private var passes: [Bool] = []
  private var groupCount = 1

  mutating func addParticipant() { groups.append(0) }

  var isWhole: Bool { passes.isEmpty }

  /// Whether packets pass from one participant to another.
  func carries(_ from: Int, _ to: Int) -> Bool {
    passes.isEmpty || passes[Int(groups[from]) * groupCount + Int(groups[to])]
  }

  /// Whether two participants can open a connection: packets have to pass both ways.
  func connects(_ one: Int, _ other: Int) -> Bool { carries(one, other) && carries(other, one) }

  mutating func heal() {
    passes = []
    groupCount = 1
    for place in groups.indices { groups[place] = 0 }
  }

  /// Puts participants into groups that do not reach each other, but for those of `oneWay`.
  mutating func split(_ groupOf: [Int: UInt8], groupCount: Int, oneWay: [(from: Int, to: Int)]) {
    heal()
    for place in groups.indices { groups[place] = groupOf[place] ?? 0 }
    self.groupCount = groupCount
    passes = Array(repeating: false, count: groupCount * groupCount)
    for group in 0..<groupCount { passes[group * groupCount + group] = true }
    for way in oneWay { passes[way.from * groupCount + way.to] = true }
  }
}

extension VirtualNetwork {
  /// Cuts the network into parts that do not reach each other; whoever is not named is in one of its own.
  ///
  /// - Parameters:
  ///   - oneWay: pairs of parts, by their places, of which the first still reaches the second.
  ///   - breaking: how many of a hundred connections break; the others stall.
  public func partition(
    _ parts: [[any Participant]], oneWay: [(from: Int, to: Int)] = [], breaking: Int64 = 50
  ) {
    var groupOf: [Int: UInt8] = [:]
    for (part, members) in parts.enumerated() {
      for member in members { groupOf[member.index] = UInt8(part + 1) }
    }
    reach.split(
      groupOf, groupCount: parts.count + 1, oneWay: oneWay.map { (from: $0.from + 1, to: $0.to + 1) })
    note(.partition, parts.count)
    tell("the network is parted: \(parts.map { $0.map(\.index) })")
    for place in links.indices {
      guard lanes[2 * place].isOpen || lanes[2 * place + 1].isOpen,
        !reach.connects(Int(links[place].caller), Int(links[place].callee)),
        Int64(networkChance.next() % 100) < breaking
      else { continue }
      for lane in [2 * place, 2 * place + 1] {
        schedule(after: Int64(networkChance.next() % 2001)) { [unowned self] in breakEnd(lane) }
      }
    }
    releaseAll()
  }

  /// Ends all partitions.
  public func heal() {
    guard !reach.isWhole else { return }
    reach.heal()
    note(.partition, 0)
    tell("the network is whole")
    releaseAll()
  }

  /// Ends all that goes wrong, on the lines that there are, too.
  func calm(keeping latency: ClosedRange<Int64>) {
    var calm = Conditions()
    calm.latency = latency
    conditions = calm
    heal()
    for place in links.indices { links[place].bytesPerSecond = 0 }
  }

  private func releaseAll() {
    for lane in lanes.indices { release(lane) }
  }
}
