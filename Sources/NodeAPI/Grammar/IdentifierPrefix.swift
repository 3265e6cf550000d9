import NodeCrypto

/// The first digits of an order's or a node's id, by which a person names it.
public struct IdentifierPrefix: Hashable, Sendable {
  /// The fewest digits that name something.
  public static let shortest = 4

  private let digits: [UInt8]

  /// The digits of either case; nil when they are too few, a whole id or more, or not hexadecimal.
  public init?(_ text: some StringProtocol) {
    guard (Self.shortest..<64).contains(text.utf8.count) else { return nil }
    digits = text.utf8.compactMap { Hex.digit(ofCharacter: $0) }
    guard digits.count == text.utf8.count else { return nil }
  }

  /// Whether an id begins so.
  public func matches<Tag>(_ id: Identifier<Tag>) -> Bool {
    id.withBytes { bytes in
      digits.indices.allSatisfy { index in
        let byte = bytes[index / 2]
        return digits[index] == (index.isMultiple(of: 2) ? byte >> 4 : byte & 15)
      }
    }
  }
}
