import CSodium

extension SelfTest {
  /// The inputs of the self-test.
  ///
  /// The edge cases are built on the key whose seed is 00 01 02 ... 1f and whose secret scalar is therefore known: they
  /// satisfy the equation that their comment names, so that only the rule in question can refuse them.
  enum Vectors {
    static let identity = Identity(seed: Array(0..<32))
    static let key = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    static let message = Array("p2pnode self test".utf8)
    static let good =
      "7e7c021d30c0d62ffdcb3734a4e2d795b045b29433c74652e0d3606cd9f42b63"
      + "dfda83126bd8526d04c1156bef9bef460b25da5d167bfce187dd31eabb449909"

    /// The lowest bit of S inverted.
    static let changed =
      "7e7c021d30c0d62ffdcb3734a4e2d795b045b29433c74652e0d3606cd9f42b63"
      + "deda83126bd8526d04c1156bef9bef460b25da5d167bfce187dd31eabb449909"

    /// S + L in the place of S: the equation holds.
    static let nonCanonicalScalar =
      "7e7c021d30c0d62ffdcb3734a4e2d795b045b29433c74652e0d3606cd9f42b63"
      + "ccae796f853b65c5da5d0d0ece95ce5b0b25da5d167bfce187dd31eabb449919"

    /// R is the identity: the equation holds.
    static let identityPoint =
      "0100000000000000000000000000000000000000000000000000000000000000"
      + "364836cfebb795ffc3000b40a9f0d75b44e940bf1afba91972a82818796d8e03"

    /// R has order 8: the equation with cofactor holds.
    static let smallOrderPoint =
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
      + "27d39d56a66e2bffb1ea89f884555d5feefd4b763c8a2e96614a73710302140d"

    /// R is a good point plus one of order 8, 4 and 2: the equation with cofactor holds.
    static let mixedOrderPoints = [
      "cbebf26458caeee143bdec1d4855e0c48482840f8a9660b7a7428f94ea8a75db"
        + "b2ad89a7d0c349ec5c3f39dea3db2d380c95fa246045f5e8a23e0623cf576b01",
      "4e9838258019db8bce193df4ebf64c47c085169db32d787c38b5245d731ffd53"
        + "bb94982be4fbac7ef43100d4dedcf58a5a903f02488002d4299bd39be2b77406",
      "6f83fde2cf3f29d00234c8cb5b1d286a4fba4d6bcc38b9ad1f2c9f93260bd49c"
        + "7f8e3d3d11974182c95d25326e9351195780bc451f643f76d8d5946751b1600f",
    ]

    /// R = [S]B: under the first of `smallOrderKeys`, valid for any message.
    static let forAnyMessage =
      "7e7c021d30c0d62ffdcb3734a4e2d795b045b29433c74652e0d3606cd9f42b63"
      + "454db164357e8fb8cf0ab26aa69952dd44b9129c866c74234dfd771eb337950e"

    /// The points whose order divides 8, the identity first.
    static let smallOrderKeys = [
      "0100000000000000000000000000000000000000000000000000000000000000",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]

    /// The good key plus a point of order 8, 4 and 2.
    static let mixedOrderKeys = [
      "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
      "8b2a59ac4324b312dd8d7e5480f0d2e11412b04eeb4e515268a730a951142b6c",
      "ea5ef8400c31ef41e28f22e718b43f66981b29cf645af2a0e223799bedaace47",
    ]

    /// y = p and p + 1, points with y - p of 3 and more, and x = 0 with the sign bit set.
    static let nonCanonicalKeys = [
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    /// y = 2, for which the curve has no x.
    static let keyOffCurve = "0200000000000000000000000000000000000000000000000000000000000000"
    static let blake2b256 = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"

    /// RFC 7693, appendix A.
    static let blake2b512 =
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
      + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"

    /// The key 00 01 02 ... 1f, and the BLAKE2b-256 of the first bytes of its stream, by an implementation of RFC 8439's
    /// block function alone: as many bytes as a ``SetHash`` takes, which the library makes several blocks at a time.
    static let streamKey = Digest(
      word0: 0x0001_0203_0405_0607, word1: 0x0809_0a0b_0c0d_0e0f, word2: 0x1011_1213_1415_1617,
      word3: 0x1819_1a1b_1c1d_1e1f)
    static let keystreamByteCount = 2048
    static let keystream = "29e24d184b52531484e06e40ec10d2b612632caa0f71e0f53952ed56816fa3a2"

    /// RFC 8439, section 2.8.2: the text and, with its tag, the ciphertext.
    static let plaintext = Array(
      ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        + "sunscreen would be it.").utf8)
    static let sealed = bytes(
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
        + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        + "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691")
    static let changedSeal = [sealed[0] ^ 1] + sealed.dropFirst()

    static let share = NoiseKeyPair(secretKey: SecretBytes(copying: Array(0..<32)))
    static let basePointShare = "0900000000000000000000000000000000000000000000000000000000000000"
    /// The u coordinates of small order on the curve and its twist, and those that are p and p + 1.
    static let smallOrderShares = [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    /// The plaintext of RFC 8439's example when `sealed` authenticates under its key, nonce and associated data.
    static func openExample(_ sealed: [UInt8]) -> [UInt8]? {
      let nonce = bytes("070000004041424344454647")
      let associatedData = bytes("50515253c0c1c2c3c4c5c6c7")
      var text = [UInt8](repeating: 0, count: sealed.count - Int(crypto_aead_chacha20poly1305_ietf_ABYTES))
      let status = crypto_aead_chacha20poly1305_ietf_decrypt(
        &text, nil, nil, sealed, UInt64(sealed.count), associatedData, UInt64(associatedData.count), nonce,
        Array(0x80..<0xa0))
      return status == 0 ? text : nil
    }

    private static func bytes(_ hex: String) -> [UInt8] {
      guard let bytes = Hex.decode(hex) else { preconditionFailure("a vector is not hexadecimal") }
      return bytes
    }
  }
}
