import Foundation
import NodeCrypto
import Store

let networkID = NetworkID(word0: 1, word1: 2, word2: 3, word3: 4)

/// The node with the given number.
func node(_ number: UInt64) -> NodeID { NodeID(word0: number, word1: 0, word2: 0, word3: 0) }

/// An entry to keep.
func entry(_ author: UInt64, _ sequence: UInt64, _ bytes: [UInt8] = [1, 2, 3]) -> StoredEntry {
  StoredEntry(
    author: node(author), sequence: sequence, bytes: bytes, signature: [UInt8](repeating: UInt8(author), count: 64))
}

/// Calls `body` with the path of a new directory, which is removed afterwards.
func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("store-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: url) }
  try body(url.path)
}

extension EntryStore {
  /// The store of node 1.
  convenience init(in directory: String) throws {
    try self.init(path: directory + "/feeds.sqlite", network: networkID, node: node(1))
  }

  /// Every entry in the order of the store.
  func allEntries() throws -> [StoredEntry] {
    var all: [StoredEntry] = []
    try forEachEntry { all.append($0) }
    return all
  }
}
