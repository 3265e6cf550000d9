import CSodium

/// Strict Ed25519 (RFC 8032) on bytes that are already prefixed: the rules behind `VerifyingKey` and `Identity`.
///
/// Two nodes that disagree on one signature disagree on a feed, so validity must have a single meaning. Implementations
/// differ on edge cases (Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", 2020). The meaning here is:
///
/// | rule | checked by |
/// |---|---|
/// | the key is a canonical encoding, on the curve, not of small order | `crypto_core_ed25519_is_valid_point` |
/// | the key has no small-order part (it is not of mixed order) | `hasPrimeOrder`, see there |
/// | 0 ≤ S < L | `hasCanonicalScalar`, and libsodium |
/// | R is a canonical encoding and not of small order | `hasStrictPoint`, and libsodium |
/// | R is not of mixed order | follows from the next rule and a key of prime order |
/// | encode([S]B - [h]A) equals R byte by byte, without cofactor | `crypto_sign_verify_detached` |
///
/// With A in the prime-order subgroup, [S]B - [h]A is in it too, and so is every R that equals it. A library that
/// verifies with cofactor would also accept such an R plus a point of small order, which cannot be seen from outside:
/// `Sodium.selfTest` refuses to run with it. The rules that libsodium applies as well are applied here too, because a
/// build with ED25519_COMPAT drops them without a sign.
enum Ed25519 {
  /// Whether `key` canonically encodes a point of order L exactly. Costs about two and a half verifications.
  static func isStrictKey(_ key: NodeID) -> Bool {
    key.withBytes { key in crypto_core_ed25519_is_valid_point(key.octets) == 1 && hasPrimeOrder(key) }
  }

  /// Whether `signature` over exactly `message` is valid under `key`, for which `isStrictKey` holds.
  static func isValid(_ signature: Signature, over message: UnsafeRawBufferPointer, key: NodeID) -> Bool {
    hasCanonicalScalar(signature) && hasStrictPoint(signature)
      && libraryAccepts(signature, over: message, key: key)
  }

  /// libsodium's verdict alone.
  static func libraryAccepts(_ signature: Signature, over message: UnsafeRawBufferPointer, key: NodeID) -> Bool {
    signature.withBytes { signature in
      key.withBytes { key in
        crypto_sign_verify_detached(signature.octets, message.octets, UInt64(message.count), key.octets) == 0
      }
    }
  }

  /// The deterministic signature of `message`; `secretKey` is libsodium's 64 bytes, the seed and the public key.
  static func sign(_ message: UnsafeRawBufferPointer, secretKey: UnsafeRawBufferPointer) -> Signature {
    withUnsafeTemporaryAllocation(byteCount: Signature.byteCount, alignment: 8) { out in
      crypto_sign_detached(out.octets, nil, message.octets, UInt64(message.count), secretKey.octets)
      guard let signature = Signature(loading: UnsafeRawBufferPointer(out)) else {
        preconditionFailure("an Ed25519 signature has 64 bytes")
      }
      return signature
    }
  }

  /// Whether [L - 1]A = -A, which holds for exactly the points whose order divides L.
  ///
  /// `crypto_core_ed25519_is_valid_point` should imply it, but before the fix of CVE-2025-69277 it lets through the sum
  /// of a point of order L and the point of order 2.
  private static func hasPrimeOrder(_ key: UnsafeRawBufferPointer) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { product in
      let status = groupOrderMinusOne.withUnsafeBufferPointer { scalar in
        crypto_scalarmult_ed25519_noclamp(product.octets, UnsafeRawBufferPointer(scalar).octets, key.octets)
      }
      guard status == 0 else { return false }
      product[31] ^= 0x80  // Negates the point: the top bit is the sign of x.
      return UnsafeRawBufferPointer(product).elementsEqual(key)
    }
  }

  /// L - 1 in little-endian bytes, with L = 2^252 + 27742317777372353535851937790883648493.
  private static let groupOrderMinusOne: [UInt8] = [
    0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
  ]

  /// Whether S < L, without which S + L would be a second signature of the same message.
  static func hasCanonicalScalar(_ signature: Signature) -> Bool {
    let limb3 = signature.word7.byteSwapped
    if limb3 != 0x1000_0000_0000_0000 { return limb3 < 0x1000_0000_0000_0000 }
    if signature.word6 != 0 { return false }
    let limb1 = signature.word5.byteSwapped
    if limb1 != 0x14de_f9de_a2f7_9cd6 { return limb1 < 0x14de_f9de_a2f7_9cd6 }
    return signature.word4.byteSwapped < 0x5812_631a_5cf5_d3ed
  }

  /// Whether R is none of the encodings of the eight small-order points and its y coordinate is below p = 2^255 - 19.
  static func hasStrictPoint(_ signature: Signature) -> Bool {
    let limb0 = signature.word0.byteSwapped
    let limb1 = signature.word1.byteSwapped
    let limb2 = signature.word2.byteSwapped
    let limb3 = signature.word3.byteSwapped & 0x7fff_ffff_ffff_ffff
    switch (limb3, limb2, limb1) {
    case (0, 0, 0):
      // y = 0 has order 4, y = 1 is the identity.
      return limb0 > 1
    case (0x7fff_ffff_ffff_ffff, .max, .max):
      // y = p - 1 has order 2; p and above are not canonical.
      return limb0 < 0xffff_ffff_ffff_ffec
    case (0x7a03_ac92_77fd_c74e, 0xc6cc_392c_fa53_202a, 0x0f67_100d_760b_3cba):
      return limb0 != 0x4fd8_4d3d_706a_17c7  // Order 8.
    case (0x05fc_536d_8802_38b1, 0x3933_c6d3_05ac_dfd5, 0xf098_eff2_89f4_c345):
      return limb0 != 0xb027_b2c2_8f95_e826  // Order 8.
    default:
      return true
    }
  }
}
