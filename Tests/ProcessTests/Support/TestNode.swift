import Foundation
import Market
import NodeAPI
import NodeClient
import NodeCrypto
import Synchronization

/// A node of a test: its directory, its process when one runs, and a client of its API.
final class TestNode: Sendable {
  static let passphrase = "correct horse battery staple"
  /// What a command of a node needs to open its identity.
  static let environment = ["P2PNODE_PASSPHRASE": passphrase]

  let name: String
  /// The data directory.
  let directory: String
  let client: NodeClient

  private let logPrefix: String
  private let process = Mutex<ChildProcess?>(nil)

  /// A node in a data directory that is there already.
  ///
  /// - Parameter logPrefix: where its logs go: outside of its directory, which a test may fill up or replace.
  init(name: String, directory: String, logPrefix: String) {
    self.name = name
    self.directory = directory
    self.logPrefix = logPrefix
    // A test says itself what is to be done again.
    client = NodeClient(dataDirectory: directory, retryPauses: [])
  }

  func file(_ name: String) -> String { directory + "/" + name }

  // MARK: Its process

  /// Starts the node without waiting for it.
  ///
  /// - Parameters:
  ///   - peers: addresses to dial first.
  ///   - options: further words of the command line.
  ///   - logFormat: how its log looks; nil for what the node chooses.
  ///   - wrapper: makes the command line that runs the given one somewhere else.
  @discardableResult
  func launch(
    peers: [String] = [], listen: String = "127.0.0.1:0", options: [String] = [], logFormat: String? = "human",
    environment: [String: String] = TestNode.environment, through wrapper: ([String]) -> [String] = { $0 }
  ) throws -> ChildProcess {
    let arguments = ["run", "--data", directory, "--listen", listen, "--stop-with-stdin"]
    let format = logFormat.map { ["--log-format", $0] } ?? []
    let words = wrapper([NodeBinary.path] + arguments + peers.flatMap { ["--peer", $0] } + format + options)
    let started = try ChildProcess(
      executable: words[0], arguments: Array(words.dropFirst()),
      environment: NodeBinary.environment.merging(environment) { $1 }, input: .pipe, output: logPrefix + ".out",
      error: logPrefix + ".err")
    process.withLock { $0 = started }
    return started
  }

  /// Starts the node and waits until it trades.
  ///
  /// - Returns: its first status.
  @discardableResult
  func start(peers: [String] = [], options: [String] = []) async throws -> StatusDocument {
    let started = try launch(peers: peers, options: options)
    let first: Result<StatusDocument, TimeoutError> = try await eventually("\(name) runs") {
      if let exit = started.exit { return .failure(TimeoutError(description: "\(name) ended with \(exit)")) }
      let status = try await client.status()
      return status.state == "running" ? .success(status) : nil
    }
    return try first.get()
  }

  /// The id of the node's process; nil before its first start.
  var processIdentifier: Int32? { process.withLock { $0 }?.identifier }

  /// Whether the node's process is stopped by a signal, and does nothing until it goes on.
  var isStopped: Bool {
    get throws {
      guard let identifier = processIdentifier else { return false }
      return try String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8).contains(") T ")
    }
  }

  /// Sends a signal to the node's process.
  func send(_ signal: Int32) { process.withLock { $0 }?.send(signal) }

  /// Waits until the node's process has ended.
  func exit() async throws -> ChildProcess.Exit {
    let running = process.withLock { $0 }
    return try await eventually("the process of \(name) ends") { running?.exit }
  }

  /// Stops the node in order.
  func stop() async throws -> ChildProcess.Exit {
    try await client.stop()
    return try await exit()
  }

  /// Kills the node as a loss of power does.
  func kill() async throws {
    send(SIGKILL)
    _ = try await exit()
  }

  /// Leaves nothing of it running; the test is over.
  func remove() async {
    process.withLock { $0 }?.send(SIGKILL)
    await client.shutdown()
  }

  /// What the node has written to standard error over all its runs.
  var log: String {
    FileManager.default.contents(atPath: logPrefix + ".err").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// What the node has written to standard output over all its runs.
  var output: String {
    FileManager.default.contents(atPath: logPrefix + ".out").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The last lines of the log.
  func logTail() -> String { log.split(separator: "\n").suffix(20).joined(separator: "\n") }

  // MARK: What a person does with it

  /// Runs a one-shot command on the node.
  func command(_ words: String..., input: String = "") async throws -> FinishedCommand {
    try await NodeBinary.run(words + ["--data", directory], input: input)
  }

  /// The document that a one-shot command prints with `--json`.
  func document<Document: Decodable>(
    _ words: String..., as type: Document.Type = Document.self
  ) async throws -> Document {
    let command = try await NodeBinary.run(words + ["--data", directory, "--json"])
    guard command.isSuccess else { throw UnexpectedResult(command: words, result: command) }
    return try NodeJSON.decode(type, from: command.output.utf8)
  }

  /// The port on which peers reach the node.
  func address() async throws -> String {
    guard let address = try await client.status().listen else { throw TimeoutError(description: "\(name) is deaf") }
    return address
  }
}

/// A command that did something else than the test needs.
struct UnexpectedResult: Error, CustomStringConvertible {
  let command: [String]
  let result: FinishedCommand

  var description: String { "\(command.joined(separator: " ")): \(result)" }
}
