import Gossip
import NodeCore
import Settlement
import Transport

/// What the parts of the node are called in the metrics' labels: names that never change, from fixed sets.
extension Operation {
  /// The place of the kind in ``NodeMetricsCatalog/operations``.
  var metricIndex: Int {
    switch self {
    case .place: 0
    case .cancel: 1
    case .amend: 2
    case .propose: 3
    case .accept: 4
    case .reject: 5
    case .receipt: 6
    case .release: 7
    case .purchase: 8
    case .confirm: 9
    case .withdraw: 10
    case .settle: 11
    case .free: 12
    case .rotate: 13
    case .checkpoint: 14
    }
  }
}

extension RejectReason {
  var metricLabel: String {
    switch self {
    case .orderClosed: "order_closed"
    case .noCapacity: "no_capacity"
    case .badTerms: "bad_terms"
    case .stopping: "stopping"
    case .noHold: "no_hold"
    }
  }
}

extension CommandRefusal {
  var metricLabel: String {
    switch self {
    case .order: "order_rule"
    case .tooManyOrders: "too_many_orders"
    case .newcomer: "newcomer"
    case .wouldTake: "would_take"
    case .policy: "policy"
    case .noSuchOrder: "no_such_order"
    case .badHandover: "bad_handover"
    case .staleHandover: "stale_handover"
    case .stillOpen: "still_open"
    case .notWriting(.stopping): "stopping"
    case .notWriting(.rotated): "rotated"
    case .notWriting(.frozen): "frozen"
    case .notWriting(.recovering), .notWriting(.running): "recovering"
    case .storeFailing: "store_failing"
    case .notDurableYet: "not_durable_yet"
    }
  }
}

extension DisconnectCause {
  var metricLabel: String {
    switch self {
    case .misbehaved: "misbehaved"
    case .duplicate: "duplicate"
    case .banned: "banned"
    case .full: "full"
    case .silent: "silent"
    case .unreliable: "unreliable"
    case .idle: "idle"
    case .refused: "refused"
    case .evicted: "evicted"
    case .replaced: "replaced"
    case .surplus: "surplus"
    case .probed: "probed"
    case .unlinked: "unlinked"
    case .givenUp: "given_up"
    }
  }
}

extension SendPriority {
  var metricLabel: String {
    switch self {
    case .urgent: "urgent"
    case .entry: "entry"
    case .answer: "answer"
    case .announcement: "announcement"
    case .bulk: "bulk"
    }
  }
}

extension OrderCommand {
  var metricLabel: String {
    switch self {
    case .place: "place"
    case .cancel: "cancel"
    case .amend: "amend"
    }
  }
}
