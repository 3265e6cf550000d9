/// Asks `probe` again and again until it finds something, at most for `limit`; an error of it counts as nothing found.
///
/// - Returns: the first value that `probe` finds; nil when it finds none in time.
func eventually<Value>(
  within limit: Duration, every interval: Duration = .milliseconds(10), _ probe: () async throws -> Value?
) async -> Value? {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try? await probe() { return value }
    guard ContinuousClock.now < deadline, !Task.isCancelled else { return nil }
    try? await Task.sleep(for: interval)
  }
}
