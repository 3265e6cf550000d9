import Market

/// That something named ends at a moment: for heaps of what is to be forgotten.
struct Ending<Name: Comparable & Sendable>: Comparable, Sendable {
  let until: Timestamp
  let name: Name

  static func < (left: Self, right: Self) -> Bool {
    left.until == right.until ? left.name < right.name : left.until < right.until
  }
}
