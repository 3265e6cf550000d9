import Foundation
import NodeAPI
import NodeClient
import NodeProcesses

/// One node of the testnet: its directory, its process and a client of its API.
final class TestnetNode: Sendable {
  /// What the node does in a replay.
  enum Role: String, Sendable {
    case provider
    case renter
  }

  /// The node's number, from 1.
  let number: Int
  /// What it does.
  let role: Role
  /// Its data directory.
  let directory: String
  /// A client of its API, whoever started the process that answers.
  let client: NodeClient

  private let process: NodeProcess

  /// How long a node may take until its API answers, in seconds. It opens its identity with argon2id first.
  static let startSeconds: Int64 = 60
  /// How long a node may take to stop, in seconds.
  static let stopSeconds: Int64 = 20

  /// Where the node's output goes.
  var log: String { process.log }

  /// Starts the node, which must have been created.
  init(
    number: Int, role: Role, directory: String, executable: String, listen: String, peer: LoopbackPort?,
    environment: [String: String]
  ) throws(TestnetError) {
    self.number = number
    self.role = role
    self.directory = directory
    do {
      process = try NodeProcess(
        executable: executable, directory: directory, listen: listen, peers: peer.map { [$0.description] } ?? [],
        environment: environment, log: "\(directory)/log")
    } catch {
      throw .process(error)
    }
    client = NodeClient(dataDirectory: directory)
  }

  /// Creates a node in a new directory with `p2pnode init`.
  static func create(
    number: Int, directory: String, executable: String, networkFile: String, environment: [String: String]
  ) async throws {
    let output = Pipe()
    let process: ChildProcess
    do {
      process = try ChildProcess(
        executable: executable, arguments: ["init", "--network", networkFile, "--data", directory],
        environment: environment, output: output)
    } catch {
      throw TestnetError.process(error)
    }
    let exit = await process.waitForExit(atMost: .seconds(startSeconds))
    guard exit == .status(0) else {
      process.send(SIGKILL)
      _ = await process.waitForExit(atMost: .seconds(1))
      let text = (try? output.fileHandleForReading.readToEnd()).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw TestnetError.creation(node: number, output: text.isEmpty ? exit?.description ?? "no answer" : text)
    }
  }

  /// Waits until the API answers that the node runs.
  ///
  /// - Returns: the first such answer.
  func waitUntilRunning() async throws -> StatusDocument {
    let deadline = ContinuousClock.now + .seconds(Self.startSeconds)
    while ContinuousClock.now < deadline {
      if let exit = process.exit {
        throw TestnetError.died(node: number, exit: exit, log: log, tail: logTail())
      }
      if let status = try? await client.status(), status.state == "running" { return status }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TestnetError.notReady(node: number, seconds: Self.startSeconds, log: log, tail: logTail())
  }

  /// The id of the process that the launcher started.
  var processIdentifier: Int32 { process.identifier }
  /// How that process ended; nil while it runs.
  var exit: ChildProcess.Exit? { process.exit }

  /// The last lines of the log.
  func logTail() -> String { process.logTail() }

  /// Stops the node and waits until it has ended. Cancellation does not keep it from that.
  ///
  /// - Returns: what was not as it should be; nil for a clean stop.
  func stop() async -> String? {
    if let exit = process.exit {
      // Whoever has started it again since then waits for its end.
      var complaint: String?
      if case .failure = await ask() { complaint = "node \(number) had ended with \(exit)" }
      await client.shutdown()
      return complaint
    }
    let request = Task { await ask() }
    var exit = await process.waitForExit(atMost: .seconds(Self.stopSeconds / 2))
    // The second way to tell it.
    process.closeInput()
    if exit == nil { exit = await process.waitForExit(atMost: .seconds(Self.stopSeconds / 2)) }
    var complaint: String?
    if exit == nil {
      process.send(SIGKILL)
      _ = await process.waitForExit(atMost: .seconds(5))
      complaint =
        "node \(number) did not stop within \(Self.stopSeconds) s and was killed; the end of \(log):\n\(logTail())"
    } else if let exit, exit != .status(0) {
      complaint = "node \(number) ended with \(exit); the end of \(log):\n\(logTail())"
    }
    _ = await request.value
    await client.shutdown()
    return complaint
  }

  private func ask() async -> Result<Void, NodeClientError> {
    do { return .success(try await client.stop()) } catch { return .failure(error) }
  }
}
