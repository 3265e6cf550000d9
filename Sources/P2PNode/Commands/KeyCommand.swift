import ArgumentParser
import Foundation
import Market
import NodeAPI
import NodeClient
import NodeCrypto
import Settlement

/// `p2pnode key`: the node's key.
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Replace the node's key.", subcommands: [RotateCommand.self])
}

/// `p2pnode key rotate`: hands the feed of a running node over to a new key.
struct RotateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Hand the running node's feed over to a new key, by an operation that both keys sign.",
    discussion: """
      The record goes on with the new key, and so do other nodes' lists that name the old one. The node's orders are \
      cancelled; nothing may be undecided. Restart the node then and place its orders again. The passphrase is that of \
      the new key.
      """)

  @OptionGroup var data: DataOption

  @OptionGroup var passphrase: PassphraseOption

  @Flag(name: .customLong("json"), help: "Print exactly one JSON document.")
  var isJSON = false

  func run() async throws {
    let client = NodeClient(dataDirectory: data.directory.path)
    let outcome: Result<RotationDocument, any Error>
    do {
      outcome = .success(
        try await KeyExchange(client: client, directory: data.directory).run(passphrase: passphrase.source))
    } catch { outcome = .failure(error) }
    await client.shutdown()
    switch outcome {
    case .success(let document): try show(document)
    case .failure(let error):
      let problem = ProblemDocument(
        type: "urn:p2pnode:key", title: "The key was not replaced, or not wholly", status: 409, detail: "\(error)")
      if isJSON { try Terminal.put(NodeJSON.text(problem, layout: .pretty), to: .output) }
      Terminal.write("error: \(TerminalText.clean(problem.detail))", to: .error)
      throw ExitCode.failure
    }
  }

  private func show(_ document: RotationDocument) throws {
    guard !isJSON else {
      try Terminal.put(NodeJSON.text(document, layout: .pretty), to: .output)
      return
    }
    let retired = NodeID(hex: document.node).map(IdentityFile.retiredName) ?? ""
    try Terminal.put(
      """
      old key    \(document.node), kept in \(retired)
      new key    \(document.successor)
      The old feed ends at \(document.sequence). Its orders are cancelled: place them again under the new key.
      Keep a copy of \(data.directory.identityFile) and remember its passphrase.
      Next: p2pnode stop, then p2pnode run --data \(data.directory.path)
      """, to: .output)
  }
}

/// Makes a new key, has the node hand over to it, and puts its file into the place of the old one's.
///
/// The new key is on disk before the node hears of it, and in the end the node's feed says whether it counts: `run`
/// finishes what was interrupted here.
struct KeyExchange {
  /// How often a handover is signed anew because the feed has grown meanwhile.
  static let attempts = 8

  let client: NodeClient
  let directory: DataDirectory

  func run(passphrase: PassphraseSource, cost: IdentityFile.Cost = .standard) async throws -> RotationDocument {
    let key = try await client.key()
    let old = try IdentityFile.nodeID(inDirectory: directory.path)
    guard key.node == old.hex else { throw KeyExchangeError.otherKey(node: key.node, file: old.hex) }
    if let successor = key.successor { throw KeyExchangeError.handedOver(to: successor) }
    guard let data = FileManager.default.contents(atPath: directory.networkFile) else {
      throw KeyExchangeError.noNetwork(directory.networkFile)
    }
    let network = try Genesis(file: Array(data)).networkID
    let new = Identity.generate()
    let name = IdentityFile.waitingName(of: new.nodeID)
    try IdentityFile.create(
      new, inDirectory: directory.path, passphrase: try passphrase.read(isNew: true), cost: cost, name: name)
    let document: RotationDocument
    do throws(NodeClientError) {
      document = try await rotate(from: old, to: new, network: network)
    } catch {
      // What the node refused it has not done. Of a lost answer, or with a store that fails, nobody knows: then the file
      // stays.
      if case .problem(let problem) = error, [400, 409, 503].contains(problem.status) {
        unlink(IdentityFile.path(inDirectory: directory.path, name: name))
      }
      throw error
    }
    do {
      try IdentityFile.takeOver(from: old, to: new.nodeID, inDirectory: directory.path)
    } catch { throw KeyExchangeError.fileLeft(successor: new.nodeID, why: "\(error)") }
    return document
  }

  private func rotate(
    from old: NodeID, to new: Identity, network: NetworkID
  ) async throws(NodeClientError) -> RotationDocument {
    var attempt = 0
    while true {
      attempt += 1
      let key = try await client.key()
      let previous = EntryID(hex: key.previous) ?? EntryID(bytes: network.bytes)
      guard let previous else { preconditionFailure("an id of 32 bytes") }
      let signed = Handover(author: old, sequence: key.sequence, previous: previous).signed(by: new, network: network)
      do {
        return try await client.rotate(
          RotationRequest(
            successor: new.nodeID.hex, sequence: key.sequence, previous: key.previous,
            signature: Hex.encode(signed.signature.bytes)))
      } catch {
        guard case .problem(let problem) = error, problem.status == 409, attempt < Self.attempts else { throw error }
      }
    }
  }
}

/// Why a key was not replaced.
enum KeyExchangeError: Error, CustomStringConvertible {
  /// The running node has another key than the directory's file.
  case otherKey(node: String, file: String)
  /// The running node's key was replaced before.
  case handedOver(to: String)
  /// The network file was not read.
  case noNetwork(String)
  /// The feed was handed over, but the new key's file is not in the old one's place yet.
  case fileLeft(successor: NodeID, why: String)

  var description: String {
    switch self {
    case .otherKey(let node, let file):
      "the running node is \(node), but the directory holds the key of \(file); restart the node first"
    case .handedOver(let successor): "the key was handed over to \(successor) already; restart the node"
    case .noNetwork(let path): "\(path) was not read"
    case .fileLeft(let successor, let why):
      "the feed was handed over to \(successor), but its key's file is not in its place yet: \(why); "
        + "p2pnode stop, and p2pnode run puts it there"
    }
  }
}
