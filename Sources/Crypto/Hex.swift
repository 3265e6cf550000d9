/// Hexadecimal text, the form of every key, digest and signature that a person reads.
public enum Hex {
  /// Lowercase digits, two a byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let text = bytes.withContiguousStorageIfAvailable { encode(UnsafeRawBufferPointer($0)) }
    return text ?? Array(bytes).withUnsafeBytes { encode($0) }
  }

  /// The bytes that `text` spells, in either case; nil when the count is odd or a character is not a digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    withDigits(of: text) { digits in
      guard digits.count.isMultiple(of: 2) else { return nil }
      var isHex = false
      let bytes = [UInt8](unsafeUninitializedCapacity: digits.count / 2) { buffer, count in
        isHex = decode(digits, into: UnsafeMutableRawBufferPointer(buffer))
        count = isHex ? digits.count / 2 : 0
      }
      return isHex ? bytes : nil
    }
  }

  /// Calls `body` with the bytes of a text's characters, which are valid only until it returns.
  static func withDigits<Output>(
    of text: some StringProtocol, _ body: (UnsafeRawBufferPointer) -> Output
  ) -> Output {
    // Most texts lie in one piece, which is several times as fast as going from character to character.
    text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
      ?? Array(text.utf8).withUnsafeBytes(body)
  }

  /// Writes the bytes that `digits` spell, in either case, to `out`; false, with anything in `out`, when they are not
  /// two digits for each byte that has room there, or a character is not a digit.
  static func decode(_ digits: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Bool {
    guard digits.count.isMultiple(of: 2), out.count >= digits.count / 2 else { return false }
    var position = 0
    while digits.count - position >= 8 {
      let text = UInt64(littleEndian: digits.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      guard let bytes = bytes(ofEight: text) else { return false }
      out.storeBytes(of: bytes.littleEndian, toByteOffset: position / 2, as: UInt32.self)
      position += 8
    }
    while position < digits.count {
      guard let high = nibble(digits[position]), let low = nibble(digits[position + 1]) else { return false }
      out[position / 2] = high << 4 | low
      position += 2
    }
    return true
  }

  /// What `load` makes of the bytes that exactly twice as many digits spell; nil for anything else.
  static func value<Value>(
    ofDigits digits: UnsafeRawBufferPointer, byteCount: Int, _ load: (UnsafeRawBufferPointer) -> Value?
  ) -> Value? {
    guard digits.count == 2 * byteCount else { return nil }
    return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { bytes in
      decode(digits, into: bytes) ? load(UnsafeRawBufferPointer(bytes)) : nil
    }
  }

  private static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
      let out = UnsafeMutableRawBufferPointer(text)
      var position = 0
      while bytes.count - position >= 4 {
        let four = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        out.storeBytes(of: digits(ofFour: four).littleEndian, toByteOffset: 2 * position, as: UInt64.self)
        position += 4
      }
      while position < bytes.count {
        out[2 * position] = digit(bytes[position] >> 4)
        out[2 * position + 1] = digit(bytes[position] & 15)
        position += 1
      }
      return 2 * bytes.count
    }
  }

  // MARK: Eight digits at once, in the bytes of a word, the first in the lowest

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let lowerHalves: UInt64 = 0x0F0F_0F0F_0F0F_0F0F

  /// The digits of nibbles, one in each byte.
  @inline(__always)
  private static func digits(ofNibbles nibbles: UInt64) -> (text: UInt64, isLetter: UInt64) {
    // Six more than nine carries into the upper half.
    let isLetter = ((nibbles &+ (6 &* ones)) &>> 4) & ones
    return (nibbles &+ (0x30 &* ones) &+ (0x27 &* isLetter), isLetter)
  }

  @inline(__always)
  private static func bytes(ofEight text: UInt64) -> UInt32? {
    // Of a digit the lower half says what it stands for, of a letter of either case, which has the bit of 0x40, nine less.
    let nibbles = (text & lowerHalves) &+ (9 &* ((text &>> 6) & ones))
    // Whatever else was there is spelled otherwise, or stands for more than fifteen.
    let (spelled, isLetter) = digits(ofNibbles: nibbles)
    guard spelled == text | (isLetter &<< 5), nibbles & ~lowerHalves == 0 else { return nil }
    let pairs = ((nibbles &<< 4) | (nibbles &>> 8)) & 0x00FF_00FF_00FF_00FF
    let halves = (pairs | (pairs &>> 8)) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: halves | (halves &>> 16))
  }

  @inline(__always)
  private static func digits(ofFour bytes: UInt32) -> UInt64 {
    let halves = (UInt64(bytes) | (UInt64(bytes) &<< 16)) & 0x0000_FFFF_0000_FFFF
    let pairs = (halves | (halves &<< 8)) & 0x00FF_00FF_00FF_00FF
    return digits(ofNibbles: ((pairs &>> 4) | (pairs &<< 8)) & lowerHalves).text
  }

  // MARK: One digit

  private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x61 - 10 + nibble }

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
