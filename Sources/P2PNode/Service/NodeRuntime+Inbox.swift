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
    /// A connection that this node opened, and to where.
    case dialed(Connection, PeerAddress)
    /// A message or a piece of one, about how long it is, and the place of the whole.
    case message(PeerMessage, byteCount: Int, Credit)
    case writable(Connection)
    case disconnected(Connection)
  }

  /// What waits for the writer.
  struct Inbox {
    /// Whether the writer has been told that something waits, or will look by itself: it does when the node begins, and
    /// what peers send before that waits until then.
    var isScheduled = true

    /// What the node itself has to tell, and what connections have room again.
    private var events = CircularBuffer<Input>()
    /// What became of the connections' entries.
    private var outcomes = FairQueue<Input>()
    /// New connections, behind them their messages, and behind those their ends.
    private var messages = FairQueue<Input>()

    /// How much of each kind waits.
    var counts: (events: Int, entries: Int, messages: Int) { (events.count, outcomes.count, messages.count) }

    mutating func add(_ input: Input) {
      switch input {
      case .event, .writable: events.append(input)
      case .verified(let outcome):
        outcomes.append(input, from: outcome.credit.connection.id, byteCount: outcome.entry.bytes.count)
      case .message(_, let byteCount, let credit):
        messages.append(input, from: credit.connection.id, byteCount: byteCount)
      case .connected(let connection), .dialed(let connection, _), .disconnected(let connection):
        messages.append(input, from: connection.id, byteCount: 0)
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
