import NodeCrypto
import Testing

@Suite struct IdentifierTests {
  @Test("the bytes and the hexadecimal digits name the same identifier")
  func roundTrip() throws {
    let bytes = [UInt8](0..<32)
    let identifier = try #require(Digest(bytes: bytes))
    #expect(identifier.word0 == 0x0001_0203_0405_0607)
    #expect(identifier.word3 == 0x1819_1a1b_1c1d_1e1f)
    #expect(identifier.bytes == bytes)
    #expect(identifier.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    #expect(identifier.description == identifier.hex)
    #expect(identifier.short(6) == "000102")
    #expect(Digest(hex: identifier.hex) == identifier)
    #expect(Digest(hex: identifier.hex.uppercased()) == identifier)
    var buffer: [UInt8] = [0xff]
    identifier.append(to: &buffer)
    #expect(buffer == [0xff] + bytes)
  }

  @Test("only 32 bytes make an identifier", arguments: [0, 1, 31, 33, 64])
  func wrongLength(count: Int) {
    #expect(Digest(bytes: [UInt8](repeating: 1, count: count)) == nil)
    #expect(Digest(hex: String(repeating: "01", count: count)) == nil)
  }

  @Test("slices and collections that are not contiguous are read from their start")
  func otherCollections() {
    let bytes = [UInt8](0..<40)
    let expected = Digest(bytes: Array(bytes[4..<36]))
    #expect(expected != nil)
    #expect(Digest(bytes: bytes[4..<36]) == expected)
    #expect(Digest(bytes: bytes[4..<36].reversed().reversed()) == expected)
    #expect(Digest(bytes: (4..<36 as Range<UInt8>).lazy.map { $0 }) == expected)
  }

  @Test("the order is the lexicographic order of the bytes")
  func order() throws {
    var generator = SplitMix64(state: 1)
    for _ in 0..<500 {
      let left = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      var right = left
      right[Int(generator.next() % 32)] = UInt8(truncatingIfNeeded: generator.next())
      let first = try #require(Digest(bytes: left))
      let second = try #require(Digest(bytes: right))
      #expect((first < second) == left.lexicographicallyPrecedes(right))
      #expect((first == second) == (left == right))
    }
  }

  @Test("a signature's bytes and digits come back, and only 64 bytes make one")
  func signature() throws {
    let bytes = [UInt8](100..<164)
    let signature = try #require(Signature(bytes: bytes))
    #expect(signature.bytes == bytes)
    #expect(Signature(hex: signature.hex) == signature)
    #expect(signature.description == Hex.encode(bytes))
    var buffer: [UInt8] = []
    signature.append(to: &buffer)
    #expect(buffer == bytes)
    for position in 0..<64 {
      var other = bytes
      other[position] ^= 1
      #expect(Signature(bytes: other) != signature)
    }
    #expect(Signature(bytes: bytes.dropLast()) == nil)
    #expect(Signature(bytes: bytes + [0]) == nil)
    #expect(Signature(hex: "00") == nil)
  }
}

/// A seeded generator (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
