import Configuration
import NodeAPI
import Synchronization

/// Where a value comes from; the first that has one counts.
enum ConfigurationLayer: Int, CaseIterable, Sendable {
  case flag
  case environment
  case file
  case standard

  /// What `config` calls it.
  var name: String {
    switch self {
    case .flag: "flag"
    case .environment: "environment"
    case .file: "file"
    case .standard: "default"
    }
  }
}

/// What all layers together say: of each setting its text and where that comes from.
struct ConfigurationLayers: Sendable {
  /// A setting's value.
  struct Entry: Sendable {
    let key: ConfigurationKey
    /// The text, or the texts of a list; empty when there is no value.
    let texts: [String]
    /// Where it comes from; nil when there is no value.
    let layer: ConfigurationLayer?
    /// Where it stands: a flag, a variable, or a line of the file.
    let place: String?
  }

  /// The settings, in the order in which they are shown.
  let entries: [Entry]

  /// - Parameters:
  ///   - flags: what the command line says, by the settings' names.
  ///   - environment: the process's variables.
  ///   - path: where the file would be.
  ///   - classes: the ids of the market's GPU classes.
  init(
    flags: [String: [String]], environment: [String: String], path: String, classes: [String]
  ) throws(ConfigurationError) {
    let known = ConfigurationKey.all(classes: classes)
    let variables = environment.filter { $0.key.hasPrefix(Self.prefix) && !$0.value.isEmpty }
    try Self.check(variables, known: known)
    let file = try ConfigurationFile(path: path, known: known)
    let origins = OriginRecorder()
    let reader = ConfigReader(
      providers: [
        Self.flagProvider(flags, known: known),
        EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: "p2pnode"),
        file.map { SnapshotProvider(values: $0.values) as any ConfigProvider } ?? InMemoryProvider(values: [:]),
        Self.standardProvider(known),
      ], accessReporter: origins)
    entries = known.compactMap { key in
      let texts = Self.texts(of: key, in: reader)
      let layer = texts.isEmpty ? nil : origins.last
      let place: String? =
        switch layer {
        case .flag?: key.flag
        case .environment?: key.variable
        case .file?: file?.place(of: key)
        case .standard?, nil: nil
        }
      let isShown = layer != nil || !key.name.hasPrefix(ConfigurationKey.pricePrefix)
      return isShown ? Entry(key: key, texts: texts, layer: layer, place: place) : nil
    }
  }

  /// The entry of a setting.
  subscript(key: ConfigurationKey) -> Entry? { entries.first { $0.key.name == key.name } }

  private static let prefix = "P2PNODE_"

  private static func texts(of key: ConfigurationKey, in reader: ConfigReader) -> [String] {
    let name = ConfigKey(key.components)
    if key.kind == .addresses { return reader.stringArray(forKey: name) ?? [] }
    return reader.string(forKey: name).map { [$0] } ?? []
  }

  private static func flagProvider(_ flags: [String: [String]], known: [ConfigurationKey]) -> InMemoryProvider {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for key in known {
      guard let texts = flags[key.name], let first = texts.first else { continue }
      let content: ConfigContent = key.kind == .addresses ? .stringArray(texts) : .string(first)
      values[AbsoluteConfigKey(key.components)] = ConfigValue(content, isSecret: false)
    }
    return InMemoryProvider(name: "flags", values: values)
  }

  private static func standardProvider(_ known: [ConfigurationKey]) -> InMemoryProvider {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for key in known {
      if let standard = key.standard {
        values[AbsoluteConfigKey(key.components)] = ConfigValue(.string(standard), isSecret: false)
      }
    }
    return InMemoryProvider(name: "defaults", values: values)
  }

  /// Refuses variables that are no settings and look as if they were meant to be; others with the prefix are somebody
  /// else's, such as those of the build.
  private static func check(_ variables: [String: String], known: [ConfigurationKey]) throws(ConfigurationError) {
    let names = known.map(\.variable)
    let suffixes = names.map { $0.dropFirst(prefix.count).lowercased() }
    for name in variables.keys.sorted() where !(names + ConfigurationKey.otherVariables).contains(name) {
      let word = String(name.dropFirst(prefix.count)).lowercased()
      let near = NearestWord.suggestions(for: word, among: suffixes).map { prefix + $0.uppercased() }
      guard !near.isEmpty else { continue }
      throw .unknownKey(name, place: "the environment", near: near, known: names)
    }
  }
}

/// Notes which layer a value came from, as the reader looks it up.
private final class OriginRecorder: AccessReporter {
  private let layer = Mutex<ConfigurationLayer?>(nil)

  /// The layer of the value that was looked up last.
  var last: ConfigurationLayer? { layer.withLock { $0 } }

  func report(_ event: AccessEvent) {
    let place = event.providerResults.firstIndex { result in
      if case .success(let found) = result.result { found.value != nil } else { false }
    }
    layer.withLock { $0 = place.flatMap(ConfigurationLayer.init(rawValue:)) }
  }
}
