import SwiftProtobuf

/// Why bytes are not a message of the protocol.
public enum WireError: Error, Equatable, CustomStringConvertible {
  /// They do not decode as the named message.
  case malformed(message: String, byteCount: Int)
  /// They decode, but a field is unknown, out of order, repeated or not in its shortest form.
  case notCanonical(message: String, byteCount: Int)

  /// What was wrong with which message.
  public var description: String {
    switch self {
    case .malformed(let message, let count): "\(count) bytes do not decode as \(message)"
    case .notCanonical(let message, let count):
      "\(count) bytes are not the canonical encoding of \(message): unknown, unordered or padded fields"
    }
  }
}

extension SwiftProtobuf.Message {
  /// The message that `bytes` encode, whether or not the encoding is the canonical one.
  public static func decode(_ bytes: some SwiftProtobufContiguousBytes) throws(WireError) -> Self {
    do {
      return try Self(serializedBytes: bytes, options: Self.strictOptions)
    } catch {
      throw .malformed(message: Self.protoMessageName, byteCount: bytes.count)
    }
  }

  /// The message that `bytes` encode, which must be its canonical encoding: known fields only, ascending, each at most
  /// once, no field at its default value, varints in their shortest form.
  ///
  /// Everything that is signed is held to this. Two parsers that treat a repeated or an unknown field differently would
  /// read different orders out of the same signed bytes; bytes with one reading only rule that out.
  ///
  /// Complexity: one decoding and one encoding.
  public static func decodeCanonical(_ bytes: [UInt8]) throws(WireError) -> Self {
    let message = try decode(bytes)
    guard message.encoded() == bytes else {
      throw .notCanonical(message: Self.protoMessageName, byteCount: bytes.count)
    }
    return message
  }

  /// Why `bytes`, of which ``CanonicalReader`` has not taken all, are not the canonical encoding of such a message.
  public static func fault(in bytes: [UInt8]) -> WireError {
    do { _ = try decodeCanonical(bytes) } catch { return error }
    return .notCanonical(message: protoMessageName, byteCount: bytes.count)
  }

  /// The canonical encoding.
  public func encoded() -> [UInt8] {
    do {
      return try serializedBytes()
    } catch {
      // Proto3 messages without Any or required fields always encode.
      preconditionFailure("\(Self.protoMessageName) does not encode: \(error)")
    }
  }

  private static var strictOptions: BinaryDecodingOptions {
    var options = BinaryDecodingOptions()
    // Dropped when decoding, an unknown field is missing when encoding again, and so found.
    options.discardUnknownFields = true
    options.messageDepthLimit = 8
    return options
  }
}
