import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

@Suite struct AcceptTurnsTests {
  @Test("a listener is read at once when it has been quiet, and once each interval otherwise")
  func paces() throws {
    let loop = EmbeddedEventLoop()
    let reads = ReadCounter()
    let channel = EmbeddedChannel(handlers: [reads, AcceptTurns()], loop: loop)
    loop.advanceTime(by: .seconds(1))
    let before = reads.count
    for _ in 1...3 { channel.read() }
    #expect(reads.count == before + 1)
    loop.advanceTime(by: AcceptTurns.interval - .nanoseconds(1))
    #expect(reads.count == before + 1)
    loop.advanceTime(by: .nanoseconds(1))
    #expect(reads.count == before + 2)
    loop.advanceTime(by: .seconds(1))
    #expect(reads.count == before + 2, "nothing was asked for since")
    channel.read()
    #expect(reads.count == before + 3)
    channel.read()
    _ = try channel.finish()
    loop.advanceTime(by: .seconds(1))
    #expect(reads.count == before + 3, "a closed listener has no turns")
  }
}
