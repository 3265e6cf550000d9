import ArgumentParser
import Gossip
import Simulator

/// What the broadcast costs and how long it takes.
struct Figures: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how entries spread: latencies, redundancy, bytes by kind of message.")

  @Option(parsing: .upToNextOption, help: "How many nodes; several numbers for several runs.")
  var nodes: [Int] = [10, 100]
  @Option(help: "Where chance comes from.")
  var seed: UInt64 = 1
  @Option(help: "Addresses that each node is started with.")
  var bootstrap = 3
  @Option(help: "Seconds for the network to form.")
  var warmUp: Int64 = 60
  @Option(help: "Seconds of traffic after that, from which the broadcast learns, before anything is measured.")
  var traffic: Int64 = 60
  @Option(help: "Seconds that are measured.")
  var seconds: Int64 = 20
  @Option(help: "Entries a second in the whole network.")
  var rate: Int64 = 20
  @Option(help: "Hostile nodes among them, which pass nothing on.")
  var hostile = 0
  @Option(help: "Nodes that are killed silently in the middle, in hundredths.")
  var kill: Int64 = 0

  @Option(help: "Duplicates of a hundred pushes at which a pair of neighbours turns lazy.")
  var lazy = GossipParameters.standard.broadcast.lazyPercent

  func validate() throws {
    guard nodes.allSatisfy({ (2...20_000).contains($0) }) else {
      throw ValidationError("--nodes is \(nodes); allowed: 2 to 20000")
    }
    guard (0...20_000).contains(hostile) else {
      throw ValidationError("--hostile is \(hostile); allowed: 0 to 20000")
    }
    guard (1...1000).contains(rate) else { throw ValidationError("--rate is \(rate); allowed: 1 to 1000") }
    guard (0...90).contains(kill) else { throw ValidationError("--kill is \(kill); allowed: 0 to 90") }
  }

  func run() throws {
    for count in nodes {
      var options = BroadcastFigures.Options()
      options.nodes = count
      options.seed = seed
      options.hostile = hostile
      options.bootstrap = bootstrap
      options.warmUpSeconds = warmUp
      options.trafficSeconds = traffic
      options.seconds = seconds
      options.entriesPerSecond = rate
      options.killedPercent = kill
      options.gossip.broadcast.lazyPercent = lazy
      let clock = ContinuousClock()
      let start = clock.now
      let figures = BroadcastFigures(options)
      show(figures, took: start.duration(to: clock.now))
    }
  }

  private func show(_ figures: BroadcastFigures, took duration: Duration) {
    let options = figures.options
    print(
      "\(options.nodes) nodes, seed \(options.seed): \(options.warmUpSeconds) s warm-up, \(options.seconds) s measured")
    print(
      "  peers              \(figures.peers.least) / \(figures.peers.median) / \(figures.peers.most) (least, median, most)"
    )
    print("  delivery           p50 \(figures.p50) ms, p99 \(figures.p99) ms, longest \(figures.longest) ms")
    print(
      "  within two seconds \(round(figures.promptShare * 100)) %, with \(figures.honestNeighbours.least) / "
        + "\(figures.honestNeighbours.median) honest neighbours (least, median)")
    print("  redundancy (RMR)   \(round(figures.redundancy))")
    print("  bytes per delivery \(round(figures.bytesPerDelivery))")
    print(
      "  entries            \(figures.published) published, \(figures.deliveries) deliveries due, \(figures.missing) missing"
    )
    if !figures.afterKill.isEmpty { print("  p99 after the kill \(figures.afterKill) ms, second by second") }
    let needed = Double(max(1, figures.deliveries))
    for kind in figures.messages.sorted(by: { $0.bytes > $1.bytes }) {
      print(
        "  \(padded(kind.name, 18)) \(kind.messages) messages, \(kind.bytes) bytes "
          + "(\(round(Double(kind.bytes) / needed)) per delivery), \(kind.entries) entries")
    }
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    print(
      "  \(figures.virtualSeconds) s in \(round(seconds)) s, \(figures.events) events, trace \(String(figures.trace, radix: 16))"
    )
  }

  private func round(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
