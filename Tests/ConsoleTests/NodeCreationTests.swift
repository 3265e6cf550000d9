import Foundation
import NodeCrypto
import Testing

@testable import P2PNode

@Suite("Creating a node")
struct NodeCreationTests {
  private let temporary: TemporaryDirectory
  private let networkFile: String

  init() throws {
    temporary = try TemporaryDirectory()
    networkFile = try temporary.write(Self.genesis, to: "genesis.json")
  }

  private static let genesis = """
    {
      "format": "p2pnode-network-v1", "name": "test", "currency": "USD", "slot_seconds": 10,
      "gpu_classes": [
        {"id": "a", "vendor": "v", "model": "m", "interface": "i", "vram_mib": 1, "board_power_watts": 1}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 5000, "proposal_ms": 6000, "retry_ms": 5000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 1000, "entry_burst": 5000, "open_orders_per_author": 50000,
        "gpus_per_order": 4096, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000
      },
      "bootstrap": []
    }
    """

  private func create(in directory: DataDirectory, network: String? = nil) throws(NodeCreationError)
    -> NodeCreation.Created
  {
    try NodeCreation.create(
      networkFile: network ?? networkFile, directory: directory,
      passphrase: { () throws(PassphraseError) in SecretBytes(copying: Array("secret".utf8)) }, cost: .minimal)
  }

  @Test("a new directory is private and holds the exact network file and the encrypted identity")
  func newDirectory() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    let created = try create(in: directory)
    #expect(try temporary.mode("node") == 0o700)
    #expect(try temporary.mode("node/network.json") == 0o600)
    #expect(try temporary.mode("node/identity.key") == 0o600)
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory.networkFile)) == Data(Self.genesis.utf8))
    #expect(created.network == Blake2b.hash(Array(Self.genesis.utf8)))
    #expect(created.networkName == "test")
    let identity = try IdentityFile.load(
      fromDirectory: directory.path, passphrase: SecretBytes(copying: Array("secret".utf8)))
    #expect(identity.nodeID == created.node)
  }

  @Test("an empty directory is taken and made private")
  func emptyDirectory() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    _ = try create(in: directory)
    #expect(try temporary.mode("node") == 0o700)
  }

  @Test("a directory that holds a node is refused and left as it is")
  func holdsNode() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    _ = try create(in: directory)
    let before = try Data(contentsOf: URL(fileURLWithPath: directory.identityFile))
    let error = #expect(throws: NodeCreationError.self) { try create(in: directory) }
    #expect(error == .holdsNode(path: directory.path))
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory.identityFile)) == before)
  }

  @Test("a directory that holds something else is refused")
  func notEmpty() throws {
    let error = #expect(throws: NodeCreationError.self) { try create(in: DataDirectory(path: temporary.path)) }
    #expect(error == .notEmpty(path: temporary.path, holds: "genesis.json"))
    let file = DataDirectory(path: networkFile)
    #expect(throws: NodeCreationError.notDirectory(path: networkFile)) { try create(in: file) }
  }

  @Test("a wrong network file is refused by its name and what is wrong, and nothing is created")
  func wrongNetwork() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    let wrong = try temporary.write(
      Self.genesis.replacing("\"currency\": \"USD\"", with: "\"currency\": \"usd\""), to: "wrong.json")
    let error = #expect(throws: NodeCreationError.self) { try create(in: directory, network: wrong) }
    #expect(error?.description.hasPrefix("\(wrong): network file: currency is ") == true)
    let missing = #expect(throws: NodeCreationError.self) { try create(in: directory, network: "/nowhere") }
    #expect(missing?.description == "network file: /nowhere was not read: No such file or directory")
    #expect(!FileManager.default.fileExists(atPath: directory.path))
  }

  @Test("without a passphrase nothing is created")
  func noPassphrase() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    #expect(throws: NodeCreationError.passphrase(.cancelled)) {
      try NodeCreation.create(
        networkFile: networkFile, directory: directory,
        passphrase: { () throws(PassphraseError) in throw .cancelled }, cost: .minimal)
    }
    #expect(!FileManager.default.fileExists(atPath: directory.path))
  }

  @Test("an identity that cannot be written leaves nothing behind")
  func identityFails() throws {
    let directory = DataDirectory(path: temporary.file("node"))
    #expect(throws: NodeCreationError.self) {
      try NodeCreation.create(
        networkFile: networkFile, directory: directory,
        passphrase: { () throws(PassphraseError) in SecretBytes(copying: [UInt8]()) }, cost: .minimal)
    }
    #expect(!FileManager.default.fileExists(atPath: directory.path))
  }
}

@Suite("Passphrases")
struct PassphraseTests {
  private let temporary: TemporaryDirectory

  init() throws {
    temporary = try TemporaryDirectory()
  }

  private func read(_ source: PassphraseSource) throws(PassphraseError) -> String {
    try source.read(isNew: true).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test("the file comes before the environment, and that before the prompt")
  func precedence() {
    let environment = [PassphraseSource.variable: "secret"]
    #expect(PassphraseSource(file: "f", environment: environment) == .file("f"))
    #expect(PassphraseSource(file: nil, environment: environment) == .environment("secret"))
    #expect(PassphraseSource(file: nil, environment: [:]) == .prompt)
  }

  @Test("one line break at the end of a file is not part of the passphrase", arguments: ["", "\n", "\r\n"])
  func lineBreak(end: String) throws {
    #expect(try read(.file(temporary.write("pass phrase \(end)", to: "p"))) == "pass phrase ")
  }

  @Test("an empty passphrase and one that is too long are refused")
  func length() throws {
    #expect(throws: PassphraseError.self) { try read(.environment("")) }
    let long = String(repeating: "x", count: 1025)
    let error = try #require(throws: PassphraseError.self) { try read(.file(temporary.write(long, to: "p"))) }
    #expect(error.description.contains("has 1025 bytes; allowed: 1 to 1024"))
    #expect(try read(.file(temporary.write(long.dropLast() + "\n", to: "q"))).utf8.count == 1024)
  }

  @Test("a file that others may read is refused", arguments: [0o640, 0o604, 0o644])
  func permissions(mode: Int) throws {
    let path = try temporary.write("secret", to: "p", mode: mode)
    let error = try #require(throws: PassphraseError.self) { try read(.file(path)) }
    #expect(error == .tooPermissive(path: path, mode: UInt32(mode)))
    #expect(error.description.contains("chmod 600 \(path)"))
  }

  @Test("a file that is not there is named")
  func missing() throws {
    let error = try #require(throws: PassphraseError.self) { try read(.file("/nowhere")) }
    #expect(error.description == "passphrase file: /nowhere was not read: No such file or directory")
  }
}

@Suite("The data directory")
struct DataDirectoryTests {
  @Test("the environment names it, else it is in the home directory")
  func standard() {
    #expect(DataDirectory.standard(environment: ["P2PNODE_DATA": "/d", "HOME": "/h"]).path == "/d")
    #expect(DataDirectory.standard(environment: ["P2PNODE_DATA": "", "HOME": "/h"]).path == "/h/.p2pnode")
    #expect(DataDirectory(path: "/d/").historyFile == "/d/history")
    #expect(DataDirectory(path: "/d").networkFile == "/d/network.json")
  }

  @Test("colours need a terminal that shows them and nobody who does not want them")
  func colours() {
    #expect(!Terminal.showsColours(.output, environment: ["NO_COLOR": "1", "TERM": "xterm"]))
    #expect(!Terminal.showsColours(.output, environment: ["TERM": "dumb"]))
  }
}
