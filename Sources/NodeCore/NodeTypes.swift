import Gossip
import Market
import NodeCrypto
import Settlement

/// Names a command until it is answered.
public typealias CommandID = UInt64

/// What a person or a program tells the node to do.
public enum OrderCommand: Sendable {
  /// Place an order.
  case place(OrderBody)
  /// Take an own order out of the book.
  case cancel(OrderID)
  /// Give an own order other terms.
  case amend(OrderID, OrderBody)
}

/// Why a command is refused. Nothing of it has been done, except where the case says otherwise.
public enum CommandRefusal: Error, Equatable, CustomStringConvertible {
  /// The order breaks a rule.
  case order(OrderError)
  /// The node has as many open orders as the genesis allows.
  case tooManyOrders(maximum: Int)
  /// The node has too few settled trades for as many GPUs in open orders.
  case newcomer(gpus: Int32, openGPUs: Int64, maximum: Int64, settled: Int, trades: Int)
  /// The order is post-only and would take from a counter-order at once.
  case wouldTake(counterOrder: OrderID, price: Price)
  /// The owner's policy does not allow the offer.
  case policy(PolicyViolation)
  /// The new key is the own one, or has not signed the handover.
  case badHandover(successor: NodeID)
  /// The new key has signed for another place than that of the next own entry, or a checkpoint is under way.
  case staleHandover(sequence: UInt64)
  /// Something is open that has to be decided before the own feed can end.
  case stillOpen(String)
  /// No open order of this node has that id.
  case noSuchOrder(OrderID)
  /// The node does not write now.
  case notWriting(NodeState)
  /// The store cannot take entries.
  case storeFailing(String)
  /// The store fails; the entry with this command stays queued and takes effect if the store recovers.
  case notDurableYet(String)

  /// What was wrong, and what is allowed.
  public var description: String {
    switch self {
    case .order(let error): "\(error)"
    case .tooManyOrders(let maximum): "\(maximum) orders are open; allowed: at most \(maximum). Cancel some first"
    case .newcomer(let gpus, let open, let maximum, let settled, let trades):
      "the order is for \(gpus) GPUs and \(open) are in other open orders of this node, which has \(settled) settled "
        + "trades; allowed: \(maximum) GPUs together until \(trades) trades have settled, then any number"
    case .wouldTake(let id, let price):
      "the order is post-only and would take at once: it crosses order \(id) at \(Decimal.format(micros: price.micros)); "
        + "allowed: a price that crosses no order, or an order that is not post-only"
    case .policy(let violation): "\(violation)"
    case .noSuchOrder(let id): "order \(id) is not an open order of this node; `orders` lists those"
    case .badHandover(let successor):
      "the handover to \(successor) is not signed by that key; allowed: a new key and its signature"
    case .staleHandover(let sequence):
      "the feed has grown meanwhile; allowed: a handover that names sequence \(sequence). Try again"
    case .stillOpen(let what):
      "\(what) are undecided; allowed: nothing undecided, which takes a moment. Cancel the orders first if it does not end"
    case .notWriting(.rotated):
      "this node's key was handed over to another one; restart the node to go on with that"
    case .notWriting(.stopping): "the node is stopping"
    case .notWriting(.frozen):
      "there is a proof of fraud against this node's identity (`proofs` shows it), which is frozen everywhere; start anew "
        + "with `init`"
    case .notWriting(let state): "the node is \(state.rawValue) and writes nothing"
    case .storeFailing(let why): "the store cannot write: \(why). Nothing was placed"
    case .notDurableYet(let why):
      "the store cannot write: \(why). The order is queued and takes effect if the store recovers; `orders` shows it"
    }
  }
}

/// What the node is doing.
public enum NodeState: String, Sendable {
  /// Asking the peers for the own feed; nothing is written before they have told.
  case recovering
  /// Trading.
  case running
  /// Finishing what is open; nothing new is taken.
  case stopping
  /// The own key was handed over to another one; nothing is written any more under it.
  case rotated
  /// There is a proof of fraud against the own identity; nothing is written any more.
  case frozen
}

/// What happens to the node.
public enum NodeEvent: Sendable {
  /// A connection has been opened; the peer has proved its name.
  case connected(UInt64, node: NodeID, address: PeerAddress, direction: Direction)
  /// A connection has ended.
  case disconnected(UInt64)
  /// A connection takes messages again, of which some were shed because the peer read too slowly.
  case drained(UInt64)
  /// A message has come in.
  case received(UInt64, PeerMessage)
  /// An attempt to connect has reached a node; the connection was reported before.
  case dialed(PeerAddress, node: NodeID)
  /// An attempt to connect has failed; `isOwn` when the address turned out to be this node's.
  case dialFailed(PeerAddress, isOwn: Bool)
  /// An entry has been checked: its operations, or why it is invalid.
  case verified(SignedEntry, Result<[Operation], EntryFault>)
  /// An entry was not checked: before its turn came, the peer that sent it had sent a bad one.
  case unchecked(SignedEntry)
  /// A proof of fraud that came from a peer has been checked.
  case proofVerified(FraudProof, from: NodeID, isValid: Bool)
  /// What was to be collected is a proof of fraud, which has been checked.
  case proofFound(FraudProof)
  /// The own entry with this sequence is on disk.
  case durable(sequence: UInt64)
  /// The store cannot write, and goes on trying.
  case storeFailed(String)
  /// The store writes again.
  case storeRecovered
  /// A command.
  case command(CommandID, OrderCommand)
  /// End the own feed and hand its record over to a new key.
  case rotate(CommandID, SignedHandover)
  /// The moment of ``NodeCore/nextWake`` has come.
  case timer
  /// Finish what is open and take nothing new.
  case stop
}

/// Why an entry is invalid, in words, for whoever sent it.
public struct EntryFault: Error, Equatable, CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public let description: String

  /// A fault described in words.
  public init(_ description: String) { self.description = description }
}

/// What the node wants done.
public enum NodeEffect: Sendable {
  /// Send a message over a connection.
  case send(connection: UInt64, message: [UInt8], priority: SendPriority)
  /// Read the operations of an entry and check its signatures; comes back as ``NodeEvent/verified(_:_:)``.
  case verify(SignedEntry)
  /// Check a proof: ``OperationCodec/shows(_:)`` and ``OperationCodec/signatureChecks(of:)``; comes back as
  /// ``NodeEvent/proofVerified(_:from:isValid:)``.
  case verifyProof(FraudProof, from: NodeID)
  /// Read the stored entries that are missing for a proof, and check that in the same way; a good one comes back as
  /// ``NodeEvent/proofFound(_:)``.
  case collect(FraudCase)
  /// The own entry that is to be kept next places the order of a command. Whoever calls commands by names of its own keeps
  /// the name together with that entry, so that both are on disk or neither is.
  case places(CommandID, OrderID)
  /// Keep an entry, in which these operations are. An own one comes back as ``NodeEvent/durable(sequence:)`` when it is on
  /// disk.
  case persist(SignedEntry, [Operation])
  /// Hold a feed, after what was handed over before is on disk, only from a sequence on: forget what is before it, but
  /// for entries of the node's own, which are kept for their receipts.
  case prune(NodeID, below: UInt64)
  /// Keep a proof of fraud for ever.
  case persistProof(FraudProof)
  /// Restore everything from the store, through ``NodeCore/beginRestore()`` and what follows it, before anything else.
  case rebuild
  /// Answer a peer's request with parts of feeds from the store.
  case serve(connection: UInt64, request: UInt64, ranges: [FeedRange])
  /// Open a connection.
  case dial(PeerAddress)
  /// End a connection.
  case disconnect(connection: UInt64, cause: DisconnectCause)
  /// Answer a command: the order it concerned, or why it is refused.
  case reply(CommandID, Result<OrderID, CommandRefusal>)
  /// Answer a handover: the sequence of the own feed's last entry, which is on disk, or why it is refused.
  case rotated(CommandID, Result<UInt64, CommandRefusal>)
}
