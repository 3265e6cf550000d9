import NIOCore

/// Cuts a byte stream into frame bodies, see `FrameFormat`.
///
/// It holds what has arrived and not been taken, and no more: a length is checked before anything is allocated for it,
/// and memory grows with the bytes that arrive, not with those that are announced. Appending is amortized O(bytes)
/// even for a peer that sends one byte at a time.
package struct FrameDecoder {
  /// The longest body that `next` returns, in bytes.
  package var maximumBodyByteCount: Int

  private var buffer = ByteBuffer()

  /// A decoder at a frame's start.
  package init(maximumBodyByteCount: Int) {
    self.maximumBodyByteCount = maximumBodyByteCount
  }

  /// How many bytes have arrived and not been taken.
  package var heldByteCount: Int { buffer.readableBytes }

  /// Adds bytes that arrived.
  package mutating func append(_ chunk: consuming ByteBuffer) {
    guard buffer.readableBytes > 0 else {
      buffer = chunk
      return
    }
    buffer.discardReadBytes()
    buffer.writeBuffer(&chunk)
  }

  /// Takes the next frame's body; nil when it is not complete yet. The body shares memory with the decoder.
  ///
  /// - Throws: `emptyFrame`, `frameTooLong`. The stream cannot be read any further then.
  package mutating func next() throws(DisconnectReason) -> ByteBuffer? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) else { return nil }
    let byteCount = Int(length)
    guard byteCount > 0 else { throw .emptyFrame }
    guard byteCount <= maximumBodyByteCount else {
      throw .frameTooLong(byteCount: byteCount, limit: maximumBodyByteCount)
    }
    guard
      buffer.readableBytes >= FrameFormat.lengthByteCount + byteCount,
      let body = buffer.getSlice(at: buffer.readerIndex + FrameFormat.lengthByteCount, length: byteCount)
    else { return nil }
    buffer.moveReaderIndex(forwardBy: FrameFormat.lengthByteCount + byteCount)
    // The memory belongs to the channel's pool, which can use it again only when nobody else holds it.
    if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    return body
  }

  /// Drops what is held.
  mutating func removeAll() {
    buffer = ByteBuffer()
  }
}
