import NIOCore
import NIOPosix

/// A condition that did not hold in time.
struct TimeoutError: Error, CustomStringConvertible {
  let description: String
}

/// How often a question is asked at least, however late it is: when tests of other suites use all processors, the time
/// may be over before this process has run.
private let fewestQuestions = 50

/// Asks `probe` again and again until it finds something.
///
/// - Parameters:
///   - what: what is waited for, for the error.
///   - limit: far more than a busy machine needs; reaching it is a failure.
/// - Returns: the first value that `probe` finds; an error of it counts as nothing found.
func eventually<Value: Sendable>(
  _ what: String, within limit: Duration = .seconds(60), _ probe: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  var lastError: (any Error)?
  var questions = 0
  repeat {
    questions += 1
    do {
      if let value = try await probe() { return value }
      lastError = nil
    } catch {
      lastError = error
    }
    try await pause()
  } while ContinuousClock.now < deadline || questions < fewestQuestions
  throw TimeoutError(description: "within \(limit): \(what)\(lastError.map { "; the last error: \($0)" } ?? "")")
}

/// Asks `condition` again and again until it holds; an error of it counts as not yet.
func eventually(
  _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
  let _: Bool = try await eventually(what, within: limit) { try await condition() ? true : nil }
}

/// A turn of the event loop between two questions, so that asking does not take the processor from who is asked.
private func pause() async throws {
  try await MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(20)) {}.futureResult.get()
}
