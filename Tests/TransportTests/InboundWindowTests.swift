import Testing

@testable import Transport

@Suite struct InboundWindowTests {
  @Test("the window pauses above its limit and resumes below half of it")
  func pauseAndResume() {
    var window = InboundWindow(limitByteCount: 4_000)
    window.deliver(byteCount: 4_000 - 128)
    #expect(!window.isPaused)
    window.deliver(byteCount: 0)
    #expect(window.isPaused)
    #expect(window.consume(byteCount: 1_616, messageCount: 0) == false)
    #expect(window.isPaused)
    #expect(window.consume(byteCount: 384, messageCount: 0) == false)
    #expect(window.consume(byteCount: 1, messageCount: 1) == true)
    #expect(!window.isPaused)
    #expect(window.consume(byteCount: 1_871, messageCount: 1) == false)
    #expect(window.outstandingByteCount == 0 && window.outstandingMessageCount == 0)
  }

  @Test("empty messages fill the window too")
  func emptyMessages() {
    var window = InboundWindow(limitByteCount: 1 << 20)
    var count = 0
    while !window.isPaused, count < 100_000 {
      window.deliver(byteCount: 0)
      count += 1
    }
    #expect(count == (1 << 20) / InboundWindow.messageOverheadByteCount + 1)
  }

  @Test("the smallest window resumes when all is consumed")
  func smallest() {
    var window = InboundWindow(limitByteCount: 1)
    window.deliver(byteCount: 1)
    #expect(window.isPaused)
    #expect(window.consume(byteCount: 1, messageCount: 1) == true)
  }
}
