import Market
import NodeCrypto

@testable import Gossip

/// What an overlay looks like.
struct OverlayShape: CustomStringConvertible {
  var count = 0
  var components = 0
  var degrees: [Int] = []
  var randomDegrees: [Int] = []
  var nearDegrees: [Int] = []
  /// Mean round trips in milliseconds.
  var randomRoundTrip = 0.0
  var nearRoundTrip = 0.0
  /// Percentiles of the time in which a flood reaches a node, in milliseconds one way.
  var flood50: Int64 = 0
  var flood99: Int64 = 0

  static func mean(_ values: [Int]) -> Double {
    values.isEmpty ? 0 : Double(values.reduce(0, +)) / Double(values.count)
  }

  var description: String {
    func short(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    return "n \(count) components \(components) degree \(degrees.min() ?? 0)..\(degrees.max() ?? 0) "
      + "mean \(short(Self.mean(degrees))) random \(short(Self.mean(randomDegrees))) "
      + "near \(short(Self.mean(nearDegrees))) rtt random \(short(randomRoundTrip)) near \(short(nearRoundTrip)) "
      + "flood p50 \(flood50) p99 \(flood99)"
  }
}

extension MembershipNetwork {
  var alive: [Int] { members.indices.filter { members[$0].isAlive } }

  /// The links of the overlay of a node that both ends hold.
  func links(of index: Int) -> [(node: Int, kind: LinkKind)] {
    members[index].membership.neighbours.compactMap { contact in
      guard let other = self.index(of: contact.node), members[other].isAlive, let kind = contact.link,
        members[other].membership.contacts[id(index)]?.link != nil
      else { return nil }
      return (other, kind)
    }
  }

  /// Measures the overlay; floods start from `sources` random nodes.
  func shape(sources: Int = 20) -> OverlayShape {
    let alive = alive
    var shape = OverlayShape()
    shape.count = alive.count
    var links: [Int: [(node: Int, kind: LinkKind)]] = [:]
    var spans: [LinkKind: [Int]] = [:]
    for index in alive {
      let own = self.links(of: index)
      links[index] = own
      shape.degrees.append(own.count)
      shape.randomDegrees.append(own.count { $0.kind == .random })
      shape.nearDegrees.append(own.count { $0.kind == .near })
      for link in own { spans[link.kind, default: []].append(2 * Int(latency(index, link.node))) }
    }
    shape.randomRoundTrip = OverlayShape.mean(spans[.random] ?? [])
    shape.nearRoundTrip = OverlayShape.mean(spans[.near] ?? [])
    shape.components = components(links)
    var generator = SplitMix64(seed: 99)
    var times: [Int64] = []
    for _ in 0..<sources {
      guard let source = alive.randomElement(using: &generator) else { break }
      times += flood(from: source, links)
    }
    times.sort()
    if !times.isEmpty {
      shape.flood50 = times[times.count / 2]
      shape.flood99 = times[times.count * 99 / 100]
    }
    return shape
  }

  /// The parts into which the overlay falls.
  var componentCount: Int {
    components(Dictionary(uniqueKeysWithValues: alive.map { ($0, links(of: $0)) }))
  }

  private func components(_ links: [Int: [(node: Int, kind: LinkKind)]]) -> Int {
    var seen: Set<Int> = []
    var count = 0
    for start in links.keys.sorted() where !seen.contains(start) {
      count += 1
      var stack = [start]
      seen.insert(start)
      while let index = stack.popLast() {
        for link in links[index] ?? [] where seen.insert(link.node).inserted { stack.append(link.node) }
      }
    }
    return count
  }

  /// When a flood from `source` reaches each node.
  private func flood(from source: Int, _ links: [Int: [(node: Int, kind: LinkKind)]]) -> [Int64] {
    var reached: [Int: Int64] = [:]
    var queue = TimedQueue<(Int, Int64)>()
    queue.insert((source, 0), at: at(0))
    while let (index, time) = queue.popFirst() {
      guard reached[index] == nil else { continue }
      reached[index] = time
      for link in links[index] ?? [] where reached[link.node] == nil {
        let arrival = time + latency(index, link.node)
        queue.insert((link.node, arrival), at: at(arrival))
      }
    }
    return Array(reached.values)
  }
}
