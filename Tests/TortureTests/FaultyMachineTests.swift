import Foundation
import NodeProcesses
import Testing

@testable import Torture

/// The library is tried with programs that everybody knows: `dd` writes and syncs, `date` asks the clock.
@Suite("a machine that breaks on request", .timeLimit(.minutes(1)))
struct FaultyMachineTests {
  /// A machine with a store of eight sectors of ones, synced.
  private final class Bench {
    let place: String
    let machine: FaultyMachine
    var file: String { machine.root + "/store.sqlite" }

    init() throws {
      var template = Array("/tmp/torture-tests-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      place = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      let root = place + "/root"
      try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
      try Data(repeating: 1, count: 8 * 512).write(to: URL(fileURLWithPath: root + "/store.sqlite"))
      try Data(repeating: 9, count: 100).write(to: URL(fileURLWithPath: root + "/identity.key"))
      machine = try FaultyMachine(root: root, state: place + "/state", library: try faultsLibrary())
    }

    deinit { try? FileManager.default.removeItem(atPath: place) }

    /// Runs a program on the machine.
    ///
    /// - Returns: its exit status, and what it printed.
    func run(_ words: String...) async throws -> (status: ChildProcess.Exit?, text: String) {
      let output = Pipe()
      let process = try ChildProcess(
        executable: "/usr/bin/env", arguments: words, environment: machine.environment.merging(["LC_ALL": "C"]) { $1 },
        output: output)
      let exit = await process.waitForExit(atMost: .seconds(30))
      try output.fileHandleForWriting.close()
      let text = try output.fileHandleForReading.readToEnd() ?? Data()
      return (exit, String(decoding: text, as: UTF8.self))
    }

    /// Writes sectors of `byte` from the sector `at` on.
    func write(_ count: Int, of byte: UInt8, at: Int, to name: String = "store.sqlite", syncs: Bool = false)
      async throws
      -> (status: ChildProcess.Exit?, text: String)
    {
      let source = place + "/source"
      try Data(repeating: byte, count: count * 512).write(to: URL(fileURLWithPath: source))
      return try await run(
        "dd", "if=\(source)", "of=\(machine.root)/\(name)", "bs=512", "seek=\(at)", "status=none",
        "conv=notrunc\(syncs ? ",fsync" : "")")
    }

    /// The first byte of each sector of a file; nil when it is not there.
    func sectors(_ name: String = "store.sqlite") -> [UInt8]? {
      FileManager.default.contents(atPath: "\(machine.root)/\(name)").map { content in
        stride(from: 0, to: content.count, by: 512).map { content[$0] }
      }
    }
  }

  @Test("what was synced stays after a loss of power, and what was not is gone, whatever it had overwritten or grown")
  func lost() async throws {
    let bench = try Bench()
    #expect(try await bench.write(2, of: 2, at: 1, syncs: true).status == .status(0))
    #expect(try await bench.write(2, of: 3, at: 2).status == .status(0))
    #expect(try await bench.write(2, of: 4, at: 8).status == .status(0))
    #expect(bench.sectors() == [1, 2, 3, 3, 1, 1, 1, 1, 4, 4])
    var generator = SystemRandomNumberGenerator()
    #expect(try bench.machine.losePower(keeping: .nothing, using: &generator) == 4)
    #expect(bench.sectors() == [1, 2, 2, 1, 1, 1, 1, 1])
    #expect(bench.sectors("identity.key") == [9], "what is not the store's is not touched")
    #expect(try bench.machine.losePower(keeping: .nothing, using: &generator) == 0)
  }

  @Test("a sync by a later process makes what a killed one had written durable, as on a machine that goes on")
  func laterSync() async throws {
    let bench = try Bench()
    _ = try await bench.write(1, of: 2, at: 0)
    _ = try await bench.write(1, of: 3, at: 5, syncs: true)
    var generator = SystemRandomNumberGenerator()
    #expect(try bench.machine.losePower(keeping: .nothing, using: &generator) == 0)
    #expect(bench.sectors() == [2, 1, 1, 1, 1, 3, 1, 1])
  }

  @Test("a file that was created and never synced is gone, and one that was synced is there")
  func created() async throws {
    let bench = try Bench()
    _ = try await bench.write(1, of: 5, at: 0, to: "store.sqlite-a")
    _ = try await bench.write(1, of: 6, at: 0, to: "store.sqlite-b", syncs: true)
    var generator = SystemRandomNumberGenerator()
    #expect(try bench.machine.losePower(keeping: .nothing, using: &generator) == 1)
    #expect(bench.sectors("store.sqlite-a") == nil)
    #expect(bench.sectors("store.sqlite-b") == [6])
  }

  @Test("of a torn write each sector is the old or the new one, and no other")
  func torn() async throws {
    let bench = try Bench()
    _ = try await bench.write(64, of: 2, at: 4)
    var generator = SystemRandomNumberGenerator()
    let lost = try bench.machine.losePower(keeping: .sectors(0.5), using: &generator)
    let sectors = try #require(bench.sectors())
    #expect(sectors.prefix(4) == [1, 1, 1, 1])
    #expect(sectors.count == 8 || sectors.count == 68)
    #expect(sectors[4..<8].allSatisfy { $0 == 1 || $0 == 2 })
    #expect(sectors.dropFirst(8).allSatisfy { $0 == 0 || $0 == 2 }, "what grew and is not there reads as zeros")
    #expect(lost > 0 && lost < 64)
  }

  @Test("the sync that is to fail fails, once, and what it was to sync is not on the disk")
  func failedSync() async throws {
    let bench = try Bench()
    try bench.machine.failSync(number: 2)
    #expect(try await bench.write(1, of: 2, at: 0, syncs: true).status == .status(0))
    let failed = try await bench.write(1, of: 3, at: 1, syncs: true)
    #expect(failed.status == .status(1) && failed.text.contains("Input/output error"), "\(failed)")
    #expect(try bench.machine.failures() == 1 && bench.machine.syncs() == 2)
    var generator = SystemRandomNumberGenerator()
    #expect(try bench.machine.losePower(keeping: .nothing, using: &generator) == 1)
    #expect(bench.sectors() == [2, 1, 1, 1, 1, 1, 1, 1])
  }

  @Test("on a full disk nothing grows and the old can be written over; on a read-only one nothing is written")
  func fullAndReadOnly() async throws {
    let bench = try Bench()
    try bench.machine.fill()
    #expect(try await bench.write(1, of: 2, at: 0).status == .status(0))
    let grown = try await bench.write(1, of: 3, at: 8)
    #expect(grown.status == .status(1) && grown.text.contains("No space left on device"), "\(grown)")
    try bench.machine.makeReadOnly()
    let written = try await bench.write(1, of: 4, at: 0)
    #expect(written.status == .status(1) && written.text.contains("Read-only file system"), "\(written)")
    try bench.machine.repair()
    #expect(try await bench.write(1, of: 5, at: 8).status == .status(0))
    #expect(bench.sectors() == [2, 1, 1, 1, 1, 1, 1, 1, 5])
  }

  @Test("the clock is as much fast or slow as it is told", arguments: [3600, -3600])
  func clock(_ seconds: Int64) async throws {
    let bench = try Bench()
    try bench.machine.setClock(offset: .seconds(seconds))
    let before = Int64(Date().timeIntervalSince1970)
    let told = try #require(Int64(try await bench.run("date", "+%s").text.filter(\.isNumber)))
    let after = Int64(Date().timeIntervalSince1970)
    #expect((before + seconds...after + seconds).contains(told))
  }

  @Test("without the variables the library changes nothing")
  func idle() async throws {
    let output = Pipe()
    let process = try ChildProcess(
      executable: "/bin/echo", arguments: ["here"], environment: ["LD_PRELOAD": try faultsLibrary()], output: output)
    #expect(await process.waitForExit(atMost: .seconds(30)) == .status(0))
    try output.fileHandleForWriting.close()
    #expect(try output.fileHandleForReading.readToEnd() == Data("here\n".utf8))
  }
}

/// The library of this build, beside the test bundle.
private func faultsLibrary() throws -> String {
  let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("libfaults.so").path
  try #require(FileManager.default.fileExists(atPath: path), "swift build --product faults makes \(path)")
  return path
}
