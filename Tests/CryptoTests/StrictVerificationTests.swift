import Testing

@testable import NodeCrypto

@Suite struct StrictVerificationTests {
  struct EdgeCase: Sendable {
    let number: Int
    let message: String
    let publicKey: String
    let signature: String
  }

  @Test(
    "all twelve vectors of \"Taming the many EdDSAs\" are refused, as the strictest rules demand", arguments: speccheck)
  func tamingTheManyEdDSAs(edge: EdgeCase) throws {
    let key = try #require(NodeID(hex: edge.publicKey))
    let signature = try #require(Signature(hex: edge.signature))
    let isAccepted =
      Ed25519.isStrictKey(key) && hex(edge.message).withBytes { Ed25519.isValid(signature, over: $0, key: key) }
    #expect(!isAccepted)
  }

  @Test("the key of the scalar vectors is good, so that S alone refuses them")
  func scalarVectorKey() throws {
    for edge in Self.speccheck where edge.number == 6 || edge.number == 7 {
      _ = try VerifyingKey(try #require(NodeID(hex: edge.publicKey)))
      let signature = try #require(Signature(hex: edge.signature))
      #expect(!Ed25519.hasCanonicalScalar(signature))
      #expect(Ed25519.hasStrictPoint(signature))
    }
  }

  @Test("every encoding of a small-order point is refused as a key and as R", arguments: smallOrderEncodings)
  func smallOrder(encoding: String) throws {
    let id = try #require(NodeID(hex: encoding))
    #expect(failure { () throws(CryptoError) in _ = try VerifyingKey(id) } == .invalidPublicKey(id))
    let signature = try #require(Signature(hex: encoding + String(repeating: "00", count: 32)))
    #expect(!Ed25519.hasStrictPoint(signature))
  }

  @Test("mixed-order and non-canonical keys are refused", arguments: badKeys)
  func badKey(encoding: String) throws {
    let id = try #require(NodeID(hex: encoding))
    #expect(failure { () throws(CryptoError) in _ = try VerifyingKey(id) } == .invalidPublicKey(id))
    #expect(CryptoError.invalidPublicKey(id).description.contains(encoding))
  }

  @Test("a signature that satisfies only the equation with cofactor is refused", arguments: cofactoredOnly)
  func cofactor(text: String) throws {
    let signature = try #require(Signature(hex: text))
    let key = try #require(NodeID(hex: SelfTest.Vectors.key))
    #expect(SelfTest.Vectors.message.withBytes { !Ed25519.isValid(signature, over: $0, key: key) })
  }

  @Test("S is canonical up to L - 1 and not from L on")
  func scalarBoundary() throws {
    let point = String(repeating: "11", count: 32)
    let middle = "9cf7a2def9de14" + String(repeating: "00", count: 15)
    let cases = [
      ("ecd3f55c1a6312 58d6" + middle + "10", true), ("edd3f55c1a6312 58d6" + middle + "10", false),
      ("eed3f55c1a6312 58d6" + middle + "10", false), ("ecd3f55c1a6312 58d7" + middle + "10", false),
      ("ffffffffffffff ffd5" + middle + "10", true), (String(repeating: "ff", count: 31) + "0f", true),
      (String(repeating: "00", count: 31) + "10", true), (String(repeating: "00", count: 16) + "01", true),
      (String(repeating: "00", count: 16) + "01" + String(repeating: "00", count: 14) + "10", false),
      (String(repeating: "00", count: 31) + "11", false), (String(repeating: "ff", count: 32), false),
      (String(repeating: "00", count: 24) + "01" + String(repeating: "00", count: 6) + "10", false),
    ]
    for (text, isCanonical) in cases {
      let digits = text.filter { $0 != " " }
      let scalar = digits + String(repeating: "0", count: max(0, 64 - digits.count))
      let signature = try #require(Signature(hex: point + scalar))
      #expect(Ed25519.hasCanonicalScalar(signature) == isCanonical, "\(scalar)")
    }
  }

  @Test("the check on R lets neighbours of the refused encodings pass")
  func pointNeighbours() throws {
    let scalar = String(repeating: "00", count: 32)
    for encoding in Self.smallOrderEncodings {
      var bytes = hex(encoding)
      bytes[1] ^= 0x10
      let signature = try #require(Signature(hex: Hex.encode(bytes) + scalar))
      #expect(Ed25519.hasStrictPoint(signature))
    }
    for encoding in ["02" + String(repeating: "00", count: 31), "eb" + String(repeating: "ff", count: 30) + "7f"] {
      #expect(Ed25519.hasStrictPoint(try #require(Signature(hex: encoding + scalar))))
    }
  }

  @Test("the cache gives each good key, refuses each bad one and stays within its capacity")
  func cache() throws {
    let cache = VerifyingKeyCache(capacity: 4)
    let ids = (0..<10).map { Identity(seed: [UInt8](repeating: $0, count: 32)).nodeID }
    for id in ids + ids.reversed() {
      #expect(try cache.key(for: id).nodeID == id)
      #expect(cache.count <= 4)
    }
    let count = cache.count
    for bad in Self.badKeys {
      let id = try #require(NodeID(hex: bad))
      for _ in 0..<2 {
        #expect(failure { () throws(CryptoError) in _ = try cache.key(for: id) } == .invalidPublicKey(id))
      }
    }
    #expect(cache.count == count)
  }

  @Test("a key that is used stays in the cache while others pass through")
  func cacheKeepsWhatIsUsed() throws {
    let cache = VerifyingKeyCache(capacity: 4)
    let used = Identity(seed: [UInt8](repeating: 99, count: 32)).nodeID
    for seed in UInt8(0)..<20 {
      _ = try cache.key(for: used)
      _ = try cache.key(for: Identity(seed: [UInt8](repeating: seed, count: 32)).nodeID)
      #expect(cache.recall(used))
    }
  }

  private static let cofactoredOnly = SelfTest.Vectors.mixedOrderPoints + [SelfTest.Vectors.smallOrderPoint]
  private static let badKeys =
    SelfTest.Vectors.mixedOrderKeys + SelfTest.Vectors.nonCanonicalKeys + [SelfTest.Vectors.keyOffCurve]

  private static let smallOrderEncodings =
    SelfTest.Vectors.smallOrderKeys + [
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

  /// Table 6(c) of https://eprint.iacr.org/2020/1244, as published with novifinancial/ed25519-speccheck.
  private static let speccheck = [
    EdgeCase(
      number: 0, message: "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
      publicKey: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      signature: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        + "0000000000000000000000000000000000000000000000000000000000000000"),
    EdgeCase(
      number: 1, message: "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      publicKey: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      signature: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
        + "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"),
    EdgeCase(
      number: 2, message: "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
      publicKey: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      signature: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
        + "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e"),
    EdgeCase(
      number: 3, message: "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      publicKey: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      signature: "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
        + "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009"),
    EdgeCase(
      number: 4, message: "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      publicKey: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      signature: "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
        + "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09"),
    EdgeCase(
      number: 5, message: "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      publicKey: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      signature: "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
        + "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405"),
    EdgeCase(
      number: 6, message: "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      publicKey: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
      signature: "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
        + "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514"),
    EdgeCase(
      number: 7, message: "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      publicKey: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
      signature: "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
        + "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22"),
    EdgeCase(
      number: 8, message: "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
      publicKey: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      signature: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        + "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f"),
    EdgeCase(
      number: 9, message: "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
      publicKey: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      signature: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        + "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908"),
    EdgeCase(
      number: 10, message: "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
      publicKey: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      signature: "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        + "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"),
    EdgeCase(
      number: 11, message: "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
      publicKey: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      signature: "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        + "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"),
  ]
}
