import Market
import NodeCrypto

/// Keeps the book's ``SetHash`` up to date with little work: a change only lists the order, and what differs is hashed
/// when the digest is asked for.
struct DigestState: Sendable {
  var hash = SetHash()
  /// Slots of orders whose elements may have to change, each once, and slots that have become vacant since.
  var listed: [Int32] = []
  /// Whether so many have changed that all slots are looked through instead, which takes no memory.
  var listsAll = false
  /// Orders that left the book while their elements were in the hash.
  var departed: [Int32] = []
  /// By slot, of listed orders in the hash: what their elements are made of. For look-up only.
  var hashed: [Int32: HashedOrder] = [:]
}

/// What an order's elements in the hash are made of.
struct HashedOrder: Sendable {
  var content: Digest
  var taken: Int64
  var steps: [CalendarStep]
}

extension BookCore {
  /// Notes that the elements of the order in `slot` may have to change.
  @inline(__always)
  func list(_ slot: Int32) {
    guard !records[slot].flags.contains(.listed) else { return }
    records[slot].flags.insert(.listed)
    if !digestState.listsAll { append(slot) }
  }

  /// Puts a slot on the list of changed orders.
  @inline(never)
  func append(_ slot: Int32) {
    digestState.listed.append(slot)
    if digestState.listed.count > 1024 + Int(records.count) / 8 {
      digestState.listed = []
      digestState.listsAll = true
    }
  }

  /// Keeps what the elements of the order in `slot` are made of, before it changes for the first time.
  @inline(__always)
  func willChange(_ slot: Int32) {
    if records[slot].flags.contains(.hashed), !records[slot].flags.contains(.listed) {
      digestState.hashed[slot] = hashedOrder(slot)
    }
    list(slot)
  }

  func digest() -> Digest {
    let state = digestState
    digestState = DigestState()
    var hash = state.hash
    for slot in state.departed {
      remove(state.hashed[slot] ?? hashedOrder(slot), of: orders[slot], from: &hash)
      records[slot].flags.remove([.hashed, .listed])
      vacate(slot)
    }
    if state.listsAll {
      for slot in 0..<records.count { fold(slot, state, into: &hash) }
    } else {
      for slot in state.listed { fold(slot, state, into: &hash) }
    }
    digestState.hash = hash
    return hash.digest
  }

  /// Brings the elements of the order in `slot`, if it is listed, up to date.
  private func fold(_ slot: Int32, _ state: DigestState, into hash: inout SetHash) {
    guard records[slot].flags.contains(.listed) else { return }
    records[slot].flags.remove(.listed)
    guard records[slot].flags.contains(.present) else { return }
    update(&hash, orders[slot], from: state.hashed[slot], to: hashedOrder(slot))
    records[slot].flags.insert(.hashed)
  }

  func digestFromScratch() -> Digest {
    var hash = SetHash()
    for slot in 0..<records.count where records[slot].flags.contains(.present) {
      update(&hash, orders[slot], from: nil, to: hashedOrder(slot))
    }
    return hash.digest
  }

  private func hashedOrder(_ slot: Int32) -> HashedOrder {
    let extra = records[slot].extra < 0 ? OrderExtra() : extras[records[slot].extra]
    return HashedOrder(
      content: Blake2b.hash(order(slot).canonicalBytes), taken: records[slot].isBid ? extra.taken : 0,
      steps: calendars.steps(extra.calendar))
  }

  private func remove(_ old: HashedOrder, of id: OrderID, from hash: inout SetHash) {
    hash.remove(DigestElement.order(id, old.content))
    if old.taken != 0 { hash.remove(DigestElement.taken(id, old.taken)) }
    for change in old.changes { hash.remove(DigestElement.change(id, change)) }
  }

  /// Replaces the elements of an order, those that differ.
  private func update(_ hash: inout SetHash, _ id: OrderID, from old: HashedOrder?, to new: HashedOrder) {
    if old?.content != new.content {
      if let old { hash.remove(DigestElement.order(id, old.content)) }
      hash.add(DigestElement.order(id, new.content))
    }
    let taken = old?.taken ?? 0
    if taken != new.taken {
      if taken != 0 { hash.remove(DigestElement.taken(id, taken)) }
      if new.taken != 0 { hash.add(DigestElement.taken(id, new.taken)) }
    }
    var before = (old?.changes ?? [])[...]
    var after = new.changes[...]
    while let first = [before.first?.start, after.first?.start].compactMap({ $0 }).min() {
      let was = before.first?.start == first ? before.removeFirst() : nil
      let now = after.first?.start == first ? after.removeFirst() : nil
      if was == now { continue }
      if let was { hash.remove(DigestElement.change(id, was)) }
      if let now { hash.add(DigestElement.change(id, now)) }
    }
  }
}

extension HashedOrder {
  /// The slots at which the number of used GPUs changes, with the difference.
  fileprivate var changes: [CalendarStep] {
    var used: Int64 = 0
    return steps.map { step in
      defer { used = step.used }
      return CalendarStep(start: step.start, used: step.used &- used)
    }
  }
}

/// The bytes of the digest's elements.
private enum DigestElement {
  static func order(_ id: OrderID, _ content: Digest) -> [UInt8] {
    var bytes = begin(0, id)
    content.append(to: &bytes)
    return bytes
  }

  static func taken(_ id: OrderID, _ taken: Int64) -> [UInt8] {
    var bytes = begin(1, id)
    bytes.appendBigEndian(taken)
    return bytes
  }

  static func change(_ id: OrderID, _ change: CalendarStep) -> [UInt8] {
    var bytes = begin(2, id)
    bytes.appendBigEndian(change.start)
    bytes.appendBigEndian(change.used)
    return bytes
  }

  private static func begin(_ kind: UInt8, _ id: OrderID) -> [UInt8] {
    var bytes = Array("p2pnode/book/v1".utf8)
    bytes.append(kind)
    id.append(to: &bytes)
    return bytes
  }
}
