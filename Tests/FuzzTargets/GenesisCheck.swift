import Market
import NodeCrypto

/// An input is a genesis file.
///
/// The network id is the hash of the bytes; and with limits that were accepted nothing that is computed within them
/// overflows: no total, and no slot of any moment.
enum GenesisCheck {
  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let genesis: Genesis
    do {
      genesis = try Genesis(file: input)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return .refused
    }
    let id: NetworkID = Blake2b.hash(input)
    try require(genesis.networkID == id, "the network id is not the hash of the file")
    let limits = genesis.limits
    let slots = limits.horizonMilliseconds / genesis.slotMilliseconds
    let total = genesis.total(Price(micros: limits.priceMicros), gpus: limits.gpusPerOrder, slots: slots)
    try require(total != nil, "the largest order has a total that does not fit")
    try require(slots >= 1, "the horizon is shorter than a slot")
    let last = genesis.slot(startingFrom: .maximum - genesis.slotMilliseconds)
    try require(genesis.start(of: last) <= .maximum, "the last slot starts after the last moment")
    for (index, gpuClass) in genesis.gpuClasses.enumerated() {
      let position = GPUClassIndex(UInt16(index))
      try require(genesis.hasClass(at: position), "a class has no position")
      try require(genesis.gpuClass(named: gpuClass.id) == position, "two classes have one name")
    }
    return .accepted
  }
}
