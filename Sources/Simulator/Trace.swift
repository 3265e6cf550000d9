/// A fingerprint of everything that happened, in its order. Equal runs have equal fingerprints; it is no protection
/// against anybody who wants two runs to look alike.
public struct Trace: Equatable, Sendable {
  /// The fingerprint so far.
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The fingerprint of nothing.
  public init() {}

  /// Adds a number.
  @inline(__always)
  public mutating func mix(_ word: UInt64) {
    var next = (value ^ word) &* 0x9FB2_1C65_1E98_DF25
    next ^= next >> 29
    value = next &* 0xBF58_476D_1CE4_E5B9
  }

  /// Adds bytes, and how many they are.
  public mutating func mix(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      mix(UInt64(bytes.count))
      var offset = 0
      while offset + 8 <= bytes.count {
        mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      var rest: UInt64 = 0
      while offset < bytes.count {
        rest = rest << 8 | UInt64(bytes[offset])
        offset += 1
      }
      mix(rest)
    }
  }
}

/// What a trace is about; the raw value goes into the fingerprint.
enum TraceKind: UInt8 {
  case start = 1
  case crash, dial, arrive, closed, persist, command, reply, partition, fault
}
