import ArgumentParser
import Market
import NodeAPI
import NodeClient

/// A command that does one thing on a running node: a shell around ``CommandInterpreter``, with the words of the
/// console's line.
protocol NodeCommand: AsyncParsableCommand {
  static var name: CommandName { get }
  var line: NodeCommandLine { get }
  /// Words between the command's name and those that were typed.
  var beginning: [String] { get }
}

/// The words of a command, and the options of all such commands, before, between or behind the words.
struct NodeCommandLine: ParsableArguments {
  @Argument(help: ArgumentHelp("The rest of the line, as in the console.", valueName: "word"))
  var words: [String] = []

  @OptionGroup var data: DataOption

  @Flag(name: .customLong("json"), help: "Print exactly one JSON document.")
  var isJSON = false

  /// How results are to be printed.
  var format: CommandInterpreter.Format {
    isJSON ? .json(.pretty) : .text(colours: Terminal.showsColours(.output))
  }
}

extension NodeCommand {
  var beginning: [String] { [] }

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: name.rawValue, abstract: name.summary, usage: "p2pnode \(name.usage) [--data <dir>] [--json]",
      discussion: name.details)
  }

  func run() async throws {
    let client = NodeClient(dataDirectory: line.data.directory.path)
    let interpreter = CommandInterpreter(
      client: client, format: line.format, screen: Terminal.isInteractive ? TerminalScreen() : nil,
      readsStandardInput: true)
    let result = await interpreter.run([Self.name.rawValue] + beginning + words)
    await client.shutdown()
    try result.finish()
  }

  /// The words behind the command's name. An order may be quoted as a whole, so its words are split at blanks.
  private var words: [String] {
    switch Self.name {
    case .offer, .bid, .amend, .quote, .depth:
      line.words.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
    default: line.words
    }
  }
}

extension CommandResult {
  /// Prints the result and ends a command without success with exit status 1.
  func finish() throws {
    let isShown = output.isEmpty || Terminal.show(output, to: .output)
    if let failure { Terminal.write(failure, to: .error) }
    guard isSuccess, isShown else { throw ExitCode.failure }
  }
}

struct OfferCommand: NodeCommand {
  static let name = CommandName.offer
  @Flag(help: "Read from this machine what it offers, as the word from-hardware at the line's beginning does.")
  var fromHardware = false
  @OptionGroup var line: NodeCommandLine
  var beginning: [String] { fromHardware ? [HardwareOffer.word] : [] }
}

struct BidCommand: NodeCommand {
  static let name = CommandName.bid
  @OptionGroup var line: NodeCommandLine
}

struct AmendCommand: NodeCommand {
  static let name = CommandName.amend
  @OptionGroup var line: NodeCommandLine
}

struct QuoteCommand: NodeCommand {
  static let name = CommandName.quote
  @OptionGroup var line: NodeCommandLine
}

struct DepthCommand: NodeCommand {
  static let name = CommandName.depth
  @OptionGroup var line: NodeCommandLine
}

struct CancelCommand: NodeCommand {
  static let name = CommandName.cancel
  @OptionGroup var line: NodeCommandLine
}

struct BookCommand: NodeCommand {
  static let name = CommandName.book
  @OptionGroup var line: NodeCommandLine
}

struct IndexCommand: NodeCommand {
  static let name = CommandName.index
  @OptionGroup var line: NodeCommandLine
}

struct CandlesCommand: NodeCommand {
  static let name = CommandName.candles
  @OptionGroup var line: NodeCommandLine
}

struct OrdersCommand: NodeCommand {
  static let name = CommandName.orders
  @OptionGroup var line: NodeCommandLine
}

struct TradesCommand: NodeCommand {
  static let name = CommandName.trades
  @OptionGroup var line: NodeCommandLine
}

struct WhyCommand: NodeCommand {
  static let name = CommandName.why
  @OptionGroup var line: NodeCommandLine
}

struct RecordCommand: NodeCommand {
  static let name = CommandName.record
  @OptionGroup var line: NodeCommandLine
}

struct VerifyCommand: NodeCommand {
  static let name = CommandName.verify
  @OptionGroup var line: NodeCommandLine
}

struct ProofsCommand: NodeCommand {
  static let name = CommandName.proofs
  @OptionGroup var line: NodeCommandLine
}

struct PeersCommand: NodeCommand {
  static let name = CommandName.peers
  @OptionGroup var line: NodeCommandLine
}

struct StatusCommand: NodeCommand {
  static let name = CommandName.status
  @OptionGroup var line: NodeCommandLine
}

struct WatchCommand: NodeCommand {
  static let name = CommandName.watch
  @OptionGroup var line: NodeCommandLine
}

struct ClassesCommand: NodeCommand {
  static let name = CommandName.classes
  @OptionGroup var line: NodeCommandLine
}

struct DevicesCommand: NodeCommand {
  static let name = CommandName.devices
  @OptionGroup var line: NodeCommandLine
}

struct StopCommand: NodeCommand {
  static let name = CommandName.stop
  @OptionGroup var line: NodeCommandLine
}
