/// The rules that the compiler does not check. Each takes source and gives what breaks it, as `line: what`.
enum StyleRules {
  /// The longest file in lines; generated files are exempt.
  static let maximumLines = 400

  /// Modules of the system and the toolchain that targets with I/O may import.
  static let platformModules: Set<String> = [
    "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
  ]

  /// What the pure targets may import besides their dependencies. Nothing here reads a clock or draws chance on its
  /// own; a lock is for caches that change no result.
  static let pureModules: [String: Set<String>] = [
    "NodeCrypto": ["Synchronization"],
    "Market": ["FoundationEssentials"],
    // For `realloc`.
    "OrderBook": ["Glibc"],
    "Gossip": [],
    "MarketData": [],
    "Settlement": [],
    "NodeCore": [],
    "Simulator": [],
    "Explorer": [],
  ]

  /// The files of pure targets that touch the operating system.
  static let impureFiles: Set<String> = [
    "Sources/Crypto/IdentityFile+Disk.swift", "Sources/Crypto/ProcessHardening.swift",
  ]

  /// Imports of `path` that the manifest does not allow.
  static func badImports(in source: String, path: String, manifest: Manifest) -> [String] {
    guard let target = manifest.target(ofFile: path) else { return ["0: in no target"] }
    var allowed = Set(target.targets + target.products)
    if target.isTest {
      allowed.formUnion(platformModules.union(["Testing"]))
    } else if let pure = pureModules[target.name], !impureFiles.contains(path) {
      allowed.formUnion(pure)
    } else {
      allowed.formUnion(platformModules)
    }
    return SwiftCode(source).imports.filter { !allowed.contains($0.module) }.map {
      "\($0.line): import \($0.module)"
    }
  }

  /// Clocks, chance without a seed and concurrency, none of which belongs in a pure target.
  static func impurities(in source: String) -> [String] {
    let always: Set<Substring> = [
      "ContinuousClock", "Date", "SuspendingClock", "SystemRandomNumberGenerator", "Task", "TaskGroup",
      "clock_gettime", "gettimeofday", "withTaskGroup", "withThrowingTaskGroup",
    ]
    let seedable: Set<Substring> = ["random", "randomElement", "shuffle", "shuffled"]
    return SwiftCode(source).words.compactMap { word in
      let isUnseeded =
        seedable.contains(word.text) && word.before == "." && word.rest.first == "(" && !isSeeded(word.rest)
      let isClock = word.text == "now" && word.before == "."
      guard always.contains(word.text) || word.text.hasPrefix("Dispatch") || isSleep(word) || isUnseeded || isClock
      else { return nil }
      return "\(word.line): \(word.text)"
    }
  }

  /// Waiting for time to pass, which a test never does: it waits for a condition.
  static func sleeps(in source: String) -> [String] {
    SwiftCode(source).words.filter { isSleep($0) }.map { "\($0.line): \($0.text)" }
  }

  /// Notes of unfinished work, in code, comments or text.
  static func notes(in source: String) -> [String] {
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    return source.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { offset, line in
      line.split { !$0.isLetter }.filter { marks.contains(String($0)) }.map { "\(offset + 1): \($0)" }
    }
  }

  /// Whether the file is longer than is allowed.
  static func excessLines(in source: String, path: String) -> [String] {
    let count = source.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    return path.contains("/Generated/") || count <= maximumLines ? [] : ["\(count): lines; at most \(maximumLines)"]
  }

  private static func isSleep(_ word: SwiftCode.Word) -> Bool {
    ["sleep", "usleep", "nanosleep"].contains(word.text)
  }

  /// Whether the arguments that `rest` begins with name a generator.
  private static func isSeeded(_ rest: Substring) -> Bool {
    var depth = 0
    let arguments = rest.prefix { character in
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      return depth > 0
    }
    return SwiftCode(String(arguments)).words.contains { $0.text == "using" && $0.rest.first == ":" }
  }
}
