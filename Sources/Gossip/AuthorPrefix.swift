import NodeCrypto

/// A part of the space of authors: all whose id begins with the same hexadecimal digits. The parts form a tree with
/// sixteen branches at each node, the same on every node whatever feeds it holds.
struct AuthorPrefix: Hashable, Comparable, Sendable {
  /// The most digits.
  static let maximumDepth = 12
  /// All authors.
  static let all = AuthorPrefix(digits: 0, depth: 0)

  /// The digits, the first in the highest bits; zero past ``depth``.
  let digits: UInt64
  /// How many there are.
  let depth: Int

  /// The part with these digits, of which what lies past `depth` does not count.
  init(digits: UInt64, depth: Int) {
    self.digits = depth == 0 ? 0 : digits & ~(UInt64.max >> UInt64(4 * depth))
    self.depth = depth
  }

  /// The part of this one whose next digit is `digit`, from 0 to 15.
  func child(_ digit: Int) -> AuthorPrefix {
    AuthorPrefix(digits: digits | UInt64(digit) << UInt64(60 - 4 * depth), depth: depth + 1)
  }

  func contains(_ author: NodeID) -> Bool { AuthorPrefix(digits: author.word0, depth: depth) == self }

  /// The last digits that lie in it.
  private var last: UInt64 { depth == 0 ? .max : digits | UInt64.max >> UInt64(4 * depth) }

  /// Whether all of it comes before all of `other`.
  func precedes(_ other: AuthorPrefix) -> Bool { last < other.digits }

  static func < (left: Self, right: Self) -> Bool {
    left.digits == right.digits ? left.depth < right.depth : left.digits < right.digits
  }
}
