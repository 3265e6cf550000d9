import NIOCore
import Synchronization

/// All channels of a transport: who may come in, who is there, and what a shutdown must close.
///
/// | entry | event | next |
/// |---|---|---|
/// | none | `admitInbound`, `admitOutbound` | admitted, without a channel yet when outbound |
/// | admitted | `attach` | with a channel, in its handshake |
/// | in its handshake | `activate` | with a connection |
/// | any | `release` | none |
///
/// After `beginShutdown` every step but the last is refused.
final class ConnectionRegistry: Sendable {
  private struct Entry {
    let group: AddressGroup?
    var channel: (any Channel)?
    var connection: Connection?
  }

  private struct State {
    var admission: AdmissionControl
    var entries: [ConnectionID: Entry] = [:]
    var listeners: [any Channel] = []
    var lastID: UInt64 = 0
    var isShutDown = false

    mutating func add(_ entry: Entry) -> ConnectionID {
      lastID += 1
      let id = ConnectionID(rawValue: lastID)
      entries[id] = entry
      return id
    }
  }

  /// What a shutdown finds, in the order of admission.
  struct Remainder: Sendable {
    let listeners: [any Channel]
    let handshakes: [any Channel]
    let connections: [Connection]
    /// The channels of both.
    let channels: [any Channel]
  }

  private let state: Mutex<State>

  /// An empty registry.
  init(_ configuration: TransportConfiguration) {
    state = Mutex(State(admission: AdmissionControl(configuration)))
  }

  /// The established connections, in the order of admission.
  var connections: [Connection] {
    state.withLock { $0.entries.values.compactMap(\.connection) }.sorted { $0.id < $1.id }
  }

  /// The established connection with this id.
  func connection(_ id: ConnectionID) -> Connection? {
    state.withLock { $0.entries[id]?.connection }
  }

  /// Whether `beginShutdown` was called.
  var isShutDown: Bool { state.withLock { $0.isShutDown } }

  /// Adds an accepted channel, until it closes.
  ///
  /// - Throws: `shutdown`, `tooManyConnections`, `tooManyConnectionsFromAddress`.
  func admitInbound(_ channel: any Channel) throws(DisconnectReason) -> ConnectionID {
    let group = AddressGroup(channel.remoteAddress)
    let id = try state.withLock { (state) throws(DisconnectReason) in
      guard !state.isShutDown else { throw .shutdown }
      try state.admission.admitInbound(from: group)
      return state.add(Entry(group: group, channel: channel))
    }
    channel.closeFuture.whenComplete { _ in self.release(id) }
    return id
  }

  /// Adds a connection that is about to be dialed. It must be released or attached.
  ///
  /// - Throws: `shutdown`, `tooManyConnections`.
  func admitOutbound() throws(DisconnectReason) -> ConnectionID {
    try state.withLock { (state) throws(DisconnectReason) in
      guard !state.isShutDown else { throw .shutdown }
      try state.admission.admitOutbound()
      return state.add(Entry(group: nil))
    }
  }

  /// Gives a dialed connection its channel; it is released when that closes.
  ///
  /// - Throws: `shutdown`. The caller closes the channel then.
  func attach(_ channel: any Channel, to id: ConnectionID) throws(DisconnectReason) {
    channel.closeFuture.whenComplete { _ in self.release(id) }
    try state.withLock { (state) throws(DisconnectReason) in
      guard !state.isShutDown else { throw .shutdown }
      state.entries[id]?.channel = channel
    }
  }

  /// Adds the connection that a handshake led to.
  ///
  /// - Throws: `shutdown`.
  func activate(_ connection: Connection) throws(DisconnectReason) {
    try state.withLock { (state) throws(DisconnectReason) in
      guard !state.isShutDown else { throw .shutdown }
      state.entries[connection.id]?.connection = connection
    }
  }

  /// Removes a connection; nothing when it is removed already.
  func release(_ id: ConnectionID) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: id) else { return }
      state.admission.release(entry.group)
    }
  }

  /// Adds a listening channel.
  ///
  /// - Throws: `shutdown`. The caller closes the channel then.
  func add(listener: any Channel) throws(DisconnectReason) {
    try state.withLock { (state) throws(DisconnectReason) in
      guard !state.isShutDown else { throw .shutdown }
      state.listeners.append(listener)
    }
  }

  /// Refuses everything from now on.
  ///
  /// - Returns: what there is to close; after the first call the same again, less what has closed.
  func beginShutdown() -> Remainder {
    state.withLock { state in
      state.isShutDown = true
      let entries = state.entries.sorted { $0.key < $1.key }.map(\.value)
      return Remainder(
        listeners: state.listeners,
        handshakes: entries.filter { $0.connection == nil }.compactMap(\.channel),
        connections: entries.compactMap(\.connection),
        channels: entries.compactMap(\.channel))
    }
  }
}
