import ArgumentParser
import Foundation
import Market
import NodeAPI
import NodeCrypto

/// `p2pnode init`: creates a node in a new data directory.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Create a node: its identity and its copy of the network file.")

  @Option(
    name: .customLong("network"), help: ArgumentHelp("The genesis file of the network to join.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var networkFile: String

  @OptionGroup var data: DataOption

  @OptionGroup var passphrase: PassphraseOption

  @Flag(name: .customLong("json"), help: "Print exactly one JSON document.")
  var isJSON = false

  func run() async throws {
    let directory = data.directory
    let created: NodeCreation.Created
    do {
      created = try NodeCreation.create(
        networkFile: networkFile, directory: directory,
        passphrase: { () throws(PassphraseError) in
          try passphrase.source.read(isNew: true)
        })
    } catch {
      let problem = ProblemDocument(
        type: "urn:p2pnode:init", title: "The node was not created", status: 400, detail: error.description)
      if isJSON { try Terminal.put(NodeJSON.text(problem, layout: .pretty), to: .output) }
      Terminal.write("error: \(TerminalText.clean(problem.detail))", to: .error)
      throw ExitCode.failure
    }
    guard !isJSON else {
      let document = InitDocument(data: directory.path, network: created.network.hex, node: created.node.hex)
      try Terminal.put(NodeJSON.text(document, layout: .pretty), to: .output)
      return
    }
    try Terminal.put(
      """
      node     \(created.node)
      network  \(TerminalText.clean(created.networkName)) (\(created.network.short()))
      data     \(directory.path)

      Keep a copy of \(directory.identityFile) and remember its passphrase: without both, the node is lost.
      Next: p2pnode run --data \(directory.path)
      """, to: .output)
  }
}

/// What `init --json` prints.
private struct InitDocument: Encodable {
  let data: String
  let network: String
  let node: String
}
