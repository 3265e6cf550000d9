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
/// A table that has grown full grows in place. The homes in the larger table lie in the same order, each behind the old one:
/// so the entries go to them from the last to the first, a few with each insertion, and the table is in order all the
/// while, with the new homes from some fingerprint on and the old ones before it.
struct IdentifierTable<Tag>: ~Copyable {
  /// By slot. The first word of a vacant slot names the next vacant one.
  private var identifiers = Slab<Identifier<Tag>>()
  private var vacant: Int32 = -1
  /// `fingerprint << 32 | slot`, ascending by fingerprint, or ``empty``. The last is empty.
  private var entries = Slab<UInt64>()
  /// The places that can be an entry's home.
  private var capacity: Int32 = 0
  /// The same before the table last grew: of entries before `boundary`, which have not gone to their new homes yet.
  private var oldCapacity: Int32 = 0
  /// No entry is before it once all have gone.
  private var boundary: UInt64 = 0
  private(set) var count: Int32 = 0
  /// The count at which the table has grown full.
  private var limit: Int32 = 0
  private let key: (UInt64, UInt64, UInt64, UInt64)

  /// Greater than every entry.
  private static var empty: UInt64 { .max }
  /// The places whose entries one insertion moves: more than enough to be done before the table is full again.
  private static var movedAtOnce: UInt64 { 32 }
  /// The places behind the capacity.
  private static var overhang: Int32 { 64 }

  /// An empty table whose fingerprints depend on `key`.
  init(key: (UInt64, UInt64, UInt64, UInt64)) {
    self.key = key
    enlarge(to: 70)
  }

  /// A table with the same content in memory of its own.
  init(copying other: borrowing IdentifierTable) {
    identifiers = Slab(copying: other.identifiers)
    vacant = other.vacant
    entries = Slab(copying: other.entries)
    capacity = other.capacity
    oldCapacity = other.oldCapacity
    boundary = other.boundary
    count = other.count
    limit = other.limit
    key = other.key
  }

  /// The bytes used.
  var usedBytes: Int { identifiers.usedBytes + entries.usedBytes }

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

  /// The slot of `identifier`, below 0 when it is not in, and the place of its entry, for ``remove(_:at:)``. O(1) expected.
  @inline(__always)
  func find(_ identifier: Identifier<Tag>) -> (slot: Int32, place: Int32) {
    let (place, slot) = place(of: identifier, fingerprint(of: identifier))
    return (slot, place)
  }

  /// Asks the processor to bring near where the entry with a fingerprint is, or belongs.
  @inline(__always)
  func prefetchEntry(of fingerprint: UInt32) { entries.prefetch(home(fingerprint)) }

  /// The slot of an identifier with that fingerprint, mostly of the only one, found without reading any identifier; or -1.
  /// Asks the processor to bring near the identifier that lies there.
  @inline(__always)
  func prefetchIdentifier(of fingerprint: UInt32) -> Int32 {
    let entry = entries[firstPlace(of: fingerprint)]
    guard Self.fingerprint(in: entry) == fingerprint else { return -1 }
    let slot = Int32(truncatingIfNeeded: entry)
    identifiers.prefetch(slot)
    return slot
  }

  /// Puts in `identifier`. O(1) expected.
  ///
  /// - Returns: its slot, and whether it is new.
  @inline(__always)
  mutating func insert(_ identifier: Identifier<Tag>) -> (slot: Int32, isNew: Bool) {
    if boundary > 0 { moveHome() }
    if count >= limit { grow() }
    let fingerprint = fingerprint(of: identifier)
    let (place, found) = place(of: identifier, fingerprint)
    if found >= 0 { return (found, false) }
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
    close(place < 0 ? self.place(of: slot) : place)
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
      guard Self.fingerprint(in: entry) == fingerprint, entry != Self.empty else { return (place, -1) }
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

  /// The place of the entry of `slot`, which is in.
  @inline(__always)
  private func place(of slot: Int32) -> Int32 {
    let fingerprint = fingerprint(of: identifiers[slot])
    let wanted = Self.entry(fingerprint, slot)
    var place = firstPlace(of: fingerprint)
    while entries[place] != wanted { place &+= 1 }
    return place
  }

  /// Puts in an entry at its place; those from there on move up to the next empty one.
  @inline(__always)
  private mutating func insert(_ entry: UInt64, at place: Int32) {
    let filled = entries.push(entry, at: place, upTo: Self.empty)
    // The last place ends every search.
    if filled &+ 1 == entries.count { _ = entries.append(Self.empty) }
  }

  /// Takes out the entry at `place`; those behind it move down, up to the first that is at home.
  @inline(__always)
  private mutating func close(_ place: Int32) {
    let (boundary, capacity, oldCapacity) = (boundary, capacity, oldCapacity)
    entries.close(place, with: Self.empty) { entry, place in
      entry == Self.empty
        || Self.home(Self.fingerprint(in: entry), capacity: entry < boundary ? oldCapacity : capacity) == place
    }
  }

  @inline(__always)
  private static func fingerprint(in entry: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: entry &>> 32) }

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
  private func home(_ fingerprint: UInt32) -> Int32 {
    Self.home(fingerprint, capacity: UInt64(fingerprint) &<< 32 < boundary ? oldCapacity : capacity)
  }

  @inline(__always)
  private static func home(_ fingerprint: UInt32, capacity: Int32) -> Int32 {
    Int32(truncatingIfNeeded: (UInt64(fingerprint) &* UInt64(UInt32(bitPattern: capacity))) &>> 32)
  }

  // MARK: Growing

  /// Makes room for `capacity` homes.
  private mutating func enlarge(to capacity: Int32) {
    self.capacity = capacity
    limit = capacity - capacity / 5
    let missing = capacity + Self.overhang - entries.count
    if missing > 0 { _ = entries.appendRun(missing, repeating: Self.empty) }
  }

  /// Grows by a quarter, so that the table is 64% full then.
  @inline(never)
  private mutating func grow() {
    while boundary > 0 { moveHome() }
    oldCapacity = capacity
    boundary = .max
    enlarge(to: capacity + capacity / 4)
  }

  /// Moves the entries of the next places before the boundary to their new homes, the last first, and the boundary there.
  @inline(never)
  private mutating func moveHome() {
    let step = (Self.movedAtOnce &<< 32 / UInt64(UInt32(bitPattern: oldCapacity))) &<< 32
    let target = boundary > step ? boundary &- step : 0
    let first = entries.firstPlace(
      from: Self.home(Self.fingerprint(in: target), capacity: oldCapacity), atLeast: target)
    // Whatever has gone is at or behind where the boundary was.
    var place = entries.firstPlace(
      from: Self.home(Self.fingerprint(in: boundary), capacity: oldCapacity), atLeast: boundary)
    while place > first {
      place &-= 1
      let entry = entries[place]
      if entry == Self.empty { continue }
      // Where the new home is this place or one before it, the entry comes back here: smaller ones fill the places between.
      // Elsewhere those behind it have their homes behind this place, too.
      entries[place] = Self.empty
      let home = Self.home(Self.fingerprint(in: entry), capacity: capacity)
      // Behind those with the same fingerprint that have not gone yet.
      insert(entry, at: entries.firstPlace(from: home, atLeast: entry | 0xFFFF_FFFF))
    }
    boundary = target
  }
}
