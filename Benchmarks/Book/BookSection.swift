/// The order book: plain limit orders, rectangles of GPUs x time, and what grows with the number of orders. Everything
/// goes through the public methods of the product's own `OrderBook`.
struct BookSection: Section {
  let name = "book"
  private let options: Options

  /// The names of the workloads.
  static let workloads = ["plain", "rectangle", "split", "mixed", "rebuild", "growth", "expiry", "digest"]

  /// A section of the workloads that `options` select.
  init(options: Options) { self.options = options }

  func measure(progress: Progress) -> [Row] {
    var workloads = selected(progress)
    for run in 1...options.runs {
      for index in workloads.indices {
        progress("run \(run) of \(options.runs): \(name)/\(workloads[index].name)")
        workloads[index].run()
      }
    }
    return workloads.flatMap(\.rows).map { row in
      var row = row
      row.name = "\(name)/\(row.name)"
      return row
    }
  }

  private func selected(_ progress: Progress) -> [any Workload] {
    let scale = options.scale
    let seed = options.seed
    let makers: [(name: String, make: () -> [any Workload])] = [
      ("plain", { PlainWorkload.all(scale, seed: seed) }),
      ("rectangle", { [RectangleWorkload(.wholeBids, scale, seed: seed)] }),
      ("split", { [RectangleWorkload(.splitBids, scale, seed: seed)] }),
      ("mixed", { [MixedWorkload(scale, seed: seed)] }),
      ("rebuild", { [RebuildWorkload(scale, seed: seed)] }),
      ("growth", { [GrowthWorkload(scale, seed: seed)] }),
      ("expiry", { [ExpiryWorkload(scale, seed: seed)] }),
      ("digest", { [DigestWorkload(scale, seed: seed)] }),
    ]
    return makers.filter { options.selection.includes($0.name, of: name) }.flatMap { maker in
      progress("preparing \(name)/\(maker.name)")
      return maker.make()
    }
  }
}
