import ArgumentParser
import NodeAPI
import NodeClient

/// `p2pnode receipts`: as in the console, and from the store of a stopped node.
struct ReceiptsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.receipts.rawValue, abstract: CommandName.receipts.summary,
    usage: "p2pnode \(CommandName.receipts.usage) [--offline] [--data <dir>] [--json]")

  @OptionGroup var line: NodeCommandLine

  @Flag(name: .customLong("offline"), help: "Read the store of a node that does not run.")
  var isOffline = false

  func run() async throws {
    let client = NodeClient(dataDirectory: line.data.directory.path)
    let interpreter = CommandInterpreter(client: client, format: line.format)
    let result: CommandResult
    if isOffline {
      guard line.words.isEmpty else {
        throw ValidationError("\"\(line.words[0])\" does not go with --offline; allowed: no further words")
      }
      do {
        let receipts = try OfflineReceipts.read(dataDirectory: line.data.directory.path).receipts
        result = interpreter.receipts(receipts, scope: .mine)
      } catch {
        result = interpreter.failure(kind: "offline", title: "The store was not read", status: 503, detail: "\(error)")
      }
    } else {
      result = await interpreter.run([CommandName.receipts.rawValue] + line.words)
    }
    await client.shutdown()
    try result.finish()
  }
}
