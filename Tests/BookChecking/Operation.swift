import Market
import NodeCrypto
import OrderBook

/// One step of a stream. It names orders by their ids, so that a stream from which steps were cut means the same.
package enum Operation: Equatable, Sendable {
  case insert(Order)
  case amend(Order)
  case cancel(OrderID)
  case removeAll(NodeID)
  case take(OrderID, gpus: Int32, SlotRange)
  case putBack(OrderID, gpus: Int32, SlotRange)
  case advance(Timestamp)
  case match(OrderID, MatchContext)
  /// A match of an order that is not put into the book.
  case probe(Order, MatchContext)
  case quote(Order, MatchContext)
  /// A match that is taken of both orders.
  case fill(OrderID, MatchContext)
  /// Matches that are taken of both orders, until there is none.
  case sweep(OrderID, MatchContext)
  /// Puts back the latest fill of the order that is not yet put back.
  case undo(OrderID)
  case explain(OrderID, MatchContext)
  case crossing(OrderID, NodeID)
  case ladder(GPUClassIndex, Side, limit: Int, at: Slot)
  case depth(GPUClassIndex, from: Slot, hours: Int, slotsPerHour: Int64, levels: Int)
  case owned(NodeID)
  /// Keeps a copy of the book as it is.
  case keepCopy
  /// Compares the copies with what the book was when they were made.
  case checkCopies
}

extension Operation {
  /// The order that the step may change or asks about.
  var order: OrderID? {
    switch self {
    case .insert(let order), .amend(let order): order.id
    case .cancel(let id), .take(let id, _, _), .putBack(let id, _, _), .match(let id, _), .fill(let id, _),
      .sweep(let id, _), .undo(let id), .explain(let id, _), .crossing(let id, _):
      id
    case .removeAll, .advance, .probe, .quote, .ladder, .depth, .owned, .keepCopy, .checkCopies: nil
    }
  }

  /// Whether the step may change the book.
  var isChange: Bool {
    switch self {
    case .insert, .amend, .cancel, .removeAll, .take, .putBack, .advance, .fill, .sweep, .undo: true
    case .match, .probe, .quote, .explain, .crossing, .ladder, .depth, .owned, .keepCopy, .checkCopies: false
    }
  }

  /// What matching depends on besides the book.
  var context: MatchContext? {
    switch self {
    case .match(_, let context), .probe(_, let context), .quote(_, let context), .fill(_, let context),
      .sweep(_, let context), .explain(_, let context):
      context
    default: nil
    }
  }
}

/// A stream of operations and the book on which it runs.
package struct OperationStream: Equatable, Sendable {
  package var classVRAMMiB: [UInt32] = []
  package var seed: UInt64 = 0
  package var operations: [Operation] = []

  package init(classVRAMMiB: [UInt32] = [], seed: UInt64 = 0, operations: [Operation] = []) {
    (self.classVRAMMiB, self.seed, self.operations) = (classVRAMMiB, seed, operations)
  }
}
