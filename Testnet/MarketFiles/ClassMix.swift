import Market

/// The classes on offer, each as likely to be drawn as it has GPUs: what stands in for the model and the limit price that
/// the demand trace does not name.
package struct ClassMix: Sendable {
  /// What is on offer of one class.
  package struct Supply: Hashable, Sendable {
    /// The class's id.
    package let gpuClass: String
    /// GPUs in all its machines.
    package let gpus: Int64
    /// GPUs in its largest machine.
    package let largestMachine: Int64
    /// The lowest to the highest ask, in micro-units per GPU-hour.
    package let asks: ClosedRange<Int64>
  }

  /// The supply by class, in the network's order of the classes.
  package let supplies: [Supply]

  /// The mix of `offers`. Complexity: O(classes x offers).
  package init(offers: [MachineOffer], genesis: Genesis) {
    supplies = genesis.gpuClasses.compactMap { gpuClass in
      let machines = offers.filter { $0.gpuClass == gpuClass.id }
      let prices = machines.map(\.priceMicros)
      guard let largest = machines.map(\.gpus).max(), let low = prices.min(), let high = prices.max() else {
        return nil
      }
      return Supply(
        gpuClass: gpuClass.id, gpus: machines.reduce(0) { $0 + $1.gpus }, largestMachine: largest, asks: low...high)
    }
  }

  /// Draws a class that has a machine with at least `gpus` GPUs; nil when none has. Complexity: O(classes).
  package func draw(gpus: Int64, using generator: inout SplitMix64) -> Supply? {
    let candidates = supplies.filter { $0.largestMachine >= gpus }
    guard !candidates.isEmpty else { return nil }
    var position = generator.uniform(in: 1...candidates.reduce(0) { $0 + $1.gpus })
    for supply in candidates {
      position -= supply.gpus
      if position <= 0 { return supply }
    }
    preconditionFailure("a draw past the sum of the weights")
  }
}

extension SplitMix64 {
  /// A number drawn uniformly from `range`, which must not be all of `Int64`. The method is fixed here rather than left to
  /// the standard library, whose own may change with its version, and with it what a printed seed means.
  package mutating func uniform(in range: ClosedRange<Int64>) -> Int64 {
    let count = UInt64(bitPattern: range.upperBound &- range.lowerBound) + 1
    // The numbers below this many would make the first remainders likelier than the others.
    let excess = (0 &- count) % count
    var number = next()
    while number < excess { number = next() }
    return range.lowerBound &+ Int64(bitPattern: number % count)
  }
}
