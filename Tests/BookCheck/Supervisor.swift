import BookChecking
import Foundation

/// Runs the shares of a check in processes of their own and tells what came of them.
struct Supervisor {
  let operations: Int
  let seed: UInt64
  let profile: StreamShape.Profile?

  private struct Worker {
    let process: Process
    let output: Pipe
  }

  /// - Returns: whether all streams passed.
  func run() -> Bool {
    let shares = max(1, ProcessInfo.processInfo.activeProcessorCount)
    let begin = Date()
    let workers = (0..<shares).map { share in
      start(
        ["--share", "\(share)", "--of", "\(shares)", "--operations", "\(operations)", "--seed", "\(seed)"]
          + (profile.map { ["--profile", $0.rawValue] } ?? []))
    }
    var totals = [0, 0, 0]
    var passed = true
    for worker in workers {
      let lines = String(decoding: worker.output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      worker.process.waitUntilExit()
      if let done = lines.last(where: { $0.hasPrefix("done ") }), worker.process.terminationStatus == 0 {
        for (index, number) in done.split(separator: " ").dropFirst().enumerated() { totals[index] += Int(number) ?? 0 }
        continue
      }
      passed = false
      if let failed = lines.firstIndex(of: "failed") {
        print(lines[(failed + 1)...].joined(separator: "\n"))
      } else if let last = lines.last(where: { $0.hasPrefix("stream ") }) {
        print(trapped(last.split(separator: " ").dropFirst().map(String.init)))
      }
    }
    let seconds = Date().timeIntervalSince(begin)
    print(
      "\(totals[0]) operations, \(totals[1]) of them changes, \(totals[2]) fills, in \(Int(seconds)) s: "
        + (passed ? "the book and the reference agree" : "FAILED"))
    return passed
  }

  /// The smallest stream that ends the process that runs it.
  private func trapped(_ words: [String]) -> String {
    guard words.count == 3, let profile = StreamShape.Profile(rawValue: words[0]), let seed = UInt64(words[1]),
      let steps = Int(words[2])
    else { return "a process ended before its first stream" }
    let check = StreamCheck(profile: profile, seed: seed, steps: steps, level: .usual)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("book-\(UUID().uuidString).stream").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    func isTrap(_ stream: OperationStream) -> Bool {
      guard (try? OperationText.write(stream).write(toFile: file, atomically: true, encoding: .utf8)) != nil else {
        return false
      }
      let worker = start(["--replay", file])
      _ = worker.output.fileHandleForReading.readDataToEndOfFile()
      worker.process.waitUntilExit()
      return worker.process.terminationReason == .uncaughtSignal
    }
    guard isTrap(check.stream) else { return "# \(check) ended its process, but not when it was run again.\n" }
    return "# \(check)\n# It ends the process.\n"
      + OperationText.write(StreamShrinker.shrink(check.stream, fails: isTrap))
  }

  private func start(_ arguments: [String]) -> Worker {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardOutput = output
    do { try process.run() } catch { fatalError("cannot start \(CommandLine.arguments[0]): \(error)") }
    return Worker(process: process, output: output)
  }
}
