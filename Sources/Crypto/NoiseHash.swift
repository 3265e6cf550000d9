import CSodium

/// HMAC and HKDF over BLAKE2b-512, as the Noise framework defines them for every hash (revision 34, section 4.3). Noise
/// does not use BLAKE2b's own keyed mode.
enum NoiseHash {
  /// Noise's HASHLEN.
  static let byteCount = 64
  /// Noise's BLOCKLEN.
  private static let blockByteCount = 128

  /// HKDF with two outputs: the first replaces `chainingKey`, the second, cut to its length, fills `second`.
  static func deriveKeys(
    chainingKey: UnsafeMutableRawBufferPointer, input: UnsafeRawBufferPointer, second: UnsafeMutableRawBufferPointer
  ) {
    // temp | first | second | counter. The input of the second output is the first one and a counter byte.
    withUnsafeTemporaryAllocation(byteCount: 3 * byteCount + 1, alignment: 8) { scratch in
      defer { sodium_memzero(scratch.octets, scratch.count) }
      let temporaryKey = scratch.part(from: 0, count: byteCount)
      let first = scratch.part(from: byteCount, count: byteCount)
      let counter = scratch.part(from: 2 * byteCount, count: 1)
      let output = scratch.part(from: 2 * byteCount + 1, count: byteCount)

      authenticate(input, key: UnsafeRawBufferPointer(chainingKey), into: temporaryKey)
      counter[0] = 1
      authenticate(UnsafeRawBufferPointer(counter), key: UnsafeRawBufferPointer(temporaryKey), into: first)
      counter[0] = 2
      let firstAndCounter = scratch.part(from: byteCount, count: byteCount + 1)
      authenticate(UnsafeRawBufferPointer(firstAndCounter), key: UnsafeRawBufferPointer(temporaryKey), into: output)

      chainingKey.copyMemory(from: UnsafeRawBufferPointer(first))
      second.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[..<second.count]))
    }
  }

  /// HMAC-BLAKE2b-512 (RFC 2104) of `message` under a key that fits one block.
  static func authenticate(
    _ message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) {
    precondition(key.count <= blockByteCount, "an HMAC key of \(key.count) bytes; allowed are at most 128")
    withUnsafeTemporaryAllocation(byteCount: blockByteCount + byteCount, alignment: 8) { scratch in
      defer { sodium_memzero(scratch.octets, scratch.count) }
      let pad = scratch.part(from: 0, count: blockByteCount)
      let innerDigest = scratch.part(from: blockByteCount, count: byteCount)
      fill(pad, key: key, with: 0x36)
      digest(UnsafeRawBufferPointer(pad), message, into: innerDigest)
      fill(pad, key: key, with: 0x5c)
      digest(UnsafeRawBufferPointer(pad), UnsafeRawBufferPointer(innerDigest), into: out)
    }
  }

  /// BLAKE2b-512 of two pieces in a row; `out` may be one of them.
  static func digest(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) {
    let state = Blake2bState(digestByteCount: byteCount, key: UnsafeRawBufferPointer(start: nil, count: 0))
    state.update(first)
    state.update(second)
    state.finalize(into: out)
  }

  private static func fill(_ pad: UnsafeMutableRawBufferPointer, key: UnsafeRawBufferPointer, with mask: UInt8) {
    for position in 0..<pad.count {
      pad[position] = (position < key.count ? key[position] : 0) ^ mask
    }
  }
}
