import NodeCrypto

/// Gives identifiers small numbers, their slots, and finds them again: an open-addressing table with linear probing
/// (Knuth, TAOCP volume 3, section 6.4, algorithms L and R) that is kept in order (Amble and Knuth: "Ordered hash
/// tables", 1974).
///
/// An entry of the table is a 32-bit fingerprint and a slot; the identifiers lie apart and are compared only where the
/// fingerprints are equal. The fingerprint is keyed, so that nobody who does not know the key can choose identifiers that
/// collide.
///
/// The home of an entry is its fingerprint's share of the capacity, so entries ascend from the first place to the last:
/// a search ends at the first greater one, an insertion moves those behind it up to the next empty place, a removal
/// moves them back down to the first that is at home. Behind the capacity is room for those that do not fit before it.
///
/// A table that has grown full is followed by a larger one, into which each insertion moves a few entries: no operation
/// moves all.
struct IdentifierTable<Tag>: ~Copyable {
  /// By slot. The first word of a vacant slot names the next vacant one.
  private var identifiers = Slab<Identifier<Tag>>()
  private var vacant: Int32 = -1
  /// `fingerprint << 32 | slot`, ascending, or ``empty``. The last is empty.
  private var entries = Slab<UInt64>()
  /// The places that can be an entry's home.
  private var capacity: Int32 = 0
  /// The table before this one, as long as not all of its entries have been moved; what was moved is ``gone`` there.
  private var older = Slab<UInt64>()
  private var olderCapacity: Int32 = 0
  /// The places of `older` from which entries have been moved.
  private var moved: Int32 = 0
  private(set) var count: Int32 = 0
  /// The count at which the table has grown full.
  private var limit: Int32 = 0
  private let key: (UInt64, UInt64, UInt64, UInt64)

  /// Greater than every entry.
  private static var empty: UInt64 { .max }
  private static var gone: UInt64 { .max - 1 }
  /// The places that one insertion moves: more than enough to be done before the table is full again.
  private static var movedAtOnce: Int32 { 32 }
  /// The places behind the capacity.
  private static var overhang: Int32 { 64 }

  /// An empty table whose fingerprints depend on `key`.
  init(key: (UInt64, UInt64, UInt64, UInt64)) {
    self.key = key
    allocate(capacity: 70)
  }

  /// A table with the same content in memory of its own.
  init(copying other: borrowing IdentifierTable) {
    identifiers = Slab(copying: other.identifiers)
    vacant = other.vacant
    entries = Slab(copying: other.entries)
    capacity = other.capacity
    older = Slab(copying: other.older)
    olderCapacity = other.olderCapacity
    moved = other.moved
    count = other.count
    limit = other.limit
    key = other.key
  }

  /// The bytes used.
  var usedBytes: Int { identifiers.usedBytes + entries.usedBytes + older.usedBytes }

  /// The identifier in `slot`.
  subscript(slot: Int32) -> Identifier<Tag> {
    @inline(__always)
    _read { yield identifiers[slot] }
  }

  /// The slot of `identifier`, or nil. O(1) expected.
  @inline(__always)
  func slot(of identifier: Identifier<Tag>) -> Int32? {
    let slot = find(identifier).slot
    return slot < 0 ? nil : slot
  }

  /// The slot of `identifier` and, for ``remove(_:at:)``, the place of its entry, below 0 where that is not known; a slot
  /// below 0 when it is not in. O(1) expected.
  @inline(__always)
  func find(_ identifier: Identifier<Tag>) -> (slot: Int32, place: Int32) {
    let fingerprint = fingerprint(of: identifier)
    let (place, slot) = place(of: identifier, fingerprint)
    if slot >= 0 || older.count == 0 { return (slot, place) }
    return (Self.slot(of: identifier, fingerprint, in: older, olderCapacity, identifiers), -1)
  }

  /// Asks the processor to bring near where the entry with a fingerprint is, or belongs.
  @inline(__always)
  func prefetchEntry(of fingerprint: UInt32) {
    entries.prefetch(home(fingerprint))
    if older.count > 0 { older.prefetch(Self.home(fingerprint, capacity: olderCapacity)) }
  }

  /// The slot of an identifier with that fingerprint, mostly of the only one, found without reading any identifier; or -1.
  /// Asks the processor to bring near the identifier that lies there.
  @inline(__always)
  func prefetchIdentifier(of fingerprint: UInt32) -> Int32 {
    let entry = entries[firstPlace(of: fingerprint)]
    guard UInt32(truncatingIfNeeded: entry &>> 32) == fingerprint else { return -1 }
    let slot = Int32(truncatingIfNeeded: entry)
    identifiers.prefetch(slot)
    return slot
  }

  /// Puts in `identifier`. O(1) expected.
  ///
  /// - Returns: its slot, and whether it is new.
  @inline(__always)
  mutating func insert(_ identifier: Identifier<Tag>) -> (slot: Int32, isNew: Bool) {
    if older.count > 0 { move(Self.movedAtOnce) }
    if count >= limit { grow() }
    let fingerprint = fingerprint(of: identifier)
    let (place, found) = place(of: identifier, fingerprint)
    if found >= 0 { return (found, false) }
    if older.count > 0 {
      let slot = Self.slot(of: identifier, fingerprint, in: older, olderCapacity, identifiers)
      if slot >= 0 { return (slot, false) }
    }
    let slot: Int32
    if vacant >= 0 {
      slot = vacant
      vacant = Int32(truncatingIfNeeded: identifiers[slot].word0)
      identifiers[slot] = identifier
    } else {
      slot = identifiers.append(identifier)
    }
    insert(Self.entry(fingerprint, slot), at: place)
    count &+= 1
    return (slot, true)
  }

  /// Takes out the identifier in `slot`, which is in. The slot stays taken, and readable, until ``vacate(_:)``.
  /// O(1) expected.
  ///
  /// - Parameter place: what ``find(_:)`` gave, with no change since; below 0 the place is looked for.
  @inline(__always)
  mutating func remove(_ slot: Int32, at place: Int32 = -1) {
    var hole = place
    if place < 0 {
      hole = self.place(of: slot)
      if hole < 0 { return removeFromOlder(slot) }
    }
    let capacity = capacity
    entries.close(hole, with: Self.empty) { entry, place in
      entry == Self.empty || Self.home(UInt32(truncatingIfNeeded: entry &>> 32), capacity: capacity) == place
    }
    count &-= 1
  }

  /// Lets `slot` be given to another identifier.
  @inline(__always)
  mutating func vacate(_ slot: Int32) {
    identifiers[slot] = Identifier(word0: UInt64(truncatingIfNeeded: vacant), word1: 0, word2: 0, word3: 0)
    vacant = slot
  }

  // MARK: Entries

  /// The place of the entry of `identifier`, and its slot; or the place where it belongs, and -1.
  @inline(__always)
  private func place(of identifier: Identifier<Tag>, _ fingerprint: UInt32) -> (place: Int32, slot: Int32) {
    var place = firstPlace(of: fingerprint)
    while true {
      let entry = entries[place]
      guard UInt32(truncatingIfNeeded: entry &>> 32) == fingerprint, entry != Self.empty else { return (place, -1) }
      let slot = Int32(truncatingIfNeeded: entry)
      if identifiers[slot] == identifier { return (place, slot) }
      place &+= 1
    }
  }

  /// The first place from the home of a fingerprint on whose entry has no smaller fingerprint, or none.
  @inline(__always)
  private func firstPlace(of fingerprint: UInt32) -> Int32 {
    entries.firstPlace(from: home(fingerprint), atLeast: UInt64(fingerprint) &<< 32)
  }

  /// The place of the entry of `slot`, or -1 when it is in the older table.
  @inline(__always)
  private func place(of slot: Int32) -> Int32 {
    let fingerprint = fingerprint(of: identifiers[slot])
    let wanted = Self.entry(fingerprint, slot)
    var place = firstPlace(of: fingerprint)
    while entries[place] != wanted {
      if entries[place] == Self.empty || entries[place] &>> 32 != fingerprint { return -1 }
      place &+= 1
    }
    return place
  }

  /// Puts in an entry at its place; those from there on move up to the next empty one.
  @inline(__always)
  private mutating func insert(_ entry: UInt64, at place: Int32) {
    let filled = entries.push(entry, at: place, upTo: Self.empty)
    // The last place ends every search.
    if filled &+ 1 == entries.count { _ = entries.append(Self.empty) }
  }

  @inline(__always)
  private static func entry(_ fingerprint: UInt32, _ slot: Int32) -> UInt64 {
    UInt64(fingerprint) &<< 32 | UInt64(UInt32(bitPattern: slot))
  }

  /// What of an identifier stands in the table.
  @inline(__always)
  func fingerprint(of identifier: Identifier<Tag>) -> UInt32 {
    let one = (identifier.word0 ^ key.0).multipliedFullWidth(by: identifier.word1 ^ key.1)
    let two = (identifier.word2 ^ key.2).multipliedFullWidth(by: identifier.word3 ^ key.3)
    let mixed = (one.high ^ one.low &+ two.high ^ two.low) &* 0x9E37_79B9_7F4A_7C15
    return UInt32(truncatingIfNeeded: mixed &>> 32)
  }

  @inline(__always)
  private func home(_ fingerprint: UInt32) -> Int32 { Self.home(fingerprint, capacity: capacity) }

  @inline(__always)
  private static func home(_ fingerprint: UInt32, capacity: Int32) -> Int32 {
    Int32(truncatingIfNeeded: (UInt64(fingerprint) &* UInt64(UInt32(bitPattern: capacity))) &>> 32)
  }

  // MARK: Growing

  private mutating func allocate(capacity: Int32) {
    self.capacity = capacity
    entries = Slab()
    _ = entries.appendRun(capacity + Self.overhang, repeating: Self.empty)
    limit = capacity - capacity / 5
  }

  /// Begins a table that is larger by a quarter, so that none is less than 64% full once it has grown.
  @inline(never)
  private mutating func grow() {
    move(older.count - moved)
    swap(&entries, &older)
    olderCapacity = capacity
    moved = 0
    allocate(capacity: capacity + capacity / 4)
  }

  /// Moves the entries of the next `places` places of the older table.
  @inline(never)
  private mutating func move(_ places: Int32) {
    let end = min(older.count, moved &+ places)
    var next = moved
    while next < end {
      let entry = older[next]
      if entry < Self.gone {
        let home = home(UInt32(truncatingIfNeeded: entry &>> 32))
        insert(entry, at: entries.firstPlace(from: home, atLeast: entry))
        older[next] = Self.gone
      }
      next &+= 1
    }
    moved = next
    if moved == older.count {
      older = Slab()
      moved = 0
    }
  }

  /// The slot of an identifier that is in the older table, or -1; places from which entries went are passed over. Not a
  /// method, for which the compiler would copy the table before every search.
  @inline(never)
  private static func slot(
    of identifier: Identifier<Tag>, _ fingerprint: UInt32, in older: borrowing Slab<UInt64>, _ capacity: Int32,
    _ identifiers: borrowing Slab<Identifier<Tag>>
  ) -> Int32 {
    var place = home(fingerprint, capacity: capacity)
    while older[place] != empty {
      if older[place] < gone {
        let found = UInt32(truncatingIfNeeded: older[place] &>> 32)
        if found > fingerprint { return -1 }
        let slot = Int32(truncatingIfNeeded: older[place])
        if found == fingerprint, identifiers[slot] == identifier { return slot }
      }
      place += 1
    }
    return -1
  }

  @inline(never)
  private mutating func removeFromOlder(_ slot: Int32) {
    let fingerprint = fingerprint(of: identifiers[slot])
    let entry = Self.entry(fingerprint, slot)
    var place = Self.home(fingerprint, capacity: olderCapacity)
    while older[place] != entry { place += 1 }
    older[place] = Self.gone
    count -= 1
  }
}
