import Foundation

/// The JSON of the node's API: names in snake case, keys sorted, slashes as they are, so that equal documents are equal
/// bytes and a person can compare two of them.
public enum NodeJSON {
  /// How a document is laid out.
  public enum Layout: Sendable {
    /// Without line breaks: one document is one line.
    case singleLine
    /// Indented, for reading.
    case pretty
  }

  /// The UTF-8 bytes of `value`.
  ///
  /// - Throws: only what a document's own encoding throws; the documents of this module never do.
  public static func encode(_ value: some Encodable, layout: Layout = .singleLine) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if layout == .pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return try encoder.encode(value)
  }

  /// The text of `value`, without a line break at its end.
  ///
  /// - Throws: as ``encode(_:layout:)``.
  public static func text(_ value: some Encodable, layout: Layout = .singleLine) throws -> String {
    String(decoding: try encode(value, layout: layout), as: UTF8.self)
  }

  /// The document that `bytes` spell.
  ///
  /// - Throws: ``NodeJSONError`` naming the field that is missing or of the wrong type.
  public static func decode<Value: Decodable>(
    _ type: Value.Type = Value.self, from bytes: some Sequence<UInt8>
  ) throws(NodeJSONError) -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch {
      throw NodeJSONError(error)
    }
  }
}

/// Why bytes are not the JSON document that was expected.
public enum NodeJSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// They are not JSON at all: truncated, or never were.
  case notJSON
  /// The named place lacks the named field.
  case missing(field: String, path: String)
  /// The named place holds something else than the named type.
  case wrongType(path: String, expected: String)
  /// The named place has a field that is none of those known.
  case unknown(field: String, path: String, known: [String])
  /// The named place holds a value that is not allowed.
  case notAllowed(path: String, reason: String)

  /// The error behind what a `JSONDecoder` threw.
  public init(_ error: any Error) {
    switch error as? DecodingError {
    case .keyNotFound(let key, let context)?:
      self = .missing(field: key.stringValue, path: Self.path(context))
    case .typeMismatch(let type, let context)?, .valueNotFound(let type, let context)?:
      self = .wrongType(path: Self.path(context), expected: "\(type)")
    case .dataCorrupted(let context)? where !context.codingPath.isEmpty:
      self = .notAllowed(path: Self.path(context), reason: context.debugDescription)
    default:
      self = .notJSON
    }
  }

  /// What was wrong, and where.
  public var description: String {
    switch self {
    case .notJSON: "this is not a complete JSON document"
    case .missing(let field, let path): "\(path) lacks the field \"\(field)\""
    case .wrongType(let path, let expected): "\(path) is not of type \(expected)"
    case .unknown(let field, let path, let known):
      "\(path) has a field \"\(field)\"" + (NearestWord.question(for: field, among: known).map { " (\($0))" } ?? "")
        + "; allowed: " + known.joined(separator: ", ")
    case .notAllowed(let path, let reason): "\(path): \(reason)"
    }
  }

  private static func path(_ context: DecodingError.Context) -> String {
    let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
    return names.isEmpty ? "the document" : names.joined(separator: ".")
  }
}
