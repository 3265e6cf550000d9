import Foundation
import Market
import NIOCore
import NodeAPI
import NodeCore
import NodeCrypto
import Synchronization

/// Tells the clients of `GET /v1/events` what happens in the node.
///
/// The core notes changes only while somebody listens, and for a while after, so that a client which comes back resumes.
/// What it has noted is taken some times a second, and looked up then: changes of one order in between are one event.
final class EventHub: Sendable {
  /// Clients that listen at most.
  static let maximumListeners = 64
  /// How long the core notes changes for nobody, so that a client which comes back finds what it missed.
  static let resumableSpan = Duration.seconds(60)
  /// How often changes are taken at most, and how often what only time changes is looked at.
  static let shortestPause = Duration.milliseconds(50)
  static let tick = Duration.seconds(1)
  /// The writer makes documents during at most one part in so many of its time.
  static let pauseFactor = 10

  private struct State: Sendable {
    var log: EventLog
    var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var nextListener: UInt64 = 0
    var isRunning = false
    var isClosed = false
    /// Since when nobody listens.
    var idleSince = ContinuousClock.now
  }

  private let runtime: NodeRuntime
  private let status: StatusSource
  private let state: Mutex<State>
  /// Used on the writer's queue alone, so that nobody waits for it while it makes documents.
  private let collector = Mutex(EventCollector())

  /// A hub of what `runtime` does.
  init(runtime: NodeRuntime, status: StatusSource) {
    self.runtime = runtime
    self.status = status
    state = Mutex(State(log: EventLog(start: Hex.encode(Sodium.randomBytes(count: 6)))))
  }

  // MARK: Listening

  /// A client's part of the hub, which ends with its last reference.
  final class Listener: Sendable {
    /// Gives a value whenever something may have happened, at least once in each ``EventHub/tick``, and ends with the node.
    let wakes: AsyncStream<Void>
    private let hub: EventHub
    private let number: UInt64

    fileprivate init(hub: EventHub, number: UInt64, wakes: AsyncStream<Void>) {
      self.hub = hub
      self.number = number
      self.wakes = wakes
    }

    deinit { hub.remove(number) }

    /// Ends ``wakes``.
    func cancel() { hub.remove(number) }
  }

  /// Listens; from here on nothing is missed.
  ///
  /// - Throws: a problem when the node is stopping or too many listen.
  func listen() async throws(Problem) -> Listener {
    let (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let added = state.withLock { state -> Result<(UInt64, Bool), Problem> in
      guard !state.isClosed else { return .failure(Problem(.notWriting(.stopping))) }
      guard state.listeners.count < Self.maximumListeners else { return .failure(.tooManyListeners) }
      let number = state.nextListener
      state.nextListener += 1
      state.listeners[number] = continuation
      defer { state.isRunning = true }
      return .success((number, state.isRunning))
    }
    let (number, isRunning) = try added.get()
    let listener = Listener(hub: self, number: number, wakes: wakes)
    await runtime.read { core, now in self.begin(&core, now: now) }
    if !isRunning { Task { await self.run() } }
    continuation.yield()
    return listener
  }

  private func begin(_ core: inout NodeCore, now: Timestamp) {
    guard !core.notesChanges else { return }
    collector.withLock { $0.begin(&core, now: now) }
    state.withLock { $0.log.breakOff() }
  }

  private func remove(_ number: UInt64) {
    let continuation = state.withLock { state -> AsyncStream<Void>.Continuation? in
      let removed = state.listeners.removeValue(forKey: number)
      if state.listeners.isEmpty { state.idleSince = .now }
      return removed
    }
    continuation?.finish()
  }

  /// The place of a client that has seen the event with `id`.
  func place(ofID id: String) -> UInt64? { state.withLock { $0.log.place(ofID: id) } }

  /// What comes next for a client.
  func next(after place: UInt64?, filter: EventFilter) -> EventLog.Step {
    let step = state.withLock { $0.log.next(after: place, filter: filter) }
    if case .reset = step, place != nil { runtime.instruments.eventResets.increment() }
    return step
  }

  /// How many listen, and how much is held for them.
  var figures: (listeners: Int, events: Int, byteCount: Int) {
    state.withLock { ($0.listeners.count, $0.log.count, $0.log.byteCount) }
  }

  /// What keeps the connection of a client, with its place.
  func heartbeat(at place: UInt64) -> ByteBuffer { state.withLock { $0.log.heartbeat(at: place) } }

  /// Ends all that listen; nobody can any more.
  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      defer { state.listeners = [:] }
      return state.listeners
    }
    for continuation in listeners.values { continuation.finish() }
  }

  // MARK: Telling

  private func run() async {
    var nextTick = ContinuousClock.now
    while true {
      let started = ContinuousClock.now
      let isTick = started >= nextTick
      let (news, duration) = await runtime.read { core, now in self.collect(&core, now: now, isTick: isTick) }
      guard let news else { return }
      append(news)
      if isTick {
        nextTick = started + Self.tick
        append(await status.document(runtime))
      }
      if isTick || !news.isEmpty { wake() }
      try? await Task.sleep(for: max(Self.shortestPause, duration * Self.pauseFactor))
    }
  }

  /// What has happened, and how long it took to find out; no news when nobody wants them any more.
  private func collect(_ core: inout NodeCore, now: Timestamp, isTick: Bool) -> ([EventCollector.News]?, Duration) {
    let isOver = state.withLock { state in
      guard state.isClosed || (state.listeners.isEmpty && .now - state.idleSince > Self.resumableSpan) else {
        return false
      }
      state.isRunning = false
      return true
    }
    return collector.withLock { collector in
      guard !isOver else {
        core.notesChanges = false
        collector = EventCollector()
        return (nil, .zero)
      }
      let started = ContinuousClock.now
      var news = collector.changes(&core, now: now)
      if isTick { news += collector.tick(&core, now: now) }
      return (news, .now - started)
    }
  }

  private func append(_ news: [EventCollector.News]) {
    let encoded = news.map { ($0, $0.json) }
    state.withLock { state in
      for (news, json) in encoded {
        switch news {
        case .book(let event): state.log.append(.book, gpuClass: event.gpuClass, json: json)
        case .trade(let trade): state.log.append(.trades, gpuClass: trade.gpuClass, json: json)
        case .order: state.log.append(.orders, json: json)
        case .peers: state.log.append(.peers, json: json)
        case .lost: state.log.breakOff()
        }
      }
    }
  }

  private func append(_ document: StatusDocument) {
    let json = EventCollector.json(document)
    state.withLock { $0.log.append(.status, json: json) }
  }

  private func wake() {
    let listeners = state.withLock { $0.listeners }
    for continuation in listeners.values { continuation.yield() }
  }
}

extension EventCollector {
  /// A document in one line.
  static func json(_ document: some Encodable) -> Data {
    do {
      return try NodeJSON.encode(document)
    } catch {
      preconditionFailure("a document does not encode: \(error)")
    }
  }
}

extension EventCollector.News {
  /// The event's document in one line.
  fileprivate var json: Data {
    switch self {
    case .book(let document): EventCollector.json(document)
    case .trade(let document): EventCollector.json(document)
    case .order(let document): EventCollector.json(document)
    case .peers(let count): EventCollector.json(PeersEventDocument(peers: count))
    case .lost: Data()
    }
  }
}
