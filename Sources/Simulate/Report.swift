import ArgumentParser
import Foundation
import Simulator

/// Measures what the targets are about, and writes it into the document.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures what there are targets for, and writes the tables into docs/SIMULATION.md.")

  @Option(parsing: .upToNextOption, help: "The sizes of network that are measured.")
  var nodes: [Int] = [10, 100, 1000, 5000]
  @Option(help: "Seconds that are measured in each.")
  var seconds: Int64 = 20
  @Option(help: "The document; its part between the marks is replaced.")
  var document = "docs/SIMULATION.md"
  @Flag(help: "Print the tables instead.")
  var stdout = false
  @Option(parsing: .upToNextOption, help: "Measure this alone, and print it.")
  var only: [Part] = []

  /// A part of what is measured.
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case broadcast, faults, reconciliation, healing, speed
  }

  /// What the tables stand between.
  static let marks = ("<!-- figures: simulate report -->", "<!-- end of figures -->")

  func validate() throws {
    guard nodes.allSatisfy({ (2...20_000).contains($0) }) else {
      throw ValidationError("--nodes is \(nodes); allowed: 2 to 20000")
    }
    guard (2...3600).contains(seconds) else { throw ValidationError("--seconds is \(seconds); allowed: 2 to 3600") }
  }

  func run() throws {
    let parts = only.isEmpty ? Part.allCases : only
    let tables = parts.map(table).joined(separator: "\n\n")
    if stdout || !only.isEmpty { return print(tables) }
    let text = try String(contentsOfFile: document, encoding: .utf8)
    guard let begin = text.range(of: Self.marks.0), let end = text.range(of: Self.marks.1),
      begin.upperBound <= end.lowerBound
    else {
      throw ValidationError("\(document) lacks the marks \(Self.marks.0) and \(Self.marks.1)")
    }
    let new = text[..<begin.upperBound] + "\n\n" + tables + "\n\n" + text[end.lowerBound...]
    try String(new).write(toFile: document, atomically: true, encoding: .utf8)
  }

  private func table(of part: Part) -> String {
    switch part {
    case .broadcast: broadcast()
    case .faults: faults()
    case .reconciliation: reconciliation()
    case .healing: healing()
    case .speed: speed()
    }
  }

  private func broadcast() -> String {
    let measured = nodes.map { count in
      tell("\(count) nodes")
      var options = BroadcastFigures.Options()
      options.nodes = count
      options.seconds = seconds
      return BroadcastFigures(options)
    }
    var lines = [
      "| nodes | peers (least, median, most) | p50 | p99 | longest | RMR | bytes a delivery | missing | trace |",
      "|---|---|---|---|---|---|---|---|---|",
    ]
    for figures in measured {
      let peers = figures.peers
      lines.append(
        "| \(figures.options.nodes) | \(peers.least), \(peers.median), \(peers.most) | \(figures.p50) ms "
          + "| \(figures.p99) ms | \(figures.longest) ms | \(round(figures.redundancy)) "
          + "| \(Int(figures.bytesPerDelivery)) | \(figures.missing) of \(figures.deliveries) "
          + "| `\(String(figures.trace, radix: 16))` |")
    }
    lines += ["", "Bytes a delivery by kind of message:", "", "| nodes | bytes |", "|---|---|"]
    for figures in measured {
      let needed = Double(max(1, figures.deliveries))
      let kinds = figures.messages.sorted { $0.bytes > $1.bytes }.map {
        "\($0.name) \(round(Double($0.bytes) / needed))"
      }
      lines.append("| \(figures.options.nodes) | \(kinds.joined(separator: ", ")) |")
    }
    return lines.joined(separator: "\n")
  }

  private func faults() -> String {
    tell("a silent kill")
    var options = BroadcastFigures.Options()
    options.nodes = min(1000, nodes.max() ?? 100)
    options.seconds = 24
    options.killedPercent = 20
    let killed = BroadcastFigures(options)
    tell("hostile nodes")
    options = BroadcastFigures.Options()
    options.nodes = min(100, nodes.max() ?? 100)
    options.seconds = seconds
    let honest = BroadcastFigures(options)
    options.hostile = 4 * options.nodes
    let hostile = BroadcastFigures(options)
    return """
      | what | measured |
      |---|---|
      | silent kill of 20 % of \(killed.options.nodes) nodes | \(killed.missing) of \(killed.deliveries) deliveries \
      missing; p99 second by second \(killed.afterKill) ms |
      | \(options.nodes) honest nodes with \(options.hostile) that pass nothing on | \(percent(hostile.promptShare)) within 2 s, \
      \(hostile.missing) of \(hostile.deliveries) missing after 70 s; p99 \(hostile.p99) ms, without them \
      \(honest.p99) ms |
      """
  }

  private func reconciliation() -> String {
    tell("reconciliation")
    var lines = [
      "| feeds | entries missing | overhead | of it comparing | asking | framing of entries | round trips | equal |",
      "|---|---|---|---|---|---|---|---|",
    ]
    for (feeds, missing, behind) in [(10_000, 0, 0), (10_000, 10, 10), (10_000, 10_000, 1000)] {
      let figures = ReconciliationFigures(feeds: feeds, missing: missing, behind: behind)
      lines.append(
        "| \(feeds) | \(missing) in \(behind) feeds | \(figures.overheadBytes) bytes | \(figures.comparingBytes) "
          + "| \(figures.askingBytes) | \(figures.framingBytes) "
          + "| \(missing == 0 ? "–" : round(figures.roundTrips)) | \(figures.isEqual ? "yes" : "no") |")
    }
    return lines.joined(separator: "\n")
  }

  private func healing() -> String {
    tell("healing")
    var lines = ["| nodes in two parts | for | one digest after |", "|---|---|---|"]
    for (count, apart) in [(10, 60), (min(100, nodes.max() ?? 100), 600)] as [(Int, Int64)] {
      let figures = HealingFigures(nodes: count, apartSeconds: apart)
      let healed = figures.healedAfterMilliseconds.map { "\($0) ms" } ?? "not within 300 s"
      lines.append("| \(count) | \(apart) s | \(healed) |")
    }
    return lines.joined(separator: "\n")
  }

  /// A calm market of ten nodes, and one with everything that a swarm draws.
  private func speed() -> String {
    tell("speed")
    var cut = PlanCut()
    cut.nodes = 10
    cut.seconds = 3600
    let clock = ContinuousClock()
    let begin = clock.now
    let result = SimulationRun(cut.applied(to: Plan(.calm, seed: 1))).run()
    let took = begin.duration(to: clock.now)
    let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    return """
      Ten nodes trade for \(result.milliseconds / 1000) s of virtual time, with \(result.entries) entries, in \
      \(round(seconds)) s on one core: \(Int(Double(result.milliseconds) / 1000 / seconds)) times faster than real time.
      """
  }

  private func tell(_ text: String) {
    FileHandle.standardError.write(Data("measuring: \(text)\n".utf8))
  }

  private func round(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  private func percent(_ share: Double) -> String { "\((share * 100_000).rounded() / 1000) %" }
}
