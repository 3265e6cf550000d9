import NodeCrypto

/// Gives identifiers small numbers, their slots, and finds them again: an open-addressing table with linear probing and
/// backward-shift deletion (Knuth, TAOCP volume 3, section 6.4, algorithms L and R).
///
/// An entry of the table is a 32-bit fingerprint and a slot; the identifiers lie apart and are compared only where the
/// fingerprints are equal. The fingerprint is keyed, so that nobody who does not know the key can choose identifiers that
/// collide.
///
/// A table that has grown full is followed by a larger one, into which each insertion moves a few entries: no operation
/// moves all.
struct IdentifierTable<Tag>: ~Copyable {
  /// By slot. The first word of a vacant slot names the next vacant one.
  private var identifiers = Slab<Identifier<Tag>>()
  private var vacant: Int32 = -1
  /// `fingerprint << 32 | slot`, or ``empty``. The home of a fingerprint is its share of the capacity.
  private var entries = Slab<UInt64>()
  /// The table before this one, as long as not all of its entries have been moved; what was moved is ``gone`` there.
  private var older = Slab<UInt64>()
  /// The places of `older` from which entries have been moved.
  private var moved: Int32 = 0
  private(set) var count: Int32 = 0
  /// The count at which the table has grown full.
  private var limit: Int32 = 0
  private let key: (UInt64, UInt64, UInt64, UInt64)

  private static var empty: UInt64 { .max }
  private static var gone: UInt64 { .max - 1 }
  /// The places that one insertion moves: more than enough to be done before the table is full again.
  private static var movedAtOnce: Int32 { 32 }

  /// An empty table whose fingerprints depend on `key`.
  init(key: (UInt64, UInt64, UInt64, UInt64)) {
    self.key = key
    _ = entries.appendRun(70, repeating: Self.empty)
    limit = Self.limit(ofCapacity: entries.count)
  }

  /// A table with the same content in memory of its own.
  init(copying other: borrowing IdentifierTable) {
    identifiers = Slab(copying: other.identifiers)
    vacant = other.vacant
    entries = Slab(copying: other.entries)
    older = Slab(copying: other.older)
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
  func slot(of identifier: Identifier<Tag>) -> Int32? { find(identifier)?.slot }

  /// The slot of `identifier` and, for ``remove(_:at:)``, the place of its entry; nil when it is not in. O(1) expected.
  @inline(__always)
  func find(_ identifier: Identifier<Tag>) -> (slot: Int32, place: Int32)? {
    let fingerprint = fingerprint(identifier)
    let place = place(of: identifier, fingerprint)
    let entry = entries[place]
    if entry != Self.empty { return (Int32(truncatingIfNeeded: entry), place) }
    return older.count == 0 ? nil : olderSlot(of: identifier, fingerprint).map { ($0, -1) }
  }

  /// Puts in `identifier`. O(1) expected.
  ///
  /// - Returns: its slot, and whether it is new.
  @inline(__always)
  mutating func insert(_ identifier: Identifier<Tag>) -> (slot: Int32, isNew: Bool) {
    if older.count > 0 { move(Self.movedAtOnce) }
    if count >= limit { grow() }
    let fingerprint = fingerprint(identifier)
    let place = place(of: identifier, fingerprint)
    let entry = entries[place]
    if entry != Self.empty { return (Int32(truncatingIfNeeded: entry), false) }
    if older.count > 0, let slot = olderSlot(of: identifier, fingerprint) { return (slot, false) }
    let slot: Int32
    if vacant >= 0 {
      slot = vacant
      vacant = Int32(truncatingIfNeeded: identifiers[slot].word0)
      identifiers[slot] = identifier
    } else {
      slot = identifiers.append(identifier)
    }
    entries[place] = UInt64(fingerprint) << 32 | UInt64(UInt32(bitPattern: slot))
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
    // Entries behind the hole move up as long as that does not take them in front of their home.
    let capacity = entries.count
    var place = next(hole)
    while true {
      let entry = entries[place]
      if entry == Self.empty { break }
      // How far the entry has come from its home, and from the hole: to the hole it may move, but not past its home.
      var fromHome = place &- home(UInt32(truncatingIfNeeded: entry >> 32))
      var fromHole = place &- hole
      fromHome &+= capacity & (fromHome &>> 31)
      fromHole &+= capacity & (fromHole &>> 31)
      if fromHome >= fromHole {
        entries[hole] = entry
        hole = place
      }
      place = next(place)
    }
    entries[hole] = Self.empty
    count &-= 1
  }

  /// The place of the entry of `slot`, or -1 when it is in the older table.
  private func place(of slot: Int32) -> Int32 {
    let fingerprint = fingerprint(identifiers[slot])
    let wanted = UInt64(fingerprint) << 32 | UInt64(UInt32(bitPattern: slot))
    var place = home(fingerprint)
    while entries[place] != wanted {
      if entries[place] == Self.empty { return -1 }
      place = next(place)
    }
    return place
  }

  /// Lets `slot` be given to another identifier.
  @inline(__always)
  mutating func vacate(_ slot: Int32) {
    identifiers[slot] = Identifier(word0: UInt64(truncatingIfNeeded: vacant), word1: 0, word2: 0, word3: 0)
    vacant = slot
  }

  /// The place of the entry of `identifier`, or the empty one where it belongs.
  @inline(__always)
  private func place(of identifier: Identifier<Tag>, _ fingerprint: UInt32) -> Int32 {
    var place = home(fingerprint)
    while true {
      let entry = entries[place]
      if entry == Self.empty { return place }
      if UInt32(truncatingIfNeeded: entry >> 32) == fingerprint,
        identifiers[Int32(truncatingIfNeeded: entry)] == identifier
      {
        return place
      }
      place = next(place)
    }
  }

  @inline(__always)
  private func fingerprint(_ identifier: Identifier<Tag>) -> UInt32 {
    let one = (identifier.word0 ^ key.0).multipliedFullWidth(by: identifier.word1 ^ key.1)
    let two = (identifier.word2 ^ key.2).multipliedFullWidth(by: identifier.word3 ^ key.3)
    let mixed = (one.high ^ one.low &+ two.high ^ two.low) &* 0x9E37_79B9_7F4A_7C15
    return UInt32(truncatingIfNeeded: mixed >> 32)
  }

  @inline(__always)
  private func home(_ fingerprint: UInt32) -> Int32 { Self.home(fingerprint, capacity: entries.count) }

  @inline(__always)
  private static func home(_ fingerprint: UInt32, capacity: Int32) -> Int32 {
    Int32(truncatingIfNeeded: (UInt64(fingerprint) &* UInt64(UInt32(bitPattern: capacity))) >> 32)
  }

  @inline(__always)
  private func next(_ place: Int32) -> Int32 { place &+ 1 == entries.count ? 0 : place &+ 1 }

  // MARK: Growing

  /// Begins a table that is larger by a quarter, so that none is less than 64% full once it has grown.
  @inline(never)
  private mutating func grow() {
    move(older.count - moved)
    var larger = Slab<UInt64>()
    _ = larger.appendRun(entries.count + entries.count / 4, repeating: Self.empty)
    swap(&entries, &larger)
    swap(&older, &larger)
    moved = 0
    limit = Self.limit(ofCapacity: entries.count)
  }

  /// Four fifths.
  private static func limit(ofCapacity capacity: Int32) -> Int32 { capacity - capacity / 5 }

  /// Moves the entries of the next `places` places of the older table.
  @inline(never)
  private mutating func move(_ places: Int32) {
    let end = min(older.count, moved + places)
    while moved < end {
      let entry = older[moved]
      if entry < Self.gone {
        var place = home(UInt32(truncatingIfNeeded: entry >> 32))
        while entries[place] != Self.empty { place = next(place) }
        entries[place] = entry
        older[moved] = Self.gone
      }
      moved += 1
    }
    if moved == older.count {
      older = Slab()
      moved = 0
    }
  }

  @inline(never)
  private func olderSlot(of identifier: Identifier<Tag>, _ fingerprint: UInt32) -> Int32? {
    var place = Self.home(fingerprint, capacity: older.count)
    while older[place] != Self.empty {
      if older[place] < Self.gone, UInt32(truncatingIfNeeded: older[place] >> 32) == fingerprint,
        identifiers[Int32(truncatingIfNeeded: older[place])] == identifier
      {
        return Int32(truncatingIfNeeded: older[place])
      }
      place = place + 1 == older.count ? 0 : place + 1
    }
    return nil
  }

  @inline(never)
  private mutating func removeFromOlder(_ slot: Int32) {
    let fingerprint = fingerprint(identifiers[slot])
    let entry = UInt64(fingerprint) << 32 | UInt64(UInt32(bitPattern: slot))
    var place = Self.home(fingerprint, capacity: older.count)
    while older[place] != entry { place = place + 1 == older.count ? 0 : place + 1 }
    older[place] = Self.gone
    count -= 1
  }
}
