import BookChecking
import Foundation
import OrderBook

/// Checks the order book against the reference with many random operations, on all processors.
///
///     BookCheck [--operations N] [--seed S] [--profile PROFILE]     many streams, each from a seed of its own
///     BookCheck --stream PROFILE SEED STEPS                         one of them
///     BookCheck --replay FILE                                       a stream kept as text
///
/// A stream that fails is cut to the smallest that does and printed. The work is done in processes of their own, so that
/// a stream that traps is found and cut, too.
let arguments = Array(CommandLine.arguments.dropFirst())

func value(_ name: String) -> String? {
  guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
  return arguments[index + 1]
}

let operations = value("--operations").flatMap { Int($0) } ?? 10_000_000
let profile = value("--profile").flatMap { StreamShape.Profile(rawValue: $0) }
let seed = value("--seed").flatMap { UInt64($0) } ?? 1

if let file = value("--replay") {
  replay(file)
} else if arguments.first == "--stream", arguments.count == 4 {
  check(single(arguments[1...]))
} else if let share = value("--share").flatMap({ Int($0) }), let shares = value("--of").flatMap({ Int($0) }) {
  runShare(share, of: shares)
} else {
  exit(Supervisor(operations: operations, seed: seed, profile: profile).run() ? 0 : 1)
}

/// Writes at once: what a process says last tells where it ended.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func single(_ words: ArraySlice<String>) -> StreamCheck {
  let words = Array(words)
  guard let profile = StreamShape.Profile(rawValue: words[0]), let seed = UInt64(words[1]), let steps = Int(words[2])
  else {
    say("no such stream: \(words.joined(separator: " "))")
    exit(2)
  }
  return StreamCheck(profile: profile, seed: seed, steps: steps, level: profile == .crowd ? .sparse : .usual)
}

func replay(_ file: String) {
  do {
    let stream = try OperationText.read(try String(contentsOfFile: file, encoding: .utf8))
    guard let failure = StreamCheck.failure(of: stream, on: OrderBook.self, .thorough) else { return }
    say("step \(failure.steps): \(failure)")
    exit(1)
  } catch {
    say("\(file): \(error)")
    exit(2)
  }
}

@discardableResult
func check(_ check: StreamCheck) -> StreamCounts {
  do {
    return try check.run(on: OrderBook.self)
  } catch {
    say("failed\n" + check.shrunk(error, on: OrderBook.self))
    exit(1)
  }
}

/// Every `shares`-th stream. The line before each tells which one it was, should the process end in it.
func runShare(_ share: Int, of shares: Int) {
  var counts = StreamCounts()
  for (number, stream) in StreamCheck.plan(operations: operations, seed: seed, profile: profile, level: .usual)
    .enumerated()
  where number % shares == share {
    say("stream \(stream)")
    counts.add(check(stream))
  }
  let conditions = counts.conditions.sorted { $0.key.rawValue < $1.key.rawValue }
    .map { "\($0.key.rawValue)=\($0.value)" }.joined(separator: " ")
  say("amends=\(counts.amends) expiries=\(counts.expiries) quoted=\(counts.quotedPieces) \(conditions)")
  say("done \(counts.steps) \(counts.changes) \(counts.fills)")
}
