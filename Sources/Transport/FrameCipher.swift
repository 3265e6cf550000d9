import NIOCore
import NodeCrypto

/// Turns application messages into sealed frames and sealed bodies into messages, see `FrameFormat`.
///
/// Not copyable, because its ciphers are not. Frames are sealed in the order in which they must be written: each takes
/// the next nonce.
struct FrameCipher: ~Copyable {
  private var session: NoiseSession
  private let allocator: ByteBufferAllocator

  /// The cipher of a finished handshake.
  init(session: consuming NoiseSession, allocator: ByteBufferAllocator) {
    self.session = session
    self.allocator = allocator
  }

  /// The frames of `messages`, in order and in one buffer, so that they leave in one write.
  ///
  /// - Precondition: no message is longer than `FrameFormat.maximumMessageByteCount`.
  /// - Throws: `nonceExhausted`.
  mutating func seal(_ messages: [ByteBuffer]) throws(NoiseError) -> ByteBuffer {
    var frames = allocator.buffer(
      capacity: messages.reduce(0) { $0 + $1.readableBytes + FrameFormat.overheadByteCount })
    for message in messages {
      let bodyByteCount = message.readableBytes + CipherState.tagByteCount
      frames.writeInteger(UInt16(bodyByteCount))
      frames.writeImmutableBuffer(message)
      frames.writeRepeatingByte(0, count: CipherState.tagByteCount)
      let result = frames.withUnsafeMutableReadableBytes { frames in
        Result { () throws(NoiseError) in
          try session.send.encrypt(inPlace: UnsafeMutableRawBufferPointer(rebasing: frames.suffix(bodyByteCount)))
        }
      }
      try result.get()
    }
    return frames
  }

  /// The message in a frame's body.
  ///
  /// It is decrypted in memory of its own: a message that the upper layer keeps does not keep a whole read alive, so
  /// what `InboundWindow` counts is what is in use.
  ///
  /// - Throws: `messageTooShort`, `authenticationFailed`, `nonceExhausted`.
  mutating func open(_ body: ByteBuffer) throws(NoiseError) -> ByteBuffer {
    var message = allocator.buffer(capacity: body.readableBytes)
    message.writeImmutableBuffer(body)
    let result = message.withUnsafeMutableReadableBytes { bytes in
      Result { () throws(NoiseError) in try session.receive.decrypt(inPlace: bytes) }
    }
    message.moveWriterIndex(to: message.readerIndex + (try result.get()))
    return message
  }
}
