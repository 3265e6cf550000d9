import NodeCrypto
import Testing

@Suite struct HexTests {
  /// A linear congruential generator: which characters come does not matter, only that they differ.
  private struct Sequence64 {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }

  @Test("bytes become two lowercase digits each, and come back")
  func roundTrip() {
    let bytes = [UInt8](0...255)
    let text = Hex.encode(bytes)
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
    #expect(text.count == 512)
    #expect(Hex.decode(text) == bytes)
    #expect(Hex.decode(text.uppercased()) == bytes)
    #expect(Hex.encode([]) == "")
    #expect(Hex.decode("") == [])
  }

  @Test("bytes that are not contiguous in memory are spelled the same")
  func lazySequence() {
    #expect(Hex.encode((0..<3 as Range<UInt8>).lazy.map { $0 * 16 }) == "001020")
  }

  @Test(
    "text that is not hexadecimal is refused", arguments: ["0", "abc", "0g", "0x00", " 00", "é0", "00\n", "/0", ":0"])
  func refused(text: String) {
    #expect(Hex.decode(text) == nil)
  }

  @Test("of any length, with any one character another one, text is read as digit by digit")
  func alike() {
    let digits = Array("0123456789abcdefABCDEF".utf8)
    var chance = Sequence64(seed: 7)
    for length in 0...70 {
      var text = (0..<length).map { _ in digits[Int(chance.next() % UInt64(digits.count))] }
      let plain = stride(from: 0, to: length - 1, by: 2).compactMap {
        UInt8(String(decoding: text[$0...($0 + 1)], as: UTF8.self), radix: 16)
      }
      #expect(Hex.decode(String(decoding: text, as: UTF8.self)) == (length.isMultiple(of: 2) ? plain : nil))
      #expect(!length.isMultiple(of: 2) || Hex.encode(plain) == String(decoding: text, as: UTF8.self).lowercased())
      guard length > 0, length.isMultiple(of: 2) else { continue }
      for byte in UInt8.min...0x7F {
        let place = Int(chance.next() % UInt64(length))
        let before = text[place]
        text[place] = byte
        #expect((Hex.decode(String(decoding: text, as: UTF8.self)) != nil) == digits.contains(byte))
        text[place] = before
      }
    }
  }

  @Test("identifiers and signatures are read from as many digits, and from nothing else")
  func fixedLengths() {
    let text = String(repeating: "0f", count: 64)
    #expect(Signature(hex: text)?.hex == text && Signature(hex: text.dropLast(2)) == nil)
    #expect(NodeID(hex: text.prefix(64))?.hex == String(text.prefix(64)) && NodeID(hex: text.prefix(66)) == nil)
    #expect(NodeID(hex: String(text.prefix(63)) + "g") == nil && NodeID(hex: "") == nil)
  }
}
