import Foundation

/// Reads the AMD GPUs of this machine with `rocm-smi`, which comes with ROCm.
enum ROCmSMI {
  static let command = "rocm-smi"
  /// Where ROCm installs it, when it is not on the path.
  static let usualPath = "/opt/rocm/bin/rocm-smi"
  /// What is asked for: one JSON document with an object for each GPU.
  static let arguments = [
    "--showproductname", "--showuniqueid", "--showmeminfo", "vram", "--showmaxpower", "--showdriverversion", "--json",
  ]
  /// The most output that is read; a machine with eight GPUs gives some kilobytes.
  static let maximumOutputBytes = 1 << 20

  /// Everything that the command tells.
  static func read(within limit: Duration) -> HardwareProbe.Finding {
    guard let path = find() else {
      return failure(.absent("there is no \(command) on the path, and none at \(usualPath)"))
    }
    let result: CommandRunner.Result
    do {
      result = try CommandRunner.run(path, arguments, within: limit, maximumBytes: maximumOutputBytes)
    } catch {
      return failure(.failed("\(path) \(error)"))
    }
    do {
      let reading = try ROCmSMIOutput(result.output)
      guard result.status == 0 || !reading.devices.isEmpty else {
        return failure(.failed("\(path) ended with status \(result.status)"))
      }
      var report = SourceReport(.rocmSMI, .read)
      report.problems = reading.problems
      return HardwareProbe.Finding(devices: reading.devices, report: report)
    } catch {
      guard result.status == 0 else {
        let said = ROCmSMIOutput.firstLine(of: result.output).map { ": \($0)" } ?? ""
        return failure(.failed("\(path) ended with status \(result.status)\(said)"))
      }
      return failure(.failed("\(path) printed \(error)"))
    }
  }

  private static func failure(_ outcome: SourceReport.Outcome) -> HardwareProbe.Finding {
    HardwareProbe.Finding(report: SourceReport(.rocmSMI, outcome))
  }

  private static func find() -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    // An empty or relative part of the path would run whatever lies in the working directory.
    let folders = path.split(separator: ":").filter { $0.hasPrefix("/") }
    return (folders.map { "\($0)/\(command)" } + [usualPath]).first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
