import Dispatch
import Synchronization

/// Reads which GPUs this machine has.
///
/// It runs in the process that asks, never in the node: a driver that hangs or a library that crashes then costs a
/// command, not the node's place in the market, and the node needs no access to the devices.
public enum HardwareProbe {
  /// How long each source may take. Loading the driver's state takes a second or two on a large machine.
  public static let deadline = Duration.seconds(10)

  /// Asks every source, at the same time.
  ///
  /// - Parameter limit: how long each may take; one that takes longer is reported as failed.
  public static func read(within limit: Duration = deadline) async -> HardwareReport {
    async let nvml = bounded(.nvml, limit) { NVMLProbe.read() }
    async let rocm = bounded(.rocmSMI, limit + .seconds(1)) { ROCmSMI.read(within: limit) }
    let findings = [await nvml, await rocm]
    return HardwareReport(devices: findings.flatMap(\.devices), sources: findings.map(\.report))
  }

  /// What one source told.
  struct Finding: Sendable {
    var devices: [GPUDevice] = []
    var report: SourceReport
  }

  /// Runs `probe` on a thread of its own. A call into a driver cannot be interrupted: when the time is over, the thread
  /// is left behind.
  static func bounded(
    _ source: HardwareSource, _ limit: Duration, _ probe: @escaping @Sendable () -> Finding
  ) async -> Finding {
    await withCheckedContinuation { continuation in
      let waiting = Waiting(continuation)
      DispatchQueue(label: "p2pnode.hardware.\(source.rawValue)").async { waiting.end(with: probe()) }
      let milliseconds =
        Int(limit.components.seconds) * 1000 + Int(limit.components.attoseconds / 1_000_000_000_000_000)
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
        let reason = "it did not answer within \(limit.components.seconds) s; the driver may hang"
        waiting.end(with: Finding(report: SourceReport(source, .failed(reason))))
      }
    }
  }

  /// Somebody who waits for whichever comes first.
  private final class Waiting: Sendable {
    private let continuation: Mutex<CheckedContinuation<Finding, Never>?>

    init(_ continuation: CheckedContinuation<Finding, Never>) { self.continuation = Mutex(continuation) }

    func end(with finding: Finding) {
      let waiting = continuation.withLock { continuation in
        defer { continuation = nil }
        return continuation
      }
      waiting?.resume(returning: finding)
    }
  }
}
