import Testing

@testable import NodeCrypto

@Suite struct Ed25519Tests {
  struct Vector: Sendable {
    let seed: String
    let publicKey: String
    let message: String
    let signature: String
  }

  @Test("keys and signatures are those of RFC 8032, section 7.1", arguments: rfc8032)
  func knownAnswers(vector: Vector) throws {
    let identity = Identity(seed: hex(vector.seed))
    let message = hex(vector.message)
    #expect(identity.nodeID.hex == vector.publicKey)
    let signature = identity.signExactly(message)
    #expect(signature.hex == vector.signature)
    #expect(message.withBytes { Ed25519.isValid(signature, over: $0, key: identity.nodeID) })
  }

  @Test("what is signed is prefix, zero byte, network id and message")
  func signedBytes() {
    let identity = Identity(seed: [UInt8](0..<32))
    let signature = identity.sign(Array("hello".utf8), domain: .entry, network: repeated(7))
    #expect(
      signature.hex
        == "cb8757e1f9b66913539146aee4ada96c59c046951bab7ec776365bdccdfb7827"
        + "874d85ebb4e58e44703a78e494b989c3d59fecff9d782c6aa4ee3d638d4b4e0e")
    let signed = Array("p2pnode/entry/v1".utf8) + [0] + [UInt8](repeating: 7, count: 32) + Array("hello".utf8)
    #expect(identity.signExactly(signed) == signature)
  }

  @Test("the prefixes are those of the protocol")
  func prefixes() {
    #expect(
      SigningDomain.allCases.map { "\($0.prefix)" }
        == [
          "p2pnode/entry/v1", "p2pnode/terms/v1", "p2pnode/acceptance/v1", "p2pnode/confirmation/v1",
          "p2pnode/handover/v1", "p2pnode/transport/v1",
        ])
  }

  @Test("a signature verifies in its own domain and network and in no other")
  func separation() throws {
    let identity = Identity(seed: [UInt8](1..<33))
    let key = try VerifyingKey(identity.nodeID)
    let message = Array("the same bytes".utf8)
    let networks: [NetworkID] = [repeated(1), repeated(2)]
    for signedDomain in SigningDomain.allCases {
      for signedNetwork in networks {
        let signature = identity.sign(message, domain: signedDomain, network: signedNetwork)
        for domain in SigningDomain.allCases {
          for network in networks {
            let isSame = domain == signedDomain && network == signedNetwork
            #expect(key.isValid(signature, over: message, domain: domain, network: network) == isSame)
          }
        }
      }
    }
  }

  @Test(
    "messages of every length around the stack buffer sign and verify", arguments: [0, 1, 900, 1024, 5000, 100_000])
  func lengths(count: Int) throws {
    let identity = Identity(seed: [UInt8](2..<34))
    let key = try VerifyingKey(identity.nodeID)
    var message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let signature = identity.sign(message, domain: .terms, network: repeated(3))
    #expect(identity.sign(message, domain: .terms, network: repeated(3)) == signature)
    #expect(key.isValid(signature, over: message, domain: .terms, network: repeated(3)))
    message.append(0)
    #expect(!key.isValid(signature, over: message, domain: .terms, network: repeated(3)))
  }

  @Test("no single bit of a signature can change")
  func malleability() throws {
    let identity = Identity(seed: [UInt8](3..<35))
    let key = try VerifyingKey(identity.nodeID)
    let bytes = identity.sign([1, 2, 3], domain: .acceptance, network: repeated(4)).bytes
    for bit in 0..<512 {
      var changed = bytes
      changed[bit / 8] ^= 1 << (bit % 8)
      let signature = try #require(Signature(bytes: changed))
      #expect(!key.isValid(signature, over: [1, 2, 3], domain: .acceptance, network: repeated(4)), "bit \(bit)")
    }
  }

  @Test("another identity's signature does not verify")
  func otherIdentity() throws {
    let first = Identity.generate()
    let second = Identity.generate()
    #expect(first.nodeID != second.nodeID)
    let signature = first.sign([1], domain: .entry, network: repeated(5))
    #expect(try VerifyingKey(first.nodeID).isValid(signature, over: [1], domain: .entry, network: repeated(5)))
    #expect(!(try VerifyingKey(second.nodeID).isValid(signature, over: [1], domain: .entry, network: repeated(5))))
  }

  @Test("one identity signs on many threads at once")
  func concurrency() async throws {
    let identity = Identity(seed: [UInt8](4..<36))
    let expected = identity.sign([9], domain: .entry, network: repeated(6))
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).allSatisfy { _ in identity.sign([9], domain: .entry, network: repeated(6)) == expected }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  private static let rfc8032 = [
    Vector(
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
      signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        + "d25bf5f0595bbe24655141438e7a100b"),
    Vector(
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
      signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        + "387b2eaeb4302aeeb00d291612bb0c00"),
    Vector(
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
      signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        + "4a7c15e9716ed28dc027beceea1ec40a"),
    Vector(
      seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        + "454d4423643ce80e2a9ac94fa54ca49f",
      signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        + "3dca179c138ac17ad9bef1177331a704"),
  ]
}
