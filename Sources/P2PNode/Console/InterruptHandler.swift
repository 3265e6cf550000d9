import Dispatch
import Foundation
import Synchronization

/// Turns ^C into the cancellation of the command that runs, instead of the end of the process.
final class InterruptHandler: Sendable {
  private let running = Mutex<Task<CommandResult, Never>?>(nil)
  // Unsafe only to the type checker: it never changes, and Dispatch's own functions may be called from anywhere.
  private nonisolated(unsafe) let source: any DispatchSourceSignal

  init() {
    // The dispatch source sees the signal also when it is ignored, and only then nothing else acts on it.
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { [weak self] in self?.cancel() }
    source.activate()
  }

  deinit {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }

  func run(_ command: @escaping @Sendable () async -> CommandResult) async -> CommandResult {
    let task = Task { await command() }
    running.withLock { $0 = task }
    let result = await task.value
    running.withLock { $0 = nil }
    return result
  }

  private func cancel() { running.withLock { $0?.cancel() } }
}
