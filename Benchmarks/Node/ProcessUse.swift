import Foundation

/// What a process has used so far, as `/proc` tells.
struct ProcessUse {
  /// Memory that it occupies.
  let residentBytes: Int
  /// Processor time of all its threads.
  let processorSeconds: Double

  /// Looks at a process.
  init(_ process: Int32) throws {
    residentBytes = try Memory.residentBytes(of: "\(process)")
    let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    // The name, in brackets, may have blanks; what follows has none.
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      throw NodeBenchmarkError.wrong(what: "/proc/\(process)/stat is \(stat)")
    }
    processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Bytes that the TCP connections which a process has at this moment have carried, both ways, as `ss` tells.
  static func transferredBytes(_ process: Int32) throws -> Int {
    let path = ["/usr/bin/ss", "/bin/ss", "/sbin/ss", "/usr/sbin/ss"].first(
      where: FileManager.default.isExecutableFile)
    guard let path else { throw NodeBenchmarkError.noProgram(name: "ss", package: "iproute2") }
    let (list, output) = (Process(), Pipe())
    list.executableURL = URL(fileURLWithPath: path)
    list.arguments = ["-tinpHO"]
    list.standardOutput = output
    try list.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    list.waitUntilExit()
    return text.split(separator: "\n").filter { $0.contains("pid=\(process),") }.reduce(0) { sum, line in
      sum
        + line.split(separator: " ").reduce(0) { sum, word in
          let parts = word.split(separator: ":")
          guard parts.count == 2, parts[0] == "bytes_sent" || parts[0] == "bytes_received" else { return sum }
          return sum + (Int(parts[1]) ?? 0)
        }
    }
  }
}
