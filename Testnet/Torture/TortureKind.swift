import ArgumentParser

/// What is done to a node.
enum TortureKind: String, CaseIterable, Codable, Sendable, ExpressibleByArgument {
  /// `kill -9` at a random instant, some of them while the node starts.
  case kill
  /// `kill -9`, and what was not synced is not on the disk.
  case lost
  /// `kill -9`, and of what was not synced some sectors are on the disk and some are not.
  case torn
  /// A sync fails with EIO, the first one, the second one and so on; every other time power is lost after it.
  case eio
  /// No file grows any more for a while.
  case full
  /// Nothing can be written for a while.
  case readOnly = "read-only"
  /// The clock is an hour fast or slow for a while.
  case clock
  /// The store is an old copy of itself.
  case backup
  /// A page of the store is damaged.
  case page
  /// The store is one of an earlier version of the software.
  case upgrade

  /// How many cycles of this kind go with `kills` of `kill`.
  func cycles(kills: Int) -> Int {
    switch self {
    case .kill: kills
    case .lost: max(1, kills / 5)
    case .torn, .eio: max(1, kills / 10)
    case .page: max(1, kills / 20)
    case .full, .readOnly, .clock, .backup, .upgrade: max(1, kills / 50)
    }
  }

  /// Whether the nodes run on the disk and the clock of ``FaultyMachine``.
  var needsFaults: Bool {
    switch self {
    case .lost, .torn, .eio, .full, .readOnly, .clock: true
    case .kill, .backup, .page, .upgrade: false
    }
  }

  /// Whether what a node has answered for is on its disk whatever is done to it. A node whose disk itself is lost has
  /// only what its peers had got before.
  var keepsDisk: Bool { self != .backup && self != .page }
}
