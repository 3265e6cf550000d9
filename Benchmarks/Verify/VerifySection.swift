/// What `p2pnode verify` does: many receipts, checked on all cores.
struct VerifySection: Section {
  let name = "verify"
  private let options: Options

  /// A section with the sizes that `options` say.
  init(options: Options) { self.options = options }

  func measure(progress: Progress) throws -> [Row] {
    progress("preparing \(name): signing \(options.scale.receipts) receipts")
    var workload = try VerifyWorkload(receipts: options.scale.receipts)
    for run in 1...options.runs {
      progress("run \(run) of \(options.runs): \(name)")
      workload.run()
    }
    return workload.rows.map { row in
      var row = row
      row.name = "\(name)/\(row.name)"
      return row
    }
  }
}
