/// What the command line asks for.
struct Options: Sendable {
  /// Whether the report is one JSON document rather than a table.
  var wantsJSON = false
  /// Whether the options are to be explained, and nothing measured.
  var wantsHelp = false
  /// What is measured.
  var selection = Selection()
  /// How often each workload is run.
  var runs = 5
  /// The seed of all streams.
  var seed: UInt64 = 1
  /// How large the workloads are.
  var scale = Scale.full
  /// The directory with `network.json` and `data`.
  var testnetDirectory = "Testnet"
  /// The node's program; nil for the one beside this program.
  var nodeBinary: String?

  /// What the table says of the options.
  var footer: String { "seed \(seed), \(runs) runs" + (scale == .full ? "" : ", small workloads: no measurement") }

  /// What `--help` prints.
  static let help = """
    usage: make bench ARGS="OPTIONS"

      --only NAME,...   measure these sections (book, replay, verify, node) or workloads (book/rectangle) and nothing
                        else; without it: book, node
      --replay          the same as --only replay: the real offers and a week of the real demand
      --runs N          run each workload N times, in turn with the others; 1 to 100, 5 without it
      --quick           small workloads, to see that everything works: its numbers say nothing
      --seed N          the seed of all streams; 1 without it
      --testnet DIR     where network.json and data are, for the replay; Testnet without it
      --node FILE       the node's program; without it p2pnode, in the directory of this program
      --json            one JSON document on standard output: {"rows":[{"name","value","unit","floor","ratio","target",
                        "met"}]}
      --help            this

    A value that is a time is the minimum over the runs. The floor is a plain reference in the same run, the ratio value
    divided by floor. docs/PERFORMANCE.md says what each row is.
    """

  /// What is measured when nothing else is measured.
  init() {}

  /// Reads the arguments after the program's name.
  init(arguments: [String]) throws(OptionsError) {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--json": wantsJSON = true
      case "--help", "-h": wantsHelp = true
      case "--quick": scale = .quick
      case "--replay": selection = try Selection("replay")
      case "--only": selection = try Selection(Self.value(of: option, from: &rest, allowed: Selection.allowed))
      case "--runs": runs = Int(try Self.number(of: option, from: &rest, in: 1...100))
      case "--seed": seed = try Self.number(of: option, from: &rest, in: 0...UInt64.max)
      case "--node": nodeBinary = try Self.value(of: option, from: &rest, allowed: "a file")
      case "--testnet": testnetDirectory = try Self.value(of: option, from: &rest, allowed: "a directory")
      default: throw OptionsError(option: option, value: nil, allowed: "the options that --help lists")
      }
    }
  }

  private static func value(
    of option: String, from rest: inout ArraySlice<String>, allowed: String
  ) throws(OptionsError) -> String {
    guard let value = rest.popFirst() else { throw OptionsError(option: option, value: "", allowed: allowed) }
    return value
  }

  private static func number(
    of option: String, from rest: inout ArraySlice<String>, in range: ClosedRange<UInt64>
  ) throws(OptionsError) -> UInt64 {
    let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    let text = try value(of: option, from: &rest, allowed: allowed)
    guard let number = UInt64(text), range.contains(number) else {
      throw OptionsError(option: option, value: text, allowed: allowed)
    }
    return number
  }
}

/// Sections and single workloads to measure.
struct Selection: Hashable, Sendable {
  /// Each section with the names of its workloads.
  static let known: [(section: String, workloads: [String])] = [
    ("book", BookSection.workloads), ("replay", []), ("verify", []),
    ("node", ["ingest", "settle", "trades", "growth", "idle"]),
  ]

  /// The names that can be selected, for an error.
  static var allowed: String {
    known.flatMap { section, workloads in [section] + workloads.map { "\(section)/\($0)" } }.joined(separator: ", ")
  }

  private let names: [String]

  /// What is measured when nothing is selected.
  init() { names = ["book", "node"] }

  /// The names in `list`, which commas separate.
  init(_ list: String) throws(OptionsError) {
    names = list.split(separator: ",").map(String.init)
    let known = Self.known.flatMap { section, workloads in [section] + workloads.map { "\(section)/\($0)" } }
    guard !names.isEmpty, names.allSatisfy(known.contains) else {
      throw OptionsError(option: "--only", value: list, allowed: Self.allowed)
    }
  }

  /// Whether anything of `section` is selected.
  func includes(section: String) -> Bool {
    names.contains { $0 == section || $0.hasPrefix(section + "/") }
  }

  /// Whether `workload` of `section` is selected.
  func includes(_ workload: String, of section: String) -> Bool {
    names.contains(section) || names.contains("\(section)/\(workload)")
  }
}

/// Why the command line is refused.
struct OptionsError: Error, Equatable, CustomStringConvertible {
  /// The option.
  let option: String
  /// Its value; nil for an option that there is not.
  let value: String?
  /// What is allowed.
  let allowed: String

  var description: String {
    switch value {
    case nil: "\(option) is unknown; allowed: \(allowed)"
    case ""?: "\(option) has no value; allowed: \(allowed)"
    case let value?: "\(option) is \(value); allowed: \(allowed)"
    }
  }
}
