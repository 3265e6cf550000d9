import Dispatch
import Glibc
import Metrics
import Synchronization

/// Where log lines go: a stream, written on a thread of its own, so that whoever reads the log slowly or not at all
/// keeps nobody waiting. What does not fit is dropped, counted, and the log says so when it goes on.
final class LogOutput: Sendable {
  /// Bytes that may wait.
  static let maximumBytes = 1 << 20
  /// How long the end of the process waits for a reader.
  private static let flushSeconds = 1

  private struct State {
    var bytes: [UInt8] = []
    var dropped = 0
    var isScheduled = false
  }

  private let descriptor: Int32
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "p2pnode.log")
  private let droppedLines: Counter
  private let notice: @Sendable (Int) -> String

  /// - Parameters:
  ///   - descriptor: the stream.
  ///   - droppedLines: counts what is dropped.
  ///   - notice: the line that tells how many were dropped.
  init(descriptor: Int32, droppedLines: Counter, notice: @escaping @Sendable (Int) -> String) {
    self.descriptor = descriptor
    self.droppedLines = droppedLines
    self.notice = notice
  }

  /// Bytes that wait.
  var waitingBytes: Int { state.withLock { $0.bytes.count } }

  /// Queues a line, which has no line break.
  func write(_ line: String) {
    let (isDropped, mustStart) = state.withLock { state in
      guard state.bytes.count + line.utf8.count < Self.maximumBytes else {
        state.dropped += 1
        return (true, false)
      }
      if state.dropped > 0 {
        state.bytes += Array(notice(state.dropped).utf8) + [0x0A]
        state.dropped = 0
      }
      state.bytes += Array(line.utf8) + [0x0A]
      defer { state.isScheduled = true }
      return (false, !state.isScheduled)
    }
    if isDropped { droppedLines.increment() }
    if mustStart { queue.async { self.drain() } }
  }

  /// Waits until what was queued before is written, or nobody has read it for a second.
  func flush() {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    _ = done.wait(timeout: .now() + .seconds(Self.flushSeconds))
  }

  private func drain() {
    while true {
      let bytes = state.withLock { state in
        defer { state.bytes = [] }
        state.isScheduled = !state.bytes.isEmpty
        return state.bytes
      }
      guard !bytes.isEmpty else { return }
      // When the reader has gone there is nobody to tell.
      _ = WholeWrite.write(bytes, to: descriptor)
    }
  }
}
