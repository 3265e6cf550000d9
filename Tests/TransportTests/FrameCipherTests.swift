import NIOCore
import NodeCrypto
import Testing

@testable import Transport

@Suite struct FrameCipherTests {
  private func pair() throws -> (HandPeer, HandPeer) {
    let first = HandPeer(.initiator, seed: 1)
    let second = HandPeer(.responder, seed: 2)
    let answer = try second.answer(to: try first.opening())
    let end = try second.handshake?.receive(try first.answer(to: answer))
    #expect(end == nil)
    first.finishHandshake()
    second.finishHandshake()
    return (first, second)
  }

  @Test("a batch is one buffer of frames in order, each 18 bytes longer than its message")
  func batch() throws {
    let (first, second) = try pair()
    let messages: [[UInt8]] = [[1], [], message(7, byteCount: 65_519), [2, 3]]
    let sealed = try first.cipher?.seal(messages.map { ByteBuffer(bytes: $0) })
    let frames = try #require(sealed)
    #expect(frames.readableBytes == messages.reduce(0) { $0 + $1.count + 18 })
    #expect(try second.bodies(frames).map(second.open) == messages)
  }

  @Test("a message lies in memory of its own, and opening leaves the frame as it was")
  func ownMemory() throws {
    let (first, second) = try pair()
    let body = ByteBuffer(bytes: try second.body(try first.seal([1, 2, 3])))
    let before = [UInt8](buffer: body)
    let opened = try second.cipher?.open(body)
    #expect(opened == ByteBuffer(bytes: [1, 2, 3]))
    #expect([UInt8](buffer: body) == before)
  }

  @Test("sealing leaves the caller's message as it was")
  func messageUntouched() throws {
    let (first, _) = try pair()
    let message = ByteBuffer(bytes: [1, 2, 3])
    _ = try first.cipher?.seal([message])
    #expect(message == ByteBuffer(bytes: [1, 2, 3]))
  }
}
