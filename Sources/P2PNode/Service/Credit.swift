import Synchronization
import Transport

/// The place that one received message takes in its connection's window: given back when everything that came of the
/// message is done with, so that a node that verifies or writes more slowly than a peer sends slows that peer down.
final class Credit: Sendable {
  /// The connection over which the message came.
  let connection: Connection
  private let byteCount: Int
  private let holders: Mutex<Int>

  /// The place of a message; held once for each of the pieces in which it is taken in.
  init(connection: Connection, byteCount: Int, pieces: Int) {
    self.connection = connection
    self.byteCount = byteCount
    holders = Mutex(pieces)
  }

  /// One more thing to do comes of the message.
  func hold() { holders.withLock { $0 += 1 } }

  /// One of the things is done; the last gives the place back.
  func release() {
    let isLast = holders.withLock { holders in
      holders -= 1
      return holders == 0
    }
    if isLast { connection.consumed(byteCount) }
  }
}
