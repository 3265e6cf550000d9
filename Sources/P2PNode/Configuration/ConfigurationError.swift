/// Why a node does not go by its configuration.
enum ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The file was not read.
  case unreadable(String)
  /// The file is not YAML, or not a mapping of keys.
  case notYAML(path: String, why: String)
  /// A key that is none; `place` is where it stands, `near` what was probably meant, `known` what there is.
  case unknownKey(String, place: String, near: [String], known: [String])
  /// A value where a section belongs, or the other way round.
  case shape(key: String, place: String, expected: String)
  /// A value that is not allowed; `name` as the person wrote it.
  case value(name: String, place: String?, value: String, allowed: String)

  var description: String {
    switch self {
    case .unreadable(let why): return why
    case .notYAML(let path, let why): return "\(path) is not a configuration: \(why)"
    case .unknownKey(let key, let place, let near, let known):
      let question = near.isEmpty ? ". " : "; did you mean \(near.joined(separator: " or "))? "
      return "\(prefix(place))\"\(key)\" is not a setting\(question)Allowed: \(known.joined(separator: ", "))"
    case .shape(let key, let place, let expected): return "\(prefix(place))\(key) is not \(expected)"
    case .value(let name, let place, let value, let allowed):
      return "\(prefix(place))\(name) is \"\(value)\"; allowed: \(allowed)"
    }
  }

  private func prefix(_ place: String?) -> String { place.map { "\($0): " } ?? "" }
}
