import Market

/// A machine that somebody rents out, with its asking price.
package struct MachineOffer: Hashable, Sendable {
  /// The class's id.
  package let gpuClass: String
  /// GPUs in the machine.
  package let gpus: Int64
  /// The ask in micro-units per GPU-hour.
  package let priceMicros: Int64
  /// `CONTINENT-COUNTRY`.
  package let region: String
}

/// A job of the demand trace.
package struct Job: Hashable, Sendable {
  /// When it was submitted, in seconds from the trace's beginning.
  package let submitSeconds: Int64
  /// GPUs it ran on.
  package let gpus: Int64
  /// How long it ran, in seconds.
  package let durationSeconds: Int64
}

/// The real offers and the real demand that a testnet starts from.
package struct MarketData: Sendable {
  /// The machines, in the file's order.
  package let offers: [MachineOffer]
  /// The jobs by submit time.
  package let jobs: [Job]

  /// The content of the three files of a data directory.
  package struct Files {
    /// `gpu-classes.csv`.
    package var classes: String
    /// `gpu-offers.csv`.
    package var offers: String
    /// `gpu-demand.csv`.
    package var demand: String

    /// The files with the given content.
    package init(classes: String, offers: String, demand: String) {
      self.classes = classes
      self.offers = offers
      self.demand = demand
    }
  }

  /// The files' names in a data directory.
  package enum FileName {
    package static let classes = "gpu-classes.csv"
    package static let offers = "gpu-offers.csv"
    package static let demand = "gpu-demand.csv"
  }

  /// Reads market data for a network.
  ///
  /// - Throws: ``MarketDataError`` naming the file, the line, the value and what is allowed: for a machine that is of no
  ///   class, a class that the network does not have, a number past the network's limits, a job that is larger than
  ///   every machine.
  package init(_ files: Files, genesis: Genesis) throws(MarketDataError) {
    let classes = try Self.classes(files.classes, genesis: genesis)
    offers = try Self.offers(files.offers, classes: classes, genesis: genesis)
    guard let largest = offers.map(\.gpus).max() else { throw .empty(file: FileName.offers) }
    jobs = try Self.jobs(files.demand, largestMachine: largest)
  }

  /// What a machine is, in the words of the offers' file.
  private struct Machine: Hashable {
    let model: String
    let interface: String
    let vramMiB: Int64

    init(_ row: CSVTable.Row) throws(MarketDataError) {
      model = row.text("gpu_model")
      interface = row.text("interface")
      vramMiB = try row.integer("vram_mib_per_gpu", in: 1...16_777_216)
    }
  }

  private static func classes(_ text: String, genesis: Genesis) throws(MarketDataError) -> [Machine: String] {
    let columns = ["gpu_model", "interface", "vram_mib_per_gpu", "gpu_class"]
    var classes: [Machine: String] = [:]
    for row in try CSVTable(text, file: FileName.classes, columns: columns).rows {
      let gpuClass = row.text("gpu_class")
      guard genesis.gpuClass(named: gpuClass) != nil else {
        throw row.error("gpu_class", allowed: "a class of the network \"\(genesis.name)\"")
      }
      guard classes.updateValue(gpuClass, forKey: try Machine(row)) == nil else {
        throw row.error("gpu_model", allowed: "each model, interface and memory once")
      }
    }
    return classes
  }

  private static func offers(
    _ text: String, classes: [Machine: String], genesis: Genesis
  ) throws(MarketDataError) -> [MachineOffer] {
    let columns = ["gpu_model", "interface", "gpus", "vram_mib_per_gpu", "usd_per_gpu_hour", "country", "continent"]
    var offers: [MachineOffer] = []
    for row in try CSVTable(text, file: FileName.offers, columns: columns).rows {
      guard let gpuClass = classes[try Machine(row)] else {
        throw row.error("gpu_model", allowed: "a model, interface and memory of \(FileName.classes)")
      }
      let price = try row.micros("usd_per_gpu_hour", in: 1...genesis.limits.priceMicros)
      guard price % genesis.limits.priceTickMicros == 0 else {
        throw row.error(
          "usd_per_gpu_hour", allowed: "a multiple of \(Decimal.format(micros: genesis.limits.priceTickMicros))")
      }
      offers.append(
        MachineOffer(
          gpuClass: gpuClass, gpus: try row.integer("gpus", in: 1...Int64(genesis.limits.gpusPerOrder)),
          priceMicros: price,
          region: "\(try row.code("continent"))-\(try row.code("country"))"))
    }
    return offers
  }

  private static func jobs(_ text: String, largestMachine: Int64) throws(MarketDataError) -> [Job] {
    // Far past any trace, and small enough that no sum or product of a plan overflows.
    let seconds: ClosedRange<Int64> = 0...1_000_000_000
    var jobs: [Job] = []
    for row in try CSVTable(text, file: FileName.demand, columns: ["submit_s", "gpus", "duration_s", "qos"]).rows {
      let job = Job(
        submitSeconds: try row.integer("submit_s", in: seconds),
        gpus: try row.integer("gpus", in: 1...largestMachine),
        durationSeconds: try row.integer("duration_s", in: seconds))
      guard job.submitSeconds >= jobs.last?.submitSeconds ?? 0 else {
        throw row.error("submit_s", allowed: "at least that of the line before")
      }
      jobs.append(job)
    }
    return jobs
  }
}
