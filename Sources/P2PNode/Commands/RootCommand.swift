import ArgumentParser
import CVersion

/// `p2pnode`: the node, and everything that a person does with it.
@main
struct P2PNode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "p2pnode",
    abstract: "A node of a peer-to-peer exchange for GPU time.",
    discussion: """
      A first trade: init creates a node, run runs it, and from another terminal console trades on it. The other \
      commands do one thing each and leave; they take the same words as the console, such as
        p2pnode offer 8 h100-sxm-80g at 2.10 for 12h
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Node",
        subcommands: [
          InitCommand.self, RunCommand.self, ConfigCommand.self, StopCommand.self, DashboardCommand.self,
          KeyCommand.self,
        ]),
      CommandGroup(
        name: "Trading",
        subcommands: [
          ConsoleCommand.self, OfferCommand.self, BidCommand.self, AmendCommand.self, CancelCommand.self,
          DevicesCommand.self, QuoteCommand.self, BookCommand.self, DepthCommand.self, IndexCommand.self,
          CandlesCommand.self, OrdersCommand.self, TradesCommand.self, ReceiptsCommand.self, WhyCommand.self,
          WatchCommand.self, ClassesCommand.self,
        ]),
      CommandGroup(
        name: "Checking",
        subcommands: [
          VerifyCommand.self, ExportCommand.self, RecordCommand.self, ProofsCommand.self, StatusCommand.self,
          PeersCommand.self,
        ]),
    ])
}

/// The software's version.
enum Version {
  /// By Semantic Versioning 2.0.0.
  static let current = "0.1.0"
  /// The commit of which the program was built; nil where the build was not told, as that of a developer is not.
  static let commit: String? = {
    let commit = String(cString: p2pnode_commit())
    return commit == "development" ? nil : commit
  }()
  /// What `--version` prints.
  static var text: String { "\(current) (\(commit.map { "commit \($0)" } ?? "development"))" }
}
