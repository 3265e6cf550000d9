import ArgumentParser
import NodeAPI
import NodeClient

/// `p2pnode console`: commands one after the other, typed by a person or piped from a script.
struct ConsoleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "console", abstract: "Trade on a running node, line by line.",
    discussion: """
      On a terminal, lines are edited, Tab completes, the history is kept in the data directory, and fills are told of \
      above the line. From a pipe, each \
      line is a command, # begins a comment, an error does not end the script, and the exit status is 1 when any line \
      failed. With --json, each command prints one document on one line.
      """)

  @OptionGroup var data: DataOption

  @Flag(name: .customLong("json"), help: "Print one JSON document for each command.")
  var isJSON = false

  func run() async throws {
    let directory = data.directory
    let format = isJSON ? .json(.singleLine) : CommandInterpreter.Format.text(colours: Terminal.showsColours(.output))
    let client = NodeClient(dataDirectory: directory.path)
    let screen = Terminal.isInteractive ? TerminalScreen() : nil
    let feed = ConsoleFeed()
    let session = ConsoleSession(
      interpreter: CommandInterpreter(client: client, format: format, screen: screen), feed: feed
    ) { Terminal.show($1, to: $0) }
    let isSuccess: Bool
    if Terminal.isInteractive, let lines = EditedLines(historyPath: directory.historyFile, feed: feed) {
      isSuccess = await session.converse(lines)
    } else {
      isSuccess = await session.runScript(PipedLines())
    }
    await client.shutdown()
    guard isSuccess else { throw ExitCode.failure }
  }
}
