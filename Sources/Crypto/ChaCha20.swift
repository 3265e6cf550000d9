import CSodium

/// The stream of ChaCha20 (RFC 8439) as a way to stretch a key that is used once.
enum ChaCha20 {
  /// Fills `out` with the keystream under `key`, from block 0 on, with a nonce of zero bytes.
  ///
  /// - Precondition: nothing else is ever derived from the key with this cipher.
  static func writeKeystream(under key: Digest, to out: UnsafeMutableRawBufferPointer) {
    Sodium.initialize()
    let nonce: (UInt64, UInt32) = (0, 0)
    key.withBytes { key in
      withUnsafeBytes(of: nonce) { nonce in
        precondition(nonce.count == crypto_stream_chacha20_ietf_NONCEBYTES, "a nonce of the wrong length")
        _ = crypto_stream_chacha20_ietf(out.octets, UInt64(out.count), nonce.octets, key.octets)
      }
    }
  }
}
