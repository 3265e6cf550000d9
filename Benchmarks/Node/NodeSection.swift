import Foundation

/// The whole node, as a process of its own, against what its work costs bare: signatures, syncs, reading.
struct NodeSection: Section {
  let name = "node"
  private let options: Options

  /// The path of the node's program.
  private let binary: String

  /// A section of the workloads that `options` select.
  init(options: Options) {
    self.options = options
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    binary =
      options.nodeBinary
      ?? URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent("p2pnode").path
  }

  nonisolated func measure(progress: Progress) async throws -> [Row] {
    guard FileManager.default.isExecutableFile(atPath: binary) else {
      throw NodeBenchmarkError.noBinary(path: binary)
    }
    let scale = options.scale
    let workloads: [(name: String, run: (Laboratory) async throws -> [Row])] = [
      ("ingest", { try await IngestWorkload(scale, runs: options.runs).measure(in: $0) }),
      ("settle", { try await SettleWorkload(scale).measure(in: $0) }),
      ("trades", { try await TradesWorkload(scale).measure(in: $0) }),
      ("growth", { try await GrowingWorkload(scale).measure(in: $0) }),
      ("idle", { try await IdleWorkload(scale).measure(in: $0) }),
    ]
    var rows: [Row] = []
    for workload in workloads where options.selection.includes(workload.name, of: name) {
      let laboratory = try Laboratory(binary: binary, seed: options.seed) {
        progress("\(name)/\(workload.name): \($0)")
      }
      do {
        rows += try await workload.run(laboratory)
      } catch {
        await laboratory.close()
        throw error
      }
      await laboratory.close()
    }
    return rows.map { row in
      var row = row
      row.name = "\(name)/\(row.name)"
      return row
    }
  }
}

/// Why the node was not measured.
enum NodeBenchmarkError: Error, CustomStringConvertible {
  /// There is no node beside the benchmarks.
  case noBinary(path: String)
  /// Something did not happen in time.
  case timeout(what: String, log: String)
  /// The node did something else than it should have.
  case wrong(what: String)
  /// A program of the system is missing.
  case noProgram(name: String, package: String)
  /// A call to the system failed.
  case system(call: String, reason: String)

  /// What was wrong, and what to do about it.
  var description: String {
    switch self {
    case .noBinary(let path):
      "there is no node at \(path); build it the same way: swift build -c release --product p2pnode"
    case .timeout(let what, let log): "\(what): that did not happen in time; the end of the node's log:\n\(log)"
    case .wrong(let what): what
    case .noProgram(let name, let package): "\(name) is not there; install the package \(package)"
    case .system(let call, let reason): "\(call) failed: \(reason)"
    }
  }
}

extension Duration {
  /// As a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
