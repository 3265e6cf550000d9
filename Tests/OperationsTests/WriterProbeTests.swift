import Synchronization
import Testing

@testable import P2PNode

@Suite("The probe of the writer")
struct WriterProbeTests {
  @Test("a writer that takes what is asked of it responds")
  func responds() async {
    let probe = WriterProbe { $0() }
    #expect(await probe.responds())
    #expect(await probe.responds())
  }

  @Test("a writer that does not is asked once, however many want to know, and again when it has answered")
  func stuck() async {
    let asked = Mutex<[@Sendable () -> Void]>([])
    let probe = WriterProbe(boundMilliseconds: 20) { answer in asked.withLock { $0.append(answer) } }
    let answers = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 { group.addTask { await probe.responds() } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers == Array(repeating: false, count: 16))
    #expect(await !probe.responds(), "it has not answered yet")
    let waiting = asked.withLock { $0 }
    #expect(waiting.count == 1)
    for answer in waiting { answer() }
    _ = await probe.responds()
    #expect(asked.withLock { $0.count } == 2, "the one that has answered is asked again")
  }
}
