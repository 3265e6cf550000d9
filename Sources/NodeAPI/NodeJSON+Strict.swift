import Foundation
import Synchronization

extension NodeJSON {
  /// The document that `bytes` spell, when all its fields are known: a misspelled one must not be taken for one that was
  /// left out.
  ///
  /// - Throws: ``NodeJSONError``, also naming a field that the document does not have.
  public static func decodeStrictly<Value: Decodable>(
    _ type: Value.Type = Value.self, from bytes: some Sequence<UInt8>
  ) throws(NodeJSONError) -> Value {
    let bytes = Array(bytes)
    let value = try decode(type, from: bytes)
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    } catch { throw NodeJSONError.notJSON }
    try check(object, against: value, path: "")
    return value
  }

  /// Compares the names in JSON with the properties of what they were decoded to.
  private static func check(_ json: Any, against value: Any, path: String) throws(NodeJSONError) {
    if let list = json as? [Any] {
      let mirror = unwrapped(value)
      guard mirror.displayStyle == .collection else { return }
      for (index, (json, child)) in zip(list, mirror.children).enumerated() {
        try check(json, against: child.value, path: "\(path)[\(index)]")
      }
    } else if let object = json as? [String: Any] {
      try check(object, against: value, path: path)
    }
  }

  private static func check(_ object: [String: Any], against value: Any, path: String) throws(NodeJSONError) {
    guard let fields = fields(of: value) else { return }
    for name in object.keys.sorted() where !fields.contains(name) {
      throw .unknown(field: name, path: path.isEmpty ? "the document" : path, known: fields.sorted())
    }
    let nested = object.filter { hasNames($0.value) }
    if nested.isEmpty { return }
    for child in unwrapped(value).children {
      guard let name = child.label.map(snakeCase), let json = nested[name] else { continue }
      try check(json, against: child.value, path: path.isEmpty ? name : "\(path).\(name)")
    }
  }

  /// Whether there are names somewhere in JSON.
  private static func hasNames(_ json: Any) -> Bool {
    json is [String: Any] || (json as? [Any])?.contains(where: hasNames) ?? false
  }

  /// The fields of the documents of each type that has been decoded.
  private static let knownFields = Mutex<[ObjectIdentifier: Set<String>]>([:])

  /// The fields of a document; nil of what is no struct. A type's are looked up once: reflection takes as long as all else
  /// that an order's request costs.
  private static func fields(of value: Any) -> Set<String>? {
    let type = ObjectIdentifier(Swift.type(of: value))
    if let known = knownFields.withLock({ $0[type] }) { return known }
    let mirror = unwrapped(value)
    guard mirror.displayStyle == .struct else { return nil }
    let fields = Set(mirror.children.compactMap { $0.label.map(snakeCase) })
    knownFields.withLock { $0[type] = fields }
    return fields
  }

  /// A value's properties or elements; of an optional one, those of what it holds.
  private static func unwrapped(_ value: Any) -> Mirror {
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional, let wrapped = mirror.children.first?.value else { return mirror }
    return unwrapped(wrapped)
  }

  /// A property's name as its field: `gpuClasses` is `gpu_classes`.
  private static func snakeCase(_ label: String) -> String {
    label.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }
}
