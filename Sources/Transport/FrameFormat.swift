import NIOCore
import NodeCrypto

/// What a connection carries, byte by byte.
///
/// A connection is one TCP stream in each direction. Each is a sequence of frames and nothing else:
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 2 | length *n* of the body, big-endian, 1 to 65,535 |
/// | 2 | *n* | the body |
///
/// The bodies of the first three frames are the messages of Noise_XX_25519_ChaChaPoly_BLAKE2b (Noise Protocol
/// Framework, revision 34), of at most 1,024 bytes each. The side that connected is the initiator; the prologue is the
/// 32-byte network id.
///
/// | frame | direction | body | body's length |
/// |---|---|---|---|
/// | 1 | initiator to responder | `e`, empty payload | 32 |
/// | 2 | responder to initiator | `e, ee, s, es`, identity proof | 32 + 48 + 96 + 16 = 192 |
/// | 3 | initiator to responder | `s, se`, identity proof | 48 + 96 + 16 = 160 |
///
/// The identity proof is node id (32 bytes) ‖ Ed25519 signature (64 bytes) over `"p2pnode/transport/v1" 0x00` ‖ network
/// id ‖ the sender's Noise static public key (32 bytes), see `HandshakeIdentityProof`.
///
/// Each further frame's body is one Noise transport message: the ciphertext of one application message of 0 to 65,519
/// bytes, then its 16-byte tag, with empty associated data. The nonce is the count of transport messages already sent
/// in this direction, so a frame that is left out, repeated, reordered or altered does not decrypt. The initiator may
/// send transport frames directly behind frame 3.
///
/// A length of zero, a handshake body over 1,024 bytes, a body that does not decrypt and a stream that ends inside a
/// frame end the connection. There is no error message on the wire: the side that refuses closes.
enum FrameFormat {
  /// The length field's size in bytes.
  static let lengthByteCount = 2
  /// The longest body of a frame, in bytes.
  static let maximumBodyByteCount = 65_535
  /// The longest body of a handshake frame, in bytes.
  static let maximumHandshakeBodyByteCount = 1_024
  /// By how many bytes a frame is longer than the application message in it.
  static let overheadByteCount = lengthByteCount + CipherState.tagByteCount
  /// The longest application message, in bytes.
  static let maximumMessageByteCount = maximumBodyByteCount - CipherState.tagByteCount

  /// The frame around a handshake message.
  static func frame(handshakeMessage body: [UInt8], allocator: ByteBufferAllocator) -> ByteBuffer {
    precondition((1...maximumHandshakeBodyByteCount).contains(body.count), "our own handshake message is too long")
    var frame = allocator.buffer(capacity: lengthByteCount + body.count)
    frame.writeInteger(UInt16(body.count))
    frame.writeBytes(body)
    return frame
  }
}
