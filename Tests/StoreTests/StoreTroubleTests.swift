import Foundation
import GRDB
import NodeCrypto
import Testing

@testable import Store

@Suite("store in trouble")
struct StoreTroubleTests {
  @Test("a file that is no database is reported as damaged, with what helps")
  func garbage() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/feeds.sqlite"
      try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: path))
      do {
        _ = try EntryStore(in: directory)
        Issue.record("opened")
      } catch let error as StoreError {
        guard case .corrupt = error else {
          Issue.record("\(error)")
          return
        }
        #expect(error.description.contains("Move it away and start again"))
      }
    }
  }

  @Test("a database whose pages are overwritten is reported as damaged when it is read")
  func damagedPages() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/feeds.sqlite"
      let written = try EntryStore(in: directory)
      try written.append((1...500).map { entry(2, $0, [UInt8](repeating: 1, count: 500)) })
      try written.close()
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      try #require(bytes.count > 100_000)
      bytes.replaceSubrange(50_000..<90_000, with: Data(repeating: 0xEE, count: 40_000))
      try bytes.write(to: URL(fileURLWithPath: path))
      let store = try EntryStore(in: directory)
      #expect(throws: StoreError.self) { _ = try store.allEntries() }
    }
  }

  @Test(
    "a row that is not what was written is reported as damage, and nothing traps on it",
    arguments: [
      "UPDATE entry SET bytes = 7", "UPDATE entry SET signature = 1.5", "UPDATE entry SET author = x'00'",
    ])
  func damagedRow(_ damage: String) throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(2, 1)])
      try store.close()
      let file = try DatabaseQueue(path: directory + "/feeds.sqlite")
      try file.write { try $0.execute(sql: damage) }
      try file.close()
      expectCorrupt { _ = try EntryStore(in: directory).allEntries() }
    }
  }

  @Test("rows of proofs, bases, addresses and the owner that are not what was written are reported, too")
  func otherDamagedRows() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([], proofs: [StoredProof(kind: 1, entries: [entry(8, 3, [1]), entry(8, 3, [2])])])
      try store.append([entry(7, 6)], bases: [StoredBase(author: node(7), first: 6)])
      try store.replaceAddresses([("192.0.2.2:1", node(2))])
      try store.close()
      let file = try DatabaseQueue(path: directory + "/feeds.sqlite")
      try file.write { database in
        try database.execute(
          sql: "UPDATE fraud_entry SET bytes = 7; UPDATE base SET sequence = -6; UPDATE owner SET node = 5")
      }
      try file.close()
      expectCorrupt { _ = try EntryStore(in: directory) }
      let again = try DatabaseQueue(path: directory + "/feeds.sqlite")
      try again.write { try $0.execute(sql: "UPDATE owner SET node = ?", arguments: [Data(node(1).bytes)]) }
      try again.close()
      let damaged = try EntryStore(in: directory)
      expectCorrupt { _ = try damaged.proofs() }
      expectCorrupt { _ = try damaged.bases() }
      #expect(try damaged.addresses() == ["192.0.2.2:1"])
    }
  }

  private func expectCorrupt(_ body: () throws -> Void) {
    let error = #expect(throws: StoreError.self) { try body() }
    guard case .corrupt? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("a file whose tree of pages is damaged is told from one that is whole")
  func damagedTree() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/feeds.sqlite"
      let written = try EntryStore(in: directory)
      try written.append((1...500).map { entry(2, $0, [UInt8](repeating: 1, count: 500)) })
      try written.checkFile()
      try written.close()
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      try #require(bytes.count > 100_000)
      // One leaf of the table takes the place of another: each entry is whole, their order is not. A leaf of a table
      // without row ids begins with 10.
      let leaves = stride(from: 4096, to: bytes.count, by: 4096).filter { bytes[$0] == 10 }
      try #require(leaves.count > 20)
      bytes.replaceSubrange(leaves[15]..<leaves[15] + 4096, with: Data(bytes[leaves[10]..<leaves[10] + 4096]))
      try bytes.write(to: URL(fileURLWithPath: path))
      let store = try EntryStore(in: directory)
      expectCorrupt { try store.checkFile() }
    }
  }

  @Test("a disk that fails is told from a file that is damaged, with what helps")
  func failingDisk() {
    let error = StoreError(DatabaseError(resultCode: .SQLITE_IOERR_FSYNC, message: "disk I/O error"), path: "/d/s")
    #expect(error == .failing(path: "/d/s", why: "disk I/O error"))
    #expect(error.description.contains("check the disk"))
    #expect(
      DirectoryLockError.unusable(path: "/d/lock", why: "x").description.contains("check its owner, mode and disk"))
  }

  @Test("a directory in which nothing can be written is reported with the path")
  func unwritable() throws {
    // Not even root makes files in /proc.
    let path = "/proc/feeds.sqlite"
    do {
      _ = try EntryStore(path: path, network: networkID, node: node(1))
      Issue.record("opened")
    } catch {
      guard case .readOnly(path, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test(
    "a full disk is reported as such, nothing of the call is kept, and the store goes on when there is room",
    .enabled(if: SmallDisk.isAvailable, "mounting a small file system takes root"))
  func full() throws {
    try SmallDisk.with(kilobytes: 512) { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(2, 1)])
      let ballast = directory + "/ballast"
      SmallDisk.fill(ballast)
      let many = (2...200).map { entry(2, $0, [UInt8](repeating: 7, count: 5000)) }
      #expect(throws: StoreError.full(path: store.path)) { try store.append(many) }
      #expect(try store.allEntries() == [entry(2, 1)])
      try FileManager.default.removeItem(atPath: ballast)
      try store.append([entry(2, 2)])
      #expect(try store.allEntries() == [entry(2, 1), entry(2, 2)])
      try store.close()
    }
  }

  @Test("a data directory is held by one process at a time, and free again when that one ends")
  func lock() throws {
    try inTemporaryDirectory { directory in
      let held = try DirectoryLock(directory: directory)
      let process = "\(ProcessInfo.processInfo.processIdentifier)"
      #expect(throws: DirectoryLockError.held(directory: directory, process: process)) {
        _ = try DirectoryLock(directory: directory)
      }
      withExtendedLifetime(held) {}
    }
    try inTemporaryDirectory { directory in
      for _ in 0..<3 { _ = try DirectoryLock(directory: directory) }
      let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/lock")
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }
  }

  @Test("a lock in a directory that is not there is refused with the path")
  func noDirectory() {
    #expect(throws: DirectoryLockError.unusable(path: "/nonexistent/lock", why: "No such file or directory")) {
      _ = try DirectoryLock(directory: "/nonexistent")
    }
  }

  @Test("a lock file that is a link is not followed")
  func link() throws {
    try inTemporaryDirectory { directory in
      try FileManager.default.createSymbolicLink(
        atPath: directory + "/lock", withDestinationPath: directory + "/target")
      #expect(throws: DirectoryLockError.self) { _ = try DirectoryLock(directory: directory) }
      #expect(!FileManager.default.fileExists(atPath: directory + "/target"))
    }
  }
}

/// A file system of a few pages, for as long as a test needs it.
enum SmallDisk {
  /// Whether this process may mount one.
  static let isAvailable: Bool = {
    guard geteuid() == 0 else { return false }
    return (try? with(kilobytes: 64) { _ in }) != nil
  }()

  static func with(kilobytes: Int, _ body: (String) throws -> Void) throws {
    try inTemporaryDirectory { directory in
      guard mount("tmpfs", directory, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
        throw POSIXError(.EPERM)
      }
      defer { umount2(directory, Int32(MNT_DETACH)) }
      try body(directory)
    }
  }

  /// Writes a file until nothing more fits.
  static func fill(_ path: String) {
    let file = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(file) }
    let zeros = [UInt8](repeating: 0, count: 512)
    while write(file, zeros, zeros.count) > 0 {}
  }
}
