/// Hexadecimal text, the form of every key, digest and signature that a person reads.
public enum Hex {
  /// Lowercase digits, two a byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let text = bytes.withContiguousStorageIfAvailable { encode(UnsafeRawBufferPointer($0)) }
    return text ?? Array(bytes).withUnsafeBytes { encode($0) }
  }

  /// The bytes that `text` spells, in either case; nil when the count is odd or a character is not a digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count / 2)
    var high: UInt8?
    for character in text.utf8 {
      guard let value = nibble(character) else { return nil }
      if let first = high {
        out.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? out : nil
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

  private static func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
