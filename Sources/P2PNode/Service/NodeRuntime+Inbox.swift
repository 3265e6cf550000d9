import NIOCore
import NodeCore
import Transport

extension NodeRuntime {
  /// What the writer takes.
  enum Input {
    case event(NodeEvent)
    /// What became of an entry, and the place of the message that it came in.
    case verified(NodeEvent, Credit?)
    case connected(Connection)
    case message(Connection, ByteBuffer)
    case disconnected(Connection)
  }

  /// What waits for the writer.
  struct Inbox {
    /// Whether the writer has been told that something waits.
    var isScheduled = false

    /// What the node itself has to tell, and new connections.
    private var events = CircularBuffer<Input>()
    /// Messages, and the ends of connections behind them.
    private var messages = FairQueue<Input>()

    mutating func add(_ input: Input) {
      switch input {
      case .event, .verified, .connected: events.append(input)
      case .message(let connection, let buffer):
        messages.append(input, from: connection.id, byteCount: buffer.readableBytes)
      case .disconnected(let connection): messages.append(input, from: connection.id, byteCount: 0)
      }
    }

    /// Takes what is next: some events, then of messages about `byteCount` bytes. Neither keeps the other waiting.
    ///
    /// - Returns: what to take, and whether more waits.
    mutating func takeBatch(events count: Int, byteCount: Int) -> (inputs: [Input], hasMore: Bool) {
      var inputs = Array(events.prefix(count))
      events.removeFirst(inputs.count)
      messages.removeFirst(upTo: byteCount, into: &inputs)
      return (inputs, !messages.isEmpty || !events.isEmpty)
    }
  }
}
