import Testing

@testable import NodeCrypto

/// The public vector of cacophony for Noise_XX_25519_ChaChaPoly_BLAKE2b, from the repository mcginty/snow, file
/// tests/vectors/cacophony.txt.
@Suite struct NoiseVectorTests {
  @Test("handshake, hash and transport messages are those of the cacophony vector")
  func cacophony() throws {
    var initiator = NoiseHandshake(
      role: .initiator, prologue: hex("4a6f686e2047616c74"),
      staticKey: keyPair("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"),
      ephemeralKey: keyPair("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"))
    var responder = NoiseHandshake(
      role: .responder, prologue: hex("4a6f686e2047616c74"),
      staticKey: keyPair("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"),
      ephemeralKey: keyPair("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"))

    for (index, vector) in Self.messages[..<3].enumerated() {
      let isFromInitiator = index.isMultiple(of: 2)
      let payload = hex(vector.payload)
      let message = isFromInitiator ? try initiator.writeMessage(payload) : try responder.writeMessage(payload)
      #expect(Hex.encode(message) == vector.ciphertext)
      let received = isFromInitiator ? try responder.readMessage(message) : try initiator.readMessage(message)
      #expect(received == payload)
    }

    let areComplete = (initiator.isComplete, responder.isComplete)
    #expect(areComplete.0 && areComplete.1)
    var fromInitiator = initiator.split()
    var fromResponder = responder.split()
    let hashes = (fromInitiator.handshakeHash, fromResponder.handshakeHash)
    #expect(Hex.encode(hashes.0) == Self.handshakeHash)
    #expect(hashes.0 == hashes.1)

    for (index, vector) in Self.messages[3...].enumerated() {
      let isFromInitiator = !index.isMultiple(of: 2)
      var message = hex(vector.payload)
      if isFromInitiator {
        try fromInitiator.send.encrypt(&message)
      } else {
        try fromResponder.send.encrypt(&message)
      }
      #expect(Hex.encode(message) == vector.ciphertext)
      if isFromInitiator {
        try fromResponder.receive.decrypt(&message)
      } else {
        try fromInitiator.receive.decrypt(&message)
      }
      #expect(Hex.encode(message) == vector.payload)
    }
  }

  @Test("HMAC-BLAKE2b-512 is RFC 2104's construction, not BLAKE2b's keyed mode")
  func hmac() {
    var digest = [UInt8](repeating: 0, count: 64)
    let key = Array("key".utf8)
    let message = Array("The quick brown fox jumps over the lazy dog".utf8)
    digest.withMutableBytes { out in
      message.withBytes { message in key.withBytes { NoiseHash.authenticate(message, key: $0, into: out) } }
    }
    #expect(Hex.encode(digest) == Self.hmacAnswer)
  }

  private static let hmacAnswer =
    "92294f92c0dfb9b00ec9ae8bd94d7e7d8a036b885a499f149dfe2fd2199394aa"
    + "af6b8894a1730cccb2cd050f9bcf5062a38b51b0dab33207f8ef35ae2c9df51b"

  private static let handshakeHash =
    "8cf47d7b3cb5804c0109d48e8bcdbee2cbb65687d8ea2c92994ca361fb86151ad93627b98936cbb32de56e8abb21def3"
    + "925011ac3e35db9cbeea73ab9a4392c2"

  private static let messages: [(payload: String, ciphertext: String)] = [
    (
      "4c756477696720766f6e204d69736573",
      "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"
    ),
    (
      "4d757272617920526f746862617264",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088430505b6745ce64a5f33f0e8e3b83f11ce8802bca5"
        + "07f4f2d8b564dbe277e1966116e132faa2dfd70b8b077b9f94b913df5056ae1319469b824a98d54bbaa82c325595587064f978c4"
        + "b6d104f7596e6f"
    ),
    (
      "462e20412e20486179656b",
      "99579e1c1ee15e422a57ddd6b16d37087b17558e8369c18991b4b2ca3a824abf904cdcf5458b5431a75af034ca9e9b982de039ea"
        + "af156775e2d580cd4e5ebae89c3f8cb2594b556d8a8169"
    ),
    ("4361726c204d656e676572", "fc56eea290b3f3a21aac0c70cd5787b5ee99be37d2f4d751329b55"),
    (
      "4a65616e2d426170746973746520536179",
      "bb31c9da10d5639a4cdb88a12f5c61de41bbc7df09bf75d94f8184fe4157f5c68f"
    ),
    (
      "457567656e2042f6686d20766f6e2042617765726b",
      "f6199cadb152fb27f82be0a0891ec76a33598ae92a46cab2fb5a8ed5bf48b7f267f8370af7"
    ),
  ]
}
