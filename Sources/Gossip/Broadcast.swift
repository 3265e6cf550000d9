import DequeModule
import Market
import NodeCrypto

/// Spreads new entries over the neighbours: Plumtree (Leitão, Pereira, Rodrigues: Epidemic Broadcast Trees, 2007), made
/// aware of direction.
///
/// Plumtree keeps one tree for everybody: a neighbour is eager (gets entries at once) or lazy (gets announcements, and
/// asks for what does not come otherwise). With many publishers a single tree is a detour for most of them. Here each
/// pair of neighbours has a ``Cell`` of its own: whether what first came from one is pushed eagerly to the other. The
/// neighbours say which pushes were duplicates, and ask for what was only announced; a cell turns by these shares, over
/// a window, rather than at the first duplicate, so that one late packet does not tear a path down.
///
/// | a cell is | what its reports say | it turns |
/// |---|---|---|
/// | eager | of the last 16 sends or more, 17 of 20 were duplicates | lazy |
/// | lazy | at least two announcements, and one of 5, were asked for | eager |
///
/// Own entries go to all neighbours eagerly. An entry is named by the first eight bytes of its id: who makes two entries
/// with one name keeps others from hearing of one of them at first, and gains nothing; the comparison of heads finds it.
struct Broadcast: Sendable {
  /// Whether what comes from one neighbour goes to another eagerly, and what the reports have said since it was last
  /// judged.
  struct Cell: Sendable {
    var isLazy = false
    /// Pushes while eager, announcements while lazy.
    var sends: UInt16 = 0
    /// Duplicates while eager, requests while lazy.
    var reports: UInt16 = 0

    /// An entry was pushed or, while lazy, announced.
    mutating func sent(_ parameters: BroadcastParameters) {
      if sends >= 2 * parameters.window {
        sends /= 2
        reports /= 2
      }
      sends += 1
    }

    /// A push was a duplicate.
    mutating func wasDuplicate(_ parameters: BroadcastParameters) {
      guard !isLazy else { return }
      reports = min(reports + 1, sends)
      if sends >= parameters.window, Int(reports) * 100 >= Int(sends) * parameters.lazyPercent { turn() }
    }

    /// What was announced was asked for.
    mutating func wasRequested(_ parameters: BroadcastParameters) {
      guard isLazy else { return }
      reports = min(reports + 1, sends)
      if reports >= parameters.eagerRequests, Int(reports) * 100 >= Int(sends) * parameters.eagerPercent { turn() }
    }

    private mutating func turn() {
      isLazy.toggle()
      sends = 0
      reports = 0
    }
  }

  let parameters: BroadcastParameters
  var neighbours: [UInt64: Neighbour] = [:]
  /// The neighbours ascending, which is the order of all that leaves.
  private(set) var connections: [UInt64] = []
  private var slots = SlotSet()
  /// By the slot of the neighbour from which an entry came, then by that of the one it goes to.
  private var cells: [[Cell]] = []
  var items: [UInt64: Item] = [:]
  private var remembered = Deque<UInt64>()
  private var kept = Deque<UInt64>()
  private(set) var keptBytes = 0
  private(set) var missing: [UInt64: Missing] = [:]
  private var graftAlarms = AlarmQueue()
  private var retryAlarms = AlarmQueue()
  private var promiseAlarms = AlarmQueue()
  var auditAlarms = AlarmQueue()
  /// Entries that neighbours have brought first.
  var arrivals = 0
  private var flushDue: Timestamp?
  var reportDue: Timestamp?

  init(parameters: BroadcastParameters = BroadcastParameters()) { self.parameters = parameters }

  /// What an entry is called in announcements.
  static func name(of entry: EntryID) -> UInt64 { entry.word0 }

  // MARK: Neighbours

  /// A neighbour is there; its cells are eager. One more than there is room for gets what is new by comparing heads.
  ///
  /// - Parameter takesAll: whether it gets the entries of all authors, or only this node's own.
  mutating func connected(_ connection: UInt64, takesAll: Bool, now: Timestamp) {
    neighbours[connection]?.takesAll = takesAll
    guard neighbours[connection] == nil, let slot = slots.firstAbsent else { return }
    slots.insert(slot)
    // The first that it announces is asked for: whether it carries shows before much is lost.
    neighbours[connection] = Neighbour(
      slot: slot, takesAll: takesAll, broughtAt: arrivals - parameters.auditEntries, spokeAt: (arrivals, now))
    connections.insert(connection, at: connections.firstIndex { $0 > connection } ?? connections.count)
    if cells.count <= slot {
      for row in cells.indices { cells[row].append(Cell()) }
      cells.append(Array(repeating: Cell(), count: slot + 1))
    }
    for other in cells.indices {
      cells[other][slot] = Cell()
      cells[slot][other] = Cell()
    }
  }

  /// A neighbour is gone, and with it what it promised. O(what is remembered).
  mutating func disconnected(_ connection: UInt64) {
    guard let gone = neighbours.removeValue(forKey: connection) else { return }
    slots.remove(gone.slot)
    connections.removeAll { $0 == connection }
    // What was its is not the next neighbour's in its place. By index: to go through the keys would copy the dictionary
    // with the first change.
    var item = items.startIndex
    while item < items.endIndex {
      items.values[item].forget(gone.slot, connection)
      items.formIndex(after: &item)
    }
    missing = missing.compactMapValues { missing in
      var missing = missing
      missing.forget(connection)
      return missing.announcers.isEmpty ? nil : missing
    }
  }

  /// Whether there is a neighbour at this connection.
  func isNeighbour(_ connection: UInt64) -> Bool { neighbours[connection] != nil }

  // MARK: Entries

  /// A neighbour has sent an entry that is new here: it is not asked for any more.
  ///
  /// - Parameters:
  ///   - isPush: whether it was pushed; what was fetched as history is only announced to others.
  ///   - isOwn: whether the neighbour is its author.
  mutating func arrived(
    _ entry: SignedEntry, from connection: UInt64, isPush: Bool, isOwn: Bool, now: Timestamp
  ) {
    let name = Self.name(of: entry.id)
    if items[name] == nil {
      // What has to be fetched although it is new shows that there was something to pass on, too.
      if isPush || now - entry.time < parameters.silentMilliseconds { arrivals += 1 }
      if isPush, !isOwn { carried(connection, now: now) }
      remember(name, Item(author: entry.author, sequence: entry.sequence, from: connection, isNew: isPush))
    }
    if let slot = neighbours[connection]?.slot { items[name]?.holders.insert(slot) }
    found(name)
  }

  /// A neighbour has pushed an entry that had come before.
  ///
  /// - Parameter isOwn: whether the neighbour is its author.
  mutating func arrivedAgain(_ entry: EntryID, from connection: UInt64, isOwn: Bool, now: Timestamp) {
    let name = Self.name(of: entry)
    guard let slot = neighbours[connection]?.slot else { return }
    if !isOwn, let item = items[name], !item.holders.contains(slot) { carried(connection, now: now) }
    items[name]?.holders.insert(slot)
    guard items[name]?.asked.contains(slot) != true else { return }
    neighbours[connection]?.duplicates.append(name)
    reportDue = reportDue ?? now + parameters.reportMilliseconds
  }

  /// An entry has been appended to its feed: it is passed on.
  ///
  /// - Parameter holds: whether a neighbour is known to hold it.
  /// - Returns: the neighbours to push it to now, ascending; the others hear of it at the next flush.
  mutating func spread(_ entry: SignedEntry, now: Timestamp, holds: (UInt64) -> Bool) -> [UInt64] {
    let name = Self.name(of: entry.id)
    found(name)
    if items[name] == nil {
      remember(name, Item(author: entry.author, sequence: entry.sequence, from: nil, isNew: true))
    }
    keep(entry, name)
    guard let item = items[name] else { return [] }
    let row = item.from.flatMap { neighbours[$0]?.slot }
    var pushes: [UInt64] = []
    for connection in connections {
      guard let neighbour = neighbours[connection], neighbour.takesAll || item.from == nil else { continue }
      let slot = neighbour.slot
      guard connection != item.from, !item.holders.contains(slot), !holds(connection) else { continue }
      if item.isNew, !isLazy(from: row, to: slot) {
        pushes.append(connection)
        items[name]?.holders.insert(slot)
      } else {
        neighbours[connection]?.announcements.append(name)
        flushDue = flushDue ?? now + parameters.flushMilliseconds
      }
      if item.isNew, let row { cells[row][slot].sent(parameters) }
    }
    return pushes
  }

  // MARK: Reports

  /// A neighbour announces entries that it holds.
  mutating func announced(_ names: [UInt64], by connection: UInt64, now: Timestamp) {
    guard let slot = neighbours[connection]?.slot else { return }
    for name in names {
      if items[name] != nil {
        let isNews = items[name]?.holders.contains(slot) == false
        items[name]?.holders.insert(slot)
        if isNews { audit(connection, name, now: now) }
        continue
      }
      neighbours[connection]?.spokeAt = (arrivals, now)
      guard neighbours[connection].map({ $0.tracked < parameters.trackedPerPeer }) == true else { return }
      if let known = missing[name] {
        guard !known.announcers.contains(connection) else { continue }
        missing[name]?.announcers.append(connection)
        if known.askedCount == known.announcers.count {
          retryAlarms.append(name, at: now + parameters.nextGraftMilliseconds)
        }
      } else {
        missing[name] = Missing(announcers: [connection])
        graftAlarms.append(name, at: now + parameters.firstGraftMilliseconds)
      }
      neighbours[connection]?.tracked += 1
    }
  }

  /// A neighbour says that these had come to it before.
  mutating func reportedDuplicates(_ names: [UInt64], by connection: UInt64) {
    guard let slot = neighbours[connection]?.slot else { return }
    for name in names {
      guard let from = items[name]?.from, let row = neighbours[from]?.slot else { continue }
      cells[row][slot].wasDuplicate(parameters)
    }
  }

  /// A neighbour asks for entries that were announced to it.
  ///
  /// - Returns: those to send, in the order asked for.
  mutating func requested(_ names: [UInt64], by connection: UInt64) -> [Item] {
    guard let slot = neighbours[connection]?.slot else { return [] }
    var answers: [Item] = []
    for name in names {
      guard let item = items[name], item.serves[connection, default: 0] < parameters.servesPerEntry else { continue }
      items[name]?.serves[connection, default: 0] += 1
      items[name]?.holders.insert(slot)
      answers.append(item)
      guard let from = item.from, let row = neighbours[from]?.slot else { continue }
      cells[row][slot].wasRequested(parameters)
    }
    return answers
  }

  // MARK: Time

  /// The next moment at which ``timer(now:)`` has something to do.
  var nextDue: Timestamp? {
    [
      flushDue, reportDue, graftAlarms.nextDue, retryAlarms.nextDue, promiseAlarms.nextDue, auditAlarms.nextDue,
    ].compactMap { $0 }.min()
  }

  /// Asks for what was announced and has not come.
  ///
  /// - Returns: the messages to send now, by connection ascending, and what neighbours did not keep.
  mutating func timer(now: Timestamp) -> (messages: [TreeMessage], broken: [BrokenWord]) {
    while let alarm = graftAlarms.popDue(now: now) { ask(alarm.name, now: now) }
    while let alarm = retryAlarms.popDue(now: now) { ask(alarm.name, now: now) }
    var broken = failedAudits(now: now)
    while let alarm = promiseAlarms.popDue(now: now) {
      guard let peer = alarm.promise, missing[alarm.name]?.asking.contains(peer) == true else { continue }
      missing[alarm.name]?.asking.removeAll { $0 == peer }
      neighbours[peer]?.inFlight -= 1
      broken.append(BrokenWord(connection: peer, penalty: .brokenPromise))
      if let left = missing[alarm.name], left.asking.isEmpty, left.askedCount == left.announcers.count {
        forgetMissing(alarm.name)
      }
    }
    return (takeMessages(now: now), broken)
  }

  private mutating func ask(_ name: UInt64, now: Timestamp) {
    guard let wanted = missing[name] else { return }
    var next = wanted.askedCount
    while next < wanted.announcers.count,
      neighbours[wanted.announcers[next]].map({ $0.inFlight >= parameters.graftsInFlight }) ?? true
    {
      next += 1
    }
    guard next < wanted.announcers.count else {
      // Nobody can be asked now. While an answer is awaited its alarm goes on; otherwise it is tried again.
      if wanted.asking.isEmpty, wanted.askedCount < wanted.announcers.count {
        retryAlarms.append(name, at: now + parameters.nextGraftMilliseconds)
      }
      return
    }
    let peer = wanted.announcers[next]
    missing[name]?.announcers.swapAt(next, wanted.askedCount)
    missing[name]?.askedCount += 1
    missing[name]?.asking.append(peer)
    neighbours[peer]?.grafts.append(name)
    neighbours[peer]?.inFlight += 1
    retryAlarms.append(name, at: now + parameters.nextGraftMilliseconds)
    promiseAlarms.append(name, at: now + parameters.promiseMilliseconds, promise: peer)
  }

  /// What is due to each neighbour, and with it whatever else there is for it.
  private mutating func takeMessages(now: Timestamp) -> [TreeMessage] {
    let isFlush = flushDue.map { $0 <= now } ?? false
    let isReport = reportDue.map { $0 <= now } ?? false
    var messages: [TreeMessage] = []
    for connection in connections {
      guard var neighbour = neighbours[connection] else { continue }
      if isFlush {
        // It may have said meanwhile that it holds one.
        neighbour.announcements.removeAll { items[$0]?.holders.contains(neighbour.slot) ?? true }
      }
      let isDue =
        !neighbour.grafts.isEmpty || (isFlush && !neighbour.announcements.isEmpty)
        || (isReport && !neighbour.duplicates.isEmpty)
      if isDue {
        var rest = TreeMessage(
          connection: connection, announcements: neighbour.announcements, duplicates: neighbour.duplicates,
          grafts: neighbour.grafts)
        while let part = rest.takePrefix(parameters.idsPerMessage) { messages.append(part) }
        neighbour.announcements = []
        neighbour.duplicates = []
        neighbour.grafts = []
      }
      neighbours[connection] = neighbour
    }
    if isFlush { flushDue = nil }
    if isReport { reportDue = nil }
    return messages
  }

  // MARK: Parts

  /// What was announced is here.
  private mutating func found(_ name: UInt64) {
    guard let wanted = missing[name] else { return }
    for connection in wanted.announcers {
      guard let slot = neighbours[connection]?.slot else { continue }
      items[name]?.holders.insert(slot)
    }
    for connection in wanted.announcers.prefix(wanted.askedCount) {
      guard let slot = neighbours[connection]?.slot else { continue }
      items[name]?.asked.insert(slot)
    }
    forgetMissing(name)
  }

  private mutating func forgetMissing(_ name: UInt64) {
    guard let gone = missing.removeValue(forKey: name) else { return }
    for connection in gone.announcers { neighbours[connection]?.tracked -= 1 }
    for connection in gone.asking { neighbours[connection]?.inFlight -= 1 }
  }

  private mutating func remember(_ name: UInt64, _ item: Item) {
    items[name] = item
    remembered.append(name)
    while remembered.count > parameters.remembered {
      let gone = items.removeValue(forKey: remembered.removeFirst())
      keptBytes -= gone?.entry?.bytes.count ?? 0
    }
  }

  private mutating func keep(_ entry: SignedEntry, _ name: UInt64) {
    guard items[name]?.entry == nil else { return }
    items[name]?.entry = entry
    kept.append(name)
    keptBytes += entry.bytes.count
    // What was forgotten is not kept either.
    while let oldest = kept.first, kept.count > 1, items[oldest]?.entry == nil || keptBytes > parameters.keptBytes {
      kept.removeFirst()
      keptBytes -= items[oldest]?.entry?.bytes.count ?? 0
      items[oldest]?.entry = nil
    }
  }

  private func isLazy(from row: Int?, to slot: Int) -> Bool { row.map { cells[$0][slot].isLazy } ?? false }
}
