import NodeCrypto
import Testing

@Suite struct Blake2bTests {
  @Test("BLAKE2b-512 of abc is that of RFC 7693, appendix A")
  func rfc7693() {
    #expect(
      Hex.encode(Blake2b.hash512(Array("abc".utf8)))
        == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
  }

  @Test("BLAKE2b-256 gives the known answers")
  func knownAnswers() {
    let empty: Digest = Blake2b.hash([UInt8]())
    let abc: Digest = Blake2b.hash(Array("abc".utf8))
    #expect(empty.hex == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")
    #expect(abc.hex == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
  }

  @Test("keyed BLAKE2b-256 gives the known answers")
  func keyedAnswers() {
    let key = [UInt8](0..<64)
    let empty: Digest = Blake2b.keyedHash([UInt8](), key: key)
    let long: Digest = Blake2b.keyedHash([UInt8](0..<255), key: key)
    #expect(empty.hex == "2fa9fbd9be36437de204e139e97d402bce68c828f43391608c891b5faed8a98a")
    #expect(long.hex == "fe7b76a61787c089141f9e10fca1e5092488d89c62ea793fb2c5b1f849b4f2cb")
  }

  @Test("the same bytes hash the same from every kind of memory")
  func sources() {
    let bytes = [UInt8](0..<200)
    let expected: Digest = Blake2b.hash(Array(bytes[50..<150]))
    #expect(Blake2b.hash(bytes[50..<150]) == expected)
    #expect(Blake2b.hash(ContiguousArray(bytes[50..<150])) == expected)
    #expect(bytes.withUnsafeBytes { Blake2b.hash(UnsafeRawBufferPointer(rebasing: $0[50..<150])) } == expected)
    #expect(Blake2b.hash(bytes.span.bytes.extracting(50..<150)) == expected)
    #expect(Blake2b.hash(expected) as Digest == Blake2b.hash(expected.bytes))
  }
}
