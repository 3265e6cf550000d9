import Glibc

/// The program `benchmarks`, behind `make bench`.
@main
enum BenchmarksCommand {
  static func main() {
    do {
      let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
      if options.wantsHelp {
        print(Options.help)
      } else {
        let report = try report(options, progress: Progress(isOn: true))
        print(options.wantsJSON ? try report.json() : report.table())
      }
    } catch {
      Progress.tell("benchmarks: \(error)")
      exit(error is OptionsError ? 2 : 1)
    }
  }

  /// Measures what `options` select.
  static func report(_ options: Options, progress: Progress) throws -> Report {
    var rows: [Row] = []
    for section in sections(options) where options.selection.includes(section: section.name) {
      rows += try section.measure(progress: progress)
    }
    return Report(rows: rows, footer: options.footer)
  }

  /// All sections, in the order of the report.
  static func sections(_ options: Options) -> [any Section] {
    [
      BookSection(options: options),
      ReplaySection(options: options),
      VerifySection(options: options),
    ]
  }
}
