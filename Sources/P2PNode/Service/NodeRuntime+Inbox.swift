import Gossip
import NIOCore
import NodeCore
import Transport

extension NodeRuntime {
  /// What the writer takes.
  enum Input {
    case event(NodeEvent)
    /// What became of an entry.
    case verified(VerificationPool.Outcome)
    case connected(Connection)
    case message(Connection, PeerMessage, byteCount: Int)
    case writable(Connection)
    case disconnected(Connection)
  }

  /// What waits for the writer.
  struct Inbox {
    /// Whether the writer has been told that something waits, or will look by itself: it does when the node begins, and
    /// what peers send before that waits until then.
    var isScheduled = true

    /// What the node itself has to tell, and new connections.
    private var events = CircularBuffer<Input>()
    /// What became of the connections' entries.
    private var outcomes = FairQueue<Input>()
    /// Messages, and the ends of connections behind them.
    private var messages = FairQueue<Input>()

    /// How much of each kind waits.
    var counts: (events: Int, entries: Int, messages: Int) { (events.count, outcomes.count, messages.count) }

    mutating func add(_ input: Input) {
      switch input {
      case .event, .connected, .writable: events.append(input)
      case .verified(let outcome):
        outcomes.append(input, from: outcome.credit.connection.id, byteCount: outcome.entry.bytes.count)
      case .message(let connection, _, let byteCount):
        messages.append(input, from: connection.id, byteCount: byteCount)
      case .disconnected(let connection): messages.append(input, from: connection.id, byteCount: 0)
      }
    }

    /// Takes what is next: some events, then of entries and of messages about `byteCount` bytes each. None of them keeps
    /// the others waiting, and no connection another one.
    ///
    /// - Returns: what to take, and whether more waits.
    mutating func takeBatch(events count: Int, byteCount: Int) -> (inputs: [Input], hasMore: Bool) {
      var inputs = Array(events.prefix(count))
      events.removeFirst(inputs.count)
      outcomes.removeFirst(upTo: byteCount, into: &inputs)
      messages.removeFirst(upTo: byteCount, into: &inputs)
      return (inputs, !messages.isEmpty || !outcomes.isEmpty || !events.isEmpty)
    }
  }
}
