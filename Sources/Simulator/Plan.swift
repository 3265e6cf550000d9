import Market

/// What a run does: who takes part, what goes wrong all the time, and the steps with their moments. Everything is drawn
/// from the seed before the run begins, so that a person can read what a seed does, and steps can be left out.
public struct Plan: Sendable {
  /// The scenario that it was drawn for.
  public var scenario: Scenario
  /// Where it comes from, and what chance of the run is seeded with.
  public var seed: UInt64
  /// Honest nodes at the start.
  public var nodes: Int
  /// Hostile ones.
  public var hostile: [Behaviour]
  /// Whether the hostile ones go on in the liveness phase.
  public var hostilePersist: Bool
  /// What goes wrong all the time until the liveness phase.
  public var conditions: Conditions
  /// After how many entries an author writes a checkpoint, and others forget what was before.
  public var checkpointEntries: Int64
  /// The length of the safety phase in milliseconds.
  public var milliseconds: Int64
  /// What happens, ascending by time.
  public var steps: [Step]
}

/// One thing that happens in a run.
public struct Step: Sendable {
  /// Its number in the plan that was drawn, by which it is named when steps are left out.
  public let number: Int
  /// When, in milliseconds since the network has formed.
  public let at: Int64
  /// What.
  public let action: Action
}

/// What can happen in a run. Nodes are named by numbers that are taken modulo the nodes that there are.
public enum Action: Sendable {
  /// A node places an order.
  case place(node: Int, OrderBody)
  /// The owner of one of the orders placed so far cancels it.
  case cancel(order: Int)
  /// The owner of one of the orders placed so far amends it.
  case amend(order: Int, Amendment)
  /// A node dies; of the commit that runs so many hundredths survive; it starts again after a while.
  case crash(node: Int, survivingPercent: Int, isSilent: Bool, downMilliseconds: Int64)
  /// A node dies and finds part of another's feed unreadable when it starts again.
  case readError(node: Int, feed: Int, downMilliseconds: Int64)
  /// When nothing else is wrong a node starts anew from an old backup, which lacks the end of its own feed.
  case restoreBackup(node: Int, entries: Int, downMilliseconds: Int64)
  /// A new node comes.
  case join(bootstrap: Int)
  /// A node finishes what is open and goes for good.
  case leave(node: Int)
  /// The network falls into parts, by node; packets may still pass from one part to the next.
  case partition(parts: [Int], isOneWay: Bool, breakingPercent: Int64)
  /// Partitions end.
  case heal
  /// The connections between two nodes are reset.
  case reset(Int, Int)
  /// A node hands its feed over to a new key, under which it starts again.
  case rotate(node: Int)
  /// A disk takes nothing for a while.
  case diskFailure(node: Int, milliseconds: Int64)
  /// Commits of all disks take so much longer, for a while.
  case slowDisks(milliseconds: Int64, forMilliseconds: Int64)
  /// A node's clock is set to another difference from the true time.
  case setClock(node: Int, offset: Int64)
}

/// How an order is amended.
public enum Amendment: Sendable {
  /// To another price, in micro-units.
  case price(Int64)
  /// By so many GPUs.
  case gpus(Int32)
  /// To another expiry, in milliseconds since the start of the clock.
  case expiry(Int64)
}

/// A kind of run.
public enum Scenario: String, CaseIterable, Sendable {
  /// Draws everything: which faults there are, how strong, how many nodes.
  case swarm
  /// Nothing goes wrong.
  case calm
  /// Partitions of any shape, one-way ones too.
  case partition
  /// Nodes come, go, die and start again.
  case churn
  /// Disks that lose, tear, fail and are slow.
  case storage
  /// Clocks that differ, drift and are set.
  case clocks
  /// Loss, overtaking, doubled packets, slow links and resets.
  case packets
  /// Hostile nodes.
  case hostile
}

/// What a hostile node does. All but the last few run a real core, whose effects they bend: they say what honest nodes
/// say, but for what their name says.
public enum Behaviour: String, CaseIterable, Sendable {
  /// Runs two cores under one identity, which sign different entries at the same places.
  case twins
  /// Says nothing after it has connected.
  case mute
  /// Answers no request for history, and passes nothing on that is not its own.
  case withholder
  /// Withholds the feeds of some authors, and passes all others on.
  case selective
  /// Answers everything very late.
  case trickler
  /// Flips bits in some of its messages.
  case corrupter
  /// Flips bits in the signatures of entries.
  case forger
  /// Sends bytes without sense, short and long ones.
  case garbler
  /// Sends again what it has received, to everybody.
  case replayer
  /// Floods the network with valid entries.
  case flooder
  /// Asks for the same history again and again.
  case amplifier
  /// Connects under many names, and leaves the connections idle.
  case sybil
  /// Tells addresses at which nobody is.
  case poisoner
  /// Has a clock that is up to an hour off.
  case timeTraveller
  /// Runs on another network with the same nodes.
  case foreigner
  /// Has a feed with a fraud in it, written by hand.
  case swindler
  /// Buys of several makers at once, and does not say what becomes of it before the last moment has passed.
  case lapser
  /// Confirms some legs of a purchase, and not the others.
  case partialCloser
  /// Confirms a purchase to some makers, and tells others that it has come to nothing.
  case doubleCloser
  /// Proposes purchases of different legs at one place of its feed, each to others.
  case doubleProposer
  /// Has cheap offers, in a feed written by hand, and answers no proposal.
  case silentMaker

  /// Buyers whose feeds are written by hand.
  static let crookedBuyers: [Behaviour] = [.lapser, .partialCloser, .doubleCloser, .doubleProposer]
}
