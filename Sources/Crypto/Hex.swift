/// Hexadecimal text, the form of every key, digest and signature that a person reads.
public enum Hex {
  /// Lowercase digits, two a byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let text = bytes.withContiguousStorageIfAvailable { encode(UnsafeRawBufferPointer($0)) }
    return text ?? Array(bytes).withUnsafeBytes { encode($0) }
  }

  /// The bytes that `text` spells, in either case; nil when the count is odd or a character is not a digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    // Most texts lie in one piece, which is several times as fast as going from character to character.
    let bytes = text.utf8.withContiguousStorageIfAvailable { decode(digits: $0) }
    return bytes ?? Array(text.utf8).withUnsafeBufferPointer { decode(digits: $0) }
  }

  private static func decode(digits text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.count.isMultiple(of: 2) else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 2)
    for position in stride(from: 0, to: text.count, by: 2) {
      guard let high = nibble(text[position]), let low = nibble(text[position + 1]) else { return nil }
      out.append(high << 4 | low)
    }
    return out
  }

  private static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
      var position = 0
      for byte in bytes {
        text.initializeElement(at: position, to: digit(byte >> 4))
        text.initializeElement(at: position + 1, to: digit(byte & 15))
        position += 2
      }
      return position
    }
  }

  @inline(__always)
  private static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? 0x30 + nibble : 0x61 - 10 + nibble
  }

  /// The value of one digit of either case.
  package static func digit(ofCharacter character: UInt8) -> UInt8? { nibble(character) }

  private static func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
