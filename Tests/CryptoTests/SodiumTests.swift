import Glibc
import Testing

@testable import NodeCrypto

@Suite struct SodiumTests {
  @Test("the linked library passes the self-test")
  func selfTest() throws {
    try Sodium.selfTest()
  }

  @Test("a library that accepts one bad signature fails the self-test", arguments: badSignatures)
  func laxVerification(signature: String) throws {
    let bad = try #require(Signature(hex: signature))
    var library = SelfTest.Library.linked
    library.accepts = { given, message, key in
      given == bad || SelfTest.Library.linked.accepts(given, message, key)
    }
    expectRefusal(of: library)
  }

  @Test("a library that accepts one bad key fails the self-test", arguments: badKeys)
  func laxKeyCheck(key: String) throws {
    let bad = try #require(NodeID(hex: key))
    var library = SelfTest.Library.linked
    library.acceptsKey = { $0 == bad || SelfTest.Library.linked.acceptsKey($0) }
    expectRefusal(of: library)
  }

  @Test("a library that computes something wrong fails the self-test")
  func wrongLibraries() {
    var library = SelfTest.Library.linked
    library.accepts = { _, _, _ in false }
    expectRefusal(of: library)
    library = .linked
    library.accepts = { signature, _, key in
      SelfTest.Library.linked.accepts(signature, SelfTest.Vectors.message, key)
    }
    expectRefusal(of: library)
    library = .linked
    library.acceptsKey = { _ in false }
    expectRefusal(of: library)
    library = .linked
    library.sign = { message, identity in identity.signExactly(message + [0]) }
    expectRefusal(of: library)
    library = .linked
    library.hash = { Blake2b.hash($0 + [0]) }
    expectRefusal(of: library)
    library = .linked
    library.hash512 = { Blake2b.hash512($0 + [0]) }
    expectRefusal(of: library)
    library = .linked
    library.keystream = { key in SelfTest.Library.linked.keystream(key).reversed() }
    expectRefusal(of: library)
    library = .linked
    library.open = { _ in SelfTest.Vectors.plaintext }
    expectRefusal(of: library)
    library.open = { _ in nil }
    expectRefusal(of: library)
    library = .linked
    library.acceptsShare = { _ in true }
    expectRefusal(of: library)
    library.acceptsShare = { _ in false }
    expectRefusal(of: library)
  }

  @Test("the refusal names the check and the library's version")
  func refusalText() {
    let error = CryptoError.selfTestFailed(check: "S + L", libraryVersion: "9.9.9")
    #expect(error.description.contains("S + L") && error.description.contains("9.9.9"))
  }

  @Test("random bytes have the length asked for and differ")
  func randomness() {
    #expect(Sodium.randomBytes(count: 0) == [])
    let first = Sodium.randomBytes(count: 32)
    #expect(first.count == 32)
    #expect(first != Sodium.randomBytes(count: 32))
  }

  @Test("comparison of secrets sees every byte and the length")
  func comparison() {
    let bytes = [UInt8](0..<32)
    #expect(Sodium.isEqual(bytes, bytes))
    #expect(Sodium.isEqual([UInt8](), [UInt8]()))
    #expect(!Sodium.isEqual(bytes, bytes.dropLast()))
    for position in bytes.indices {
      var other = bytes
      other[position] ^= 0x80
      #expect(!Sodium.isEqual(bytes, other))
    }
  }

  @Test("core dumps are off afterwards")
  func coreDumps() throws {
    try ProcessHardening.disableCoreDumps()
    var limit = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
    #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
    // prctl(2) is variadic, so Swift calls it through its address.
    typealias ProcessControl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    let address = try #require(dlsym(nil, "prctl"))
    let getDumpable: Int32 = 3  // PR_GET_DUMPABLE
    #expect(unsafeBitCast(address, to: ProcessControl.self)(getDumpable, 0, 0, 0, 0) == 0)
  }

  @Test("a secret holds the bytes, empties a moved source and does not describe itself")
  func secretBytes() {
    var source: [UInt8] = Array("hunter2".utf8)
    let copy = SecretBytes(copying: source)
    let moved = SecretBytes(moving: &source)
    #expect(source.isEmpty)
    #expect(moved.byteCount == 7)
    #expect(Sodium.isEqual(copy, moved))
    #expect(moved.withBytes { Array($0) } == Array("hunter2".utf8))
    #expect("\(moved)" == "SecretBytes(7 bytes)")
  }

  private static let badSignatures =
    [
      SelfTest.Vectors.changed, SelfTest.Vectors.nonCanonicalScalar, SelfTest.Vectors.identityPoint,
      SelfTest.Vectors.smallOrderPoint, SelfTest.Vectors.forAnyMessage,
    ] + SelfTest.Vectors.mixedOrderPoints

  private static let badKeys =
    SelfTest.Vectors.smallOrderKeys + SelfTest.Vectors.mixedOrderKeys + SelfTest.Vectors.nonCanonicalKeys
    + [SelfTest.Vectors.keyOffCurve]

  private func expectRefusal(of library: SelfTest.Library, at location: SourceLocation = #_sourceLocation) {
    let error = failure { () throws(CryptoError) in try SelfTest(library: library).run() }
    guard case .selfTestFailed = error else {
      Issue.record("the library passed", sourceLocation: location)
      return
    }
  }
}
