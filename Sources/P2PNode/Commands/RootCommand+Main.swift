import ArgumentParser
import Glibc
import NodeAPI

extension P2PNode {
  /// The names of all commands.
  private static var names: [String] {
    let groups = configuration.groupedSubcommands.flatMap(\.subcommands) + configuration.ungroupedSubcommands
    return groups.compactMap { $0.configuration.commandName } + ["help"]
  }

  /// What is wrong with the first word of a command line; nil when it is a command or an option.
  static func complaint(about words: some Collection<String>) -> String? {
    guard let word = words.first, !word.hasPrefix("-"), !names.contains(word) else { return nil }
    let near = NearestWord.question(for: word, among: names.sorted()).map { $0 + " " } ?? ""
    return "error: \"\(TerminalText.clean(word))\" is not a command; \(near)p2pnode --help lists the commands"
  }

  /// Runs the command that the process was started with. A word that is no command gets the nearest one suggested.
  static func main() async {
    let words = Array(CommandLine.arguments.dropFirst())
    if let complaint = complaint(about: words) {
      Terminal.write(complaint, to: .error)
      Glibc.exit(ExitCode.validationFailure.rawValue)
    }
    await main(words)
  }
}
