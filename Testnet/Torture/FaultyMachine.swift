import Foundation
import Market

/// The disk and the clock of one node, which break on request: this side of the library `faults`
/// (`Testnet/Faults/include/faults.h`).
struct FaultyMachine: Sendable {
  /// The fields of the library's `control`, in their order.
  private enum Field: Int, CaseIterable {
    case clockOffset
    case failingSync
    case isFull
    case isReadOnly
    case syncDelay
    case syncs
    case failures
  }

  /// How far the parts of a file that are on the disk for good are apart.
  static let sectorBytes = 512
  /// What the store's files begin with; only they are on the disk of ``losePower(keeping:using:)``.
  private static let storePrefix = "store.sqlite"
  /// What means nothing after a restart.
  private static let sharedMemorySuffix = "-shm"

  /// The node's data directory.
  let root: String
  /// Where the library's own files are.
  let state: String
  /// The library.
  let library: String

  private var disk: String { "\(state)/disk" }
  private var control: String { "\(state)/control" }

  /// Makes a machine on which nothing is broken, with all that is in the directory on its disk.
  init(root: String, state: String, library: String) throws {
    self.root = root
    self.state = state
    self.library = library
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let zeros = Data(count: Field.allCases.count * MemoryLayout<Int64>.size)
    try zeros.write(to: URL(fileURLWithPath: control))
    for name in try storeFiles(in: root) {
      try FileManager.default.copyItem(atPath: "\(root)/\(name)", toPath: "\(disk)/\(name)")
    }
  }

  /// What the node's process needs in its environment.
  var environment: [String: String] {
    ["LD_PRELOAD": library, "P2PFAULTS_ROOT": root, "P2PFAULTS_STATE": state]
  }

  // MARK: What is broken

  /// Nothing is broken from now on.
  func repair() throws {
    for field in [Field.clockOffset, .failingSync, .isFull, .isReadOnly, .syncDelay] { try set(field, 0) }
  }

  /// No file grows any more.
  func fill() throws { try set(.isFull, 1) }

  /// Nothing can be written any more.
  func makeReadOnly() throws { try set(.isReadOnly, 1) }

  /// The sync number `count` from now on fails, from 1.
  func failSync(number count: Int) throws { try set(.failingSync, Int64(count)) }

  /// The clock is off by so much.
  func setClock(offset: Duration) throws { try set(.clockOffset, offset.components.seconds * 1000) }

  /// Every sync takes so much longer.
  func delaySyncs(microseconds: Int64) throws { try set(.syncDelay, microseconds) }

  /// Syncs of the process so far, failed ones among them.
  func syncs() throws -> Int64 { try get(.syncs) }

  /// Calls that failed as they were to.
  func failures() throws -> Int64 { try get(.failures) }

  private func set(_ field: Field, _ value: Int64) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: control))
    try file.seek(toOffset: UInt64(field.rawValue * MemoryLayout<Int64>.size))
    try file.write(contentsOf: withUnsafeBytes(of: value) { Data($0) })
    try file.close()
  }

  private func get(_ field: Field) throws -> Int64 {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: control))
    return bytes.dropFirst(field.rawValue * MemoryLayout<Int64>.size).withUnsafeBytes {
      $0.loadUnaligned(as: Int64.self)
    }
  }

  // MARK: Loss of power

  /// How much of what was not synced is on the disk all the same.
  enum Remains {
    /// Nothing.
    case nothing
    /// Each sector with this probability.
    case sectors(Double)
  }

  /// Gives the store's files of a process that has been killed the content that a loss of power would have left.
  ///
  /// - Returns: sectors that were written and are not on the disk, and files that were created or deleted and are not.
  func losePower(
    keeping remains: Remains, using generator: inout some RandomNumberGenerator
  ) throws -> Int {
    var lost = 0
    for name in Set(try storeFiles(in: root) + storeFiles(in: disk)).sorted() {
      let (livePath, diskPath) = ("\(root)/\(name)", "\(disk)/\(name)")
      let live = FileManager.default.contents(atPath: livePath)
      let kept = FileManager.default.contents(atPath: diskPath)
      let left = Self.remains(of: live, over: kept, remains, lost: &lost, using: &generator)
      for path in [livePath, diskPath] {
        if let left {
          try left.write(to: URL(fileURLWithPath: path))
        } else if access(path, F_OK) == 0 {
          try FileManager.default.removeItem(atPath: path)
        }
      }
    }
    // It would be made anew after a restart of the machine.
    try? FileManager.default.removeItem(atPath: "\(root)/\(Self.storePrefix)\(Self.sharedMemorySuffix)")
    return lost
  }

  /// The content of a file after the loss of power; nil when the file is not there.
  static func remains(
    of live: Data?, over kept: Data?, _ remains: Remains, lost: inout Int,
    using generator: inout some RandomNumberGenerator
  ) -> Data? {
    func isKept() -> Bool {
      switch remains {
      case .nothing: false
      case .sectors(let probability): Double.random(in: 0..<1, using: &generator) < probability
      }
    }
    guard let live, let kept else {
      guard live != nil || kept != nil else { return nil }
      let isDone = isKept()
      if !isDone { lost += 1 }
      guard isDone, let live else { return isDone ? nil : kept }
      return Self.remains(of: live, over: Data(), remains, lost: &lost, using: &generator)
    }
    guard live != kept else { return kept }
    var left = kept
    if live.count != kept.count, isKept() {
      left = kept.prefix(live.count) + Data(count: max(0, live.count - kept.count))
    }
    for start in stride(from: 0, to: max(live.count, kept.count), by: sectorBytes) {
      let written = live.dropFirst(start).prefix(sectorBytes)
      guard written != kept.dropFirst(start).prefix(sectorBytes) else { continue }
      if isKept() {
        let end = min(start + written.count, left.count)
        if start < end { left.replaceSubrange(start..<end, with: written.prefix(end - start)) }
      } else {
        lost += 1
      }
    }
    return left
  }

  private func storeFiles(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter {
      $0.hasPrefix(Self.storePrefix) && !$0.hasSuffix(Self.sharedMemorySuffix)
    }
  }
}
