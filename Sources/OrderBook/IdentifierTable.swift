import NodeCrypto

/// Gives identifiers small numbers, their slots, and finds them again: an open-addressing table with linear probing and
/// backward-shift deletion (Knuth, TAOCP volume 3, section 6.4, algorithms L and R).
///
/// An entry of the table is a 32-bit fingerprint and a slot; the identifiers lie apart and are compared only where the
/// fingerprints are equal. The fingerprint is keyed, so that nobody who does not know the key can choose identifiers that
/// collide.
struct IdentifierTable<Tag>: ~Copyable {
  /// By slot; a vacant slot keeps its last identifier.
  private var identifiers: Slab<Identifier<Tag>>
  private var vacant: [Int32] = []
  /// `fingerprint << 32 | slot + 1`, or 0. The place of a fingerprint is its share of the capacity.
  private var entries: Slab<UInt64>
  private var capacity: Int
  private(set) var count = 0
  private let key: (UInt64, UInt64, UInt64, UInt64)

  private static var firstCapacity: Int { 64 }

  /// An empty table whose fingerprints depend on `key`.
  init(key: (UInt64, UInt64, UInt64, UInt64)) {
    self.key = key
    identifiers = Slab(shift: 10)
    capacity = Self.firstCapacity
    entries = Slab(shift: 6)
    _ = entries.appendRun(capacity, repeating: 0)
  }

  /// A table with the same content in memory of its own.
  init(copying other: borrowing IdentifierTable) {
    identifiers = Slab(copying: other.identifiers)
    vacant = other.vacant
    entries = Slab(copying: other.entries)
    capacity = other.capacity
    count = other.count
    key = other.key
  }

  /// The bytes allocated.
  var allocatedBytes: Int { identifiers.allocatedBytes + entries.allocatedBytes + vacant.capacity * 4 }

  /// The identifier in `slot`.
  @inline(__always)
  subscript(slot: Int32) -> Identifier<Tag> { identifiers[slot] }

  /// The slot of `identifier`, or nil. O(1) expected.
  @inline(__always)
  func slot(of identifier: Identifier<Tag>) -> Int32? {
    let fingerprint = fingerprint(identifier)
    var place = home(fingerprint)
    while true {
      let entry = entries[place]
      if entry == 0 { return nil }
      if UInt32(truncatingIfNeeded: entry >> 32) == fingerprint {
        let slot = Int32(truncatingIfNeeded: entry & 0xFFFF_FFFF) - 1
        if identifiers[slot] == identifier { return slot }
      }
      place = next(place)
    }
  }

  /// Puts in `identifier`. O(1) expected.
  ///
  /// - Returns: its slot, and whether it is new.
  @inline(__always)
  mutating func insert(_ identifier: Identifier<Tag>) -> (slot: Int32, isNew: Bool) {
    if 4 * (count + 1) > 3 * capacity { grow() }
    let fingerprint = fingerprint(identifier)
    var place = home(fingerprint)
    while true {
      let entry = entries[place]
      if entry == 0 { break }
      if UInt32(truncatingIfNeeded: entry >> 32) == fingerprint {
        let slot = Int32(truncatingIfNeeded: entry & 0xFFFF_FFFF) - 1
        if identifiers[slot] == identifier { return (slot, false) }
      }
      place = next(place)
    }
    let slot: Int32
    if let reused = vacant.popLast() {
      slot = reused
      identifiers[slot] = identifier
    } else {
      slot = identifiers.append(identifier)
    }
    entries[place] = UInt64(fingerprint) << 32 | UInt64(UInt32(bitPattern: slot + 1))
    count += 1
    return (slot, true)
  }

  /// Takes the identifier in `slot` out of the table. The slot stays taken, and readable, until ``vacate(_:)``.
  /// O(1) expected.
  @inline(__always)
  mutating func remove(_ slot: Int32) {
    let fingerprint = fingerprint(identifiers[slot])
    let wanted = UInt64(fingerprint) << 32 | UInt64(UInt32(bitPattern: slot + 1))
    var hole = home(fingerprint)
    while entries[hole] != wanted { hole = next(hole) }
    // Entries behind the hole move up as long as that does not take them in front of their home.
    var place = next(hole)
    while true {
      let entry = entries[place]
      if entry == 0 { break }
      let home = home(UInt32(truncatingIfNeeded: entry >> 32))
      let isBetween = hole <= place ? hole < home && home <= place : hole < home || home <= place
      if !isBetween {
        entries[hole] = entry
        hole = place
      }
      place = next(place)
    }
    entries[hole] = 0
    count -= 1
  }

  /// Lets `slot` be given to another identifier.
  @inline(__always)
  mutating func vacate(_ slot: Int32) { vacant.append(slot) }

  @inline(__always)
  private func fingerprint(_ identifier: Identifier<Tag>) -> UInt32 {
    let one = (identifier.word0 ^ key.0).multipliedFullWidth(by: identifier.word1 ^ key.1)
    let two = (identifier.word2 ^ key.2).multipliedFullWidth(by: identifier.word3 ^ key.3)
    let mixed = (one.high ^ one.low &+ two.high ^ two.low) &* 0x9E37_79B9_7F4A_7C15
    return UInt32(truncatingIfNeeded: mixed >> 32)
  }

  @inline(__always)
  private func home(_ fingerprint: UInt32) -> Int32 {
    Int32(truncatingIfNeeded: (UInt64(fingerprint) &* UInt64(capacity)) >> 32)
  }

  @inline(__always)
  private func next(_ place: Int32) -> Int32 {
    place + 1 == Int32(truncatingIfNeeded: capacity) ? 0 : place + 1
  }

  @inline(never)
  private mutating func grow() {
    let old = capacity
    // By a half, so that the table is never less than half full once it has grown.
    capacity = (capacity + capacity / 2 + 63) & ~63
    var larger = Slab<UInt64>(shift: 12)
    while larger.count < capacity { _ = larger.append(0) }
    for place in 0..<Int32(old) where entries[place] != 0 {
      var free = home(UInt32(truncatingIfNeeded: entries[place] >> 32))
      while larger[free] != 0 { free = next(free) }
      larger[free] = entries[place]
    }
    entries = larger
  }
}
