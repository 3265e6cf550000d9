import Market
import NodeCrypto

/// Keeps the book's ``SetHash`` up to date with little work: a change only lists the order, and what differs is hashed
/// when the digest is asked for.
struct DigestState: Sendable {
  var hash = SetHash()
  /// Slots of orders whose elements may have to change, each once, and slots that have become vacant since.
  var listed: [Int32] = []
  /// Whether so many have changed that all slots are looked through as well, which takes no memory.
  var listsAll = false
  /// How many slots have been looked through; what changes in one of these again is listed.
  var looked: Int32 = 0
  /// Orders that left the book while their elements were in the hash.
  var departed: [Int32] = []
  /// By slot, of listed orders in the hash: what their elements are made of. For look-up only.
  var hashed: [Int32: HashedOrder] = [:]

  /// How many orders' elements may have to change, at most.
  func backlog(of slots: Int) -> Int { listsAll ? slots : listed.count + departed.count }

  /// Whether the hash is the book's.
  var isUpToDate: Bool { listed.isEmpty && departed.isEmpty && !listsAll }

  /// Whether `slot` is looked at without being listed.
  @inline(__always)
  func willLook(at slot: Int32) -> Bool { listsAll && slot >= looked }
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
    if !digestState.willLook(at: slot) { append(slot) }
  }

  /// Puts a slot on the list of changed orders.
  @inline(never)
  func append(_ slot: Int32) {
    digestState.listed.append(slot)
    if digestState.listed.count > 1024 + Int(records.count) / 8 {
      digestState.listed = []
      digestState.listsAll = true
      digestState.looked = 0
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
    advanceDigest(by: .max)
    return digestState.hash.digest
  }

  /// Brings the hash up to date as far as that takes the elements of `limit` orders; whether it is now.
  @discardableResult
  func advanceDigest(by limit: Int) -> Bool {
    var left = limit
    // First, so that a slot that is listed as well is vacant when it is its turn.
    while left > 0, let slot = digestState.departed.popLast() {
      let old = digestState.hashed.removeValue(forKey: slot) ?? hashedOrder(slot)
      remove(old, of: orders[slot], from: &digestState.hash)
      records[slot].flags.remove([.hashed, .listed])
      vacate(slot)
      left -= 1
    }
    while left > 0, digestState.listsAll {
      if digestState.looked < records.count {
        if fold(digestState.looked) { left -= 1 }
        digestState.looked += 1
      } else {
        digestState.listsAll = false
        digestState.looked = 0
      }
    }
    while left > 0, let slot = digestState.listed.popLast() {
      if fold(slot) { left -= 1 }
    }
    guard digestState.isUpToDate else { return false }
    digestState.listed = []
    digestState.departed = []
    digestState.hashed = [:]
    return true
  }

  /// Brings the elements of the order in `slot`, if it is listed, up to date; whether it was.
  private func fold(_ slot: Int32) -> Bool {
    guard records[slot].flags.contains(.listed) else { return false }
    records[slot].flags.remove(.listed)
    guard records[slot].flags.contains(.present) else { return false }
    let old = digestState.hashed.removeValue(forKey: slot)
    let new = hashedOrder(slot)
    update(&digestState.hash, orders[slot], from: old, to: new)
    records[slot].flags.insert(.hashed)
    return true
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
