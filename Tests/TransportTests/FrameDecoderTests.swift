import NIOCore
import Testing

@testable import Transport

@Suite struct FrameDecoderTests {
  private func decode(_ chunks: [[UInt8]], limit: Int = 100) throws(DisconnectReason) -> [[UInt8]] {
    var decoder = FrameDecoder(maximumBodyByteCount: limit)
    var bodies: [[UInt8]] = []
    for chunk in chunks {
      decoder.append(ByteBuffer(bytes: chunk))
      while let body = try decoder.next() { bodies.append([UInt8](buffer: body)) }
    }
    return bodies
  }

  private func next(_ decoder: inout FrameDecoder) throws -> ByteBuffer? { try decoder.next() }

  @Test("frames are the same however the stream is cut", arguments: 1...9)
  func anyCut(size: Int) throws {
    let expected: [[UInt8]] = [[1], [2, 3, 4], [UInt8](repeating: 5, count: 100), [6]]
    let stream = expected.flatMap { [UInt8](buffer: frame($0)) }
    let chunks = stride(from: 0, to: stream.count, by: size).map { Array(stream[$0..<min($0 + size, stream.count)]) }
    #expect(try decode(chunks) == expected)
  }

  @Test("an empty frame is refused, also behind a good one")
  func empty() {
    #expect(throws: DisconnectReason.emptyFrame) { try decode([[0, 0]]) }
    #expect(throws: DisconnectReason.emptyFrame) { try decode([[0, 1, 9, 0, 0, 1]]) }
  }

  @Test("an oversize frame is refused as soon as its length is there")
  func oversize() {
    #expect(throws: DisconnectReason.frameTooLong(byteCount: 101, limit: 100)) { try decode([[0, 101]]) }
    #expect(throws: DisconnectReason.frameTooLong(byteCount: 65_535, limit: 100)) { try decode([[0xff], [0xff]]) }
  }

  @Test("the longest frame passes")
  func longest() throws {
    let body = [UInt8](repeating: 7, count: 65_535)
    let stream = [UInt8](buffer: frame(body))
    #expect(try decode([Array(stream[..<40_000]), Array(stream[40_000...])], limit: 65_535) == [body])
  }

  @Test("an incomplete frame holds its bytes and nothing else")
  func incomplete() throws {
    var decoder = FrameDecoder(maximumBodyByteCount: 100)
    #expect(try next(&decoder) == nil)
    decoder.append(ByteBuffer(bytes: [0]))
    #expect(try next(&decoder) == nil)
    decoder.append(ByteBuffer(bytes: [3, 1, 2]))
    #expect(try next(&decoder) == nil)
    #expect(decoder.heldByteCount == 4)
    decoder.append(ByteBuffer(bytes: [3, 0]))
    #expect(try next(&decoder) == ByteBuffer(bytes: [1, 2, 3]))
    #expect(decoder.heldByteCount == 1)
    decoder.removeAll()
    #expect(decoder.heldByteCount == 0)
  }

  @Test("a limit that is raised holds from the next frame on")
  func raisedLimit() throws {
    var decoder = FrameDecoder(maximumBodyByteCount: 1)
    decoder.append(ByteBuffer(bytes: [0, 1, 9, 0, 2, 8, 7]))
    #expect(try next(&decoder) == ByteBuffer(bytes: [9]))
    decoder.maximumBodyByteCount = 2
    #expect(try next(&decoder) == ByteBuffer(bytes: [8, 7]))
  }
}
