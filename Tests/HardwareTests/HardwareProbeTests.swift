import Dispatch
import Testing

@testable import Hardware

@Suite("Asking the sources of GPUs")
struct HardwareProbeTests {
  @Test("a source that does not answer is reported as failed when its time is over, and the others count")
  func hanging() async {
    let never = DispatchSemaphore(value: 0)
    let finding = await HardwareProbe.bounded(.nvml, .milliseconds(20)) {
      never.wait()
      return HardwareProbe.Finding(report: SourceReport(.nvml, .read))
    }
    never.signal()
    #expect(finding.devices.isEmpty)
    #expect(finding.report.outcome == .failed("it did not answer within 0 s; the driver may hang"))
  }

  @Test("an answer in time is the source's own")
  func answered() async {
    let report = SourceReport(.rocmSMI, .absent("here"))
    let finding = await HardwareProbe.bounded(.rocmSMI, .seconds(30)) { HardwareProbe.Finding(report: report) }
    #expect(finding.report == report)
  }
}
