import ArgumentParser
import Foundation
import NodeAPI
import NodeProcesses
import Testing

@testable import Testnet

@Suite("Testnet command") struct TestnetCommandTests {
  @Test("options out of range are refused with the value and what is allowed")
  func options() {
    for (arguments, message) in [
      (["--nodes", "1"], "--nodes is 1; allowed: 2 to 64"),
      (["--nodes", "65"], "--nodes is 65; allowed: 2 to 64"),
      (["--replay=-1"], "--replay is -1; allowed: 0 or more"),
      (["--seconds=-1"], "--seconds is -1; allowed: 0 to 86400"),
      (["--json"], "--json prints the summary of --exit; allowed: both together"),
    ] {
      let error = #expect(throws: (any Error).self) { try TestnetCommand.parse(arguments) }
      #expect(error.map(TestnetCommand.message(for:)) == message)
    }
    #expect(throws: Never.self) { try TestnetCommand.parse(["--exit", "--json", "--nodes", "64", "--seconds", "0"]) }
  }

  @Test("a bootstrap address is taken for the first node only when it is this machine's")
  func ports() throws {
    #expect(LoopbackPort(address: "127.0.0.1:47100")?.port == 47100)
    #expect(LoopbackPort(address: "localhost:47100")?.description == "127.0.0.1:47100")
    for address in ["10.0.0.1:47100", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "example.org:1", ""] {
      #expect(LoopbackPort(address: address) == nil)
    }
    #expect(try LoopbackPort.findFree().port > 0)
  }

  @Test("kept directories keep their passphrase, and nodes without one are refused")
  func keptDirectory() throws {
    let path = "/tmp/testnet-test-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let first = try RunDirectory(keeping: path + "/", nodes: 3)
    #expect(first.path == path)
    #expect(first.passphrase.utf8.count == 32)
    #expect(!first.holdsNode(2))
    let mode = try FileManager.default.attributesOfItem(atPath: first.passphraseFile)[.posixPermissions]
    #expect(mode as? Int == 0o600)

    try FileManager.default.createDirectory(atPath: first.nodeDirectory(2), withIntermediateDirectories: false)
    try Data().write(to: URL(fileURLWithPath: first.nodeDirectory(2) + "/network.json"))
    let second = try RunDirectory(keeping: path, nodes: 3)
    #expect(second.passphrase == first.passphrase)
    #expect(second.holdsNode(2))
    second.removeIfTemporary()
    #expect(FileManager.default.fileExists(atPath: path))

    try FileManager.default.removeItem(atPath: first.passphraseFile)
    let error = #expect(throws: TestnetError.self) { try RunDirectory(keeping: path, nodes: 3) }
    #expect(error?.description.contains("\(path)/passphrase is missing") == true)
  }

  @Test("a directory that leaves no room for a socket is refused before anything is created")
  func longDirectory() throws {
    let path = "/tmp/" + String(repeating: "d", count: 100)
    #expect(throws: TestnetError.self) { try RunDirectory(keeping: path, nodes: 64) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("temporary directories differ, hold different passphrases and go")
  func temporaryDirectory() throws {
    let first = try RunDirectory(keeping: nil, nodes: 64)
    let second = try RunDirectory(keeping: nil, nodes: 64)
    defer { second.removeIfTemporary() }
    #expect(first.path != second.path)
    #expect(first.passphrase != second.passphrase)
    first.removeIfTemporary()
    #expect(!FileManager.default.fileExists(atPath: first.path))
    #expect(FileManager.default.fileExists(atPath: second.path))
  }

  @Test("a child reads the end of its input when this process lets go of it")
  func lifeline() async throws {
    func cat() throws -> ChildProcess {
      try ChildProcess(executable: "/bin/cat", arguments: [], environment: [:], output: Pipe())
    }
    let child = try cat()
    // A second child must not hold the first one's input open.
    let other = try cat()
    #expect(child.exit == nil)
    child.closeInput()
    #expect(await child.waitForExit(atMost: .seconds(30)) == .status(0))
    #expect(other.exit == nil)
    other.send(SIGKILL)
    #expect(await other.waitForExit(atMost: .seconds(30)) == .signal(SIGKILL))
  }
}
