/// Whose orders, trades or receipts a list shows.
public enum ListScope: String, Codable, Sendable {
  /// Only this node's.
  case mine
  /// Everything the node knows.
  case all
}

/// A command line that was understood.
public enum Command: Hashable, Sendable {
  /// `offer …` or `bid …`.
  case place(OrderRequest)
  /// `offer from-hardware …`.
  case offerHardware(HardwareOffer)
  /// `amend ORDER …`.
  case amend(order: String, AmendDraft)
  /// `quote …`.
  case quote(QuoteRequest)
  /// `depth CLASS`, for the next `spanMs` milliseconds, with what `gpus` GPUs would cost.
  case depth(gpuClass: String, spanMs: Int64?, gpus: Int64?)
  /// `index`.
  case index
  /// `candles CLASS`, of the given intervals.
  case candles(gpuClass: String, IntervalRange)
  /// `cancel ORDER`.
  case cancel(order: String)
  /// `book`.
  case summary
  /// `book CLASS`, with at most `limit` orders on each side.
  case book(gpuClass: String, limit: Int)
  /// `orders`.
  case orders(ListScope)
  /// `trades`.
  case trades(ListScope)
  /// `receipts`.
  case receipts(ListScope)
  /// `why ORDER`.
  case why(order: String)
  /// `record`, of one node or of the own.
  case record(node: String?)
  /// `verify FILE`.
  case verify(file: String)
  /// `proofs`.
  case proofs
  /// `peers`.
  case peers
  /// `status`.
  case status
  /// `classes`.
  case classes
  /// `devices`.
  case devices
  /// `watch`, of a command that changes nothing.
  indirect case watch(Command)
  /// `help`, of one command or of all.
  case help(CommandName?)
  /// `stop`.
  case stop
  /// `quit` or `exit`.
  case quit
}
