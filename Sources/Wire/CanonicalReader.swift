/// Reads the fields of a canonical message straight out of its bytes, for the few messages that come by the thousand:
/// nothing is allocated, and nothing encoded again to see whether the encoding was the canonical one.
///
/// Fields are asked for in ascending order. One that is not there has its default value, as proto3 has it; one that has
/// its default value and is there nevertheless, is padded, out of order or not asked for, makes the message one that
/// this reader does not take. It never takes bytes that `decodeCanonical` would refuse, and `decodeCanonical` says what
/// was wrong. Of a message whose fields are all asked for it takes exactly what `decodeCanonical` takes.
public struct CanonicalReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var isBroken = false

  /// A reader of the message that `bytes` are, which must outlive it.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The message that the field `number` (1 to 255) has; nil when it is not there, or not alone.
  public static func only(_ number: UInt8, of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var reader = CanonicalReader(bytes)
    guard let message = reader.message(number), reader.isComplete else { return nil }
    return message
  }

  /// Whether everything has been read, and all of it was canonical.
  public var isComplete: Bool { !isBroken && position == bytes.count }

  /// The field `number` (1 to 255) with a number of up to 64 bits.
  @inline(__always)
  public mutating func uint64(_ number: UInt8) -> UInt64 {
    guard takeTag(number, wireType: 0) else { return 0 }
    let value = varint()
    if value == 0 { isBroken = true }
    return value
  }

  /// The field `number` (1 to 255) with a number of up to 32 bits.
  @inline(__always)
  public mutating func uint32(_ number: UInt8) -> UInt32 {
    let value = uint64(number)
    if value > UInt64(UInt32.max) { isBroken = true }
    return UInt32(truncatingIfNeeded: value)
  }

  /// The field `number` (1 to 255) with a truth value.
  @inline(__always)
  public mutating func bool(_ number: UInt8) -> Bool {
    let value = uint64(number)
    if value > 1 { isBroken = true }
    return value == 1
  }

  /// The field `number` (1 to 255) with bytes, which are valid as long as the reader's own; none for the default value.
  @inline(__always)
  public mutating func bytes(_ number: UInt8) -> UnsafeRawBufferPointer {
    guard let value = message(number) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    if value.isEmpty { isBroken = true }
    return value
  }

  /// The field `number` (1 to 255) with text; empty for the default value.
  @inline(__always)
  public mutating func string(_ number: UInt8) -> String {
    guard let text = String(validating: bytes(number), as: UTF8.self) else {
      isBroken = true
      return ""
    }
    return text
  }

  /// The field `number` (1 to 255) with a message, in its encoding; nil when it is not there. Asked for again it is the
  /// next one of a field that is repeated.
  @inline(__always)
  public mutating func message(_ number: UInt8) -> UnsafeRawBufferPointer? {
    guard takeTag(number, wireType: 2) else { return nil }
    let length = varint()
    guard !isBroken, length <= UInt64(bytes.count - position) else {
      isBroken = true
      return nil
    }
    let start = position
    position += Int(length)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  @inline(__always)
  private mutating func takeTag(_ number: UInt8, wireType: UInt8) -> Bool {
    let tag = UInt16(number) << 3 | UInt16(wireType)
    guard tag >= 0x80 else {
      guard position < bytes.count, bytes[position] == UInt8(truncatingIfNeeded: tag) else { return false }
      position += 1
      return true
    }
    guard bytes.count - position >= 2, bytes[position] == UInt8(truncatingIfNeeded: tag) | 0x80,
      bytes[position + 1] == UInt8(truncatingIfNeeded: tag >> 7)
    else { return false }
    position += 2
    return true
  }

  /// A number in its shortest form.
  @inline(__always)
  private mutating func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 {
        if byte == 0, shift > 0 { isBroken = true }
        return value
      }
      shift += 7
    }
    isBroken = true
    return 0
  }
}
