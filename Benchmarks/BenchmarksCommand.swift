import Glibc

/// The program `benchmarks`, behind `make bench`.
@main
enum BenchmarksCommand {
  @MainActor
  static func main() async {
    do {
      let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
      if options.wantsHelp {
        print(Options.help)
      } else {
        let report = try await report(options, progress: Progress(isOn: true))
        print(options.wantsJSON ? try report.json() : report.table())
      }
    } catch {
      Progress.tell("benchmarks: \(error)")
      exit(error is OptionsError ? 2 : 1)
    }
  }

  /// Measures what `options` select.
  @MainActor
  static func report(_ options: Options, progress: Progress) async throws -> Report {
    #if !NODE_BENCHMARKS
      if options.selection.includes(section: "node") { throw MissingSection() }
    #endif
    var rows: [Row] = []
    for section in sections(options) where options.selection.includes(section: section.name) {
      rows += try await section.measure(progress: progress)
    }
    return Report(rows: rows, footer: options.footer)
  }

  /// All sections, in the order of the report.
  static func sections(_ options: Options) -> [any Section] {
    var sections: [any Section] = [
      BookSection(options: options), ReplaySection(options: options), VerifySection(options: options),
    ]
    #if NODE_BENCHMARKS
      sections.append(NodeSection(options: options))
    #endif
    return sections
  }
}

#if !NODE_BENCHMARKS
  /// The node's rows were asked of a program that was built without a node.
  struct MissingSection: Error, CustomStringConvertible {
    let description = "the node's rows need the whole package; P2PNODE_ONLY=bench leaves that out, make bench does not"
  }
#endif
