import NodeCrypto
import Testing

@Suite struct HexTests {
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
}
