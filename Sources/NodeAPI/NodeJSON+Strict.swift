import Foundation

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
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      if let wrapped = mirror.children.first?.value { try check(json, against: wrapped, path: path) }
      return
    }
    if let list = json as? [Any], mirror.displayStyle == .collection {
      for (index, (json, child)) in zip(list, mirror.children).enumerated() {
        try check(json, against: child.value, path: "\(path)[\(index)]")
      }
      return
    }
    guard let object = json as? [String: Any], mirror.displayStyle == .struct else { return }
    var properties: [String: Any] = [:]
    for child in mirror.children {
      if let label = child.label { properties[snakeCase(label)] = child.value }
    }
    for name in object.keys.sorted() {
      guard let json = object[name], let property = properties[name] else {
        throw .unknown(field: name, path: path.isEmpty ? "the document" : path, known: properties.keys.sorted())
      }
      try check(json, against: property, path: path.isEmpty ? name : "\(path).\(name)")
    }
  }

  /// A property's name as its field: `gpuClasses` is `gpu_classes`.
  private static func snakeCase(_ label: String) -> String {
    label.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }
}
