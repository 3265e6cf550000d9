import Foundation
import Testing

/// GPUs that a command finds: a library in the place of NVIDIA's on the loader's search path, and a `rocm-smi` on the
/// path.
struct FakeGPUs {
  private let directory: TemporaryDirectory
  /// What a command that is to find them gets.
  let environment: [String: String]

  /// A machine on which `nvml` describes NVIDIA's GPUs (`Tests/FakeNVML/include/fakenvml.h`; nil where the driver is not
  /// loaded), and on which `rocmSMI` is the shell script that answers as `rocm-smi`.
  init(nvml: String?, rocmSMI: String? = nil) throws {
    directory = try TemporaryDirectory()
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let library = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("libfakenvml.so").path
    try #require(FileManager.default.fileExists(atPath: library), "swift build --product fakenvml makes \(library)")
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("libnvidia-ml.so.1"), withDestinationPath: library)
    var environment = ["LD_LIBRARY_PATH": directory.path, "PATH": "\(directory.path):/usr/bin:/bin"]
    if let nvml { environment["FAKE_NVML"] = try directory.write(nvml.utf8, to: "machine") }
    if let rocmSMI {
      let path = try directory.write("#!/bin/sh\n\(rocmSMI)\n".utf8, to: "rocm-smi")
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    }
    self.environment = environment
  }

  /// `count` lines of GPUs like each other.
  static func lines(_ count: Int, _ gpu: String) -> String {
    String(repeating: "gpu \(gpu)\n", count: count)
  }

  static let h100 = "81559 699500 0 18 NVIDIA H100 80GB HBM3"
  static let a100 = "81920 400000 0 12 NVIDIA A100-SXM4-80GB"
}
