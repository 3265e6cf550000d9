import Foundation

/// Wakes a thread that polls: a byte in a pipe, at most as many as the pipe holds.
final class WakePipe: Sendable {
  /// What is polled; -1, which `poll` passes over, when the process has no descriptor left.
  let descriptor: Int32
  private let writer: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
    }
    (descriptor, writer) = (ends[0], ends[1])
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    close(writer)
  }

  /// Makes the descriptor readable.
  func wake() {
    var byte: UInt8 = 0
    // A pipe that is full is readable already.
    _ = write(writer, &byte, 1)
  }

  /// Makes the descriptor unreadable again.
  func clear() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &bytes, bytes.count) > 0 {}
  }
}
