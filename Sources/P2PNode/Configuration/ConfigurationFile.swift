import Configuration
import Foundation
import NodeAPI
import Yams

/// `config.yaml` of a data directory, read once: its values, and where each of its keys stands.
struct ConfigurationFile: Sendable {
  /// The largest file in bytes: hundreds of times what all settings take.
  static let maximumBytes = 256 << 10

  /// The file's path.
  let path: String
  /// The values.
  let values: YAMLSnapshot
  /// The line of each key, by its name.
  let lines: [String: Int]

  /// Reads the file; nil when there is none, or nothing in it.
  ///
  /// - Parameter known: the settings that there are; any other key is refused, with its line.
  init?(path: String, known: [ConfigurationKey]) throws(ConfigurationError) {
    let bytes: [UInt8]
    do throws(InputFileError) {
      bytes = try InputFile.read(path, limit: Self.maximumBytes)
    } catch {
      if error == .system(path: path, errno: ENOENT) { return nil }
      throw .unreadable(error.description)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch { throw .notYAML(path: path, why: Self.text(error)) }
    guard let root, root.null == nil else { return nil }
    guard let mapping = root.mapping else {
      throw .notYAML(path: path, why: "it has to be lines of \"key: value\"")
    }
    var lines: [String: Int] = [:]
    try Self.walk(mapping, path: path, section: [], known: known, into: &lines)
    self.path = path
    self.lines = lines
    do {
      values = try YAMLSnapshot(data: bytes.span.bytes, providerName: path, parsingOptions: .default)
    } catch {
      throw .notYAML(path: path, why: Self.text(error))
    }
  }

  /// `config.yaml, line 3`, of a setting that is in the file.
  func place(of key: ConfigurationKey) -> String { Self.place(path, lines[key.name]) }

  private static func place(_ path: String, _ line: Int?) -> String { line.map { "\(path), line \($0)" } ?? path }

  /// Notes the lines of a mapping's keys, and refuses those that are no settings.
  private static func walk(
    _ mapping: Node.Mapping, path: String, section: [String], known: [ConfigurationKey], into lines: inout [String: Int]
  ) throws(ConfigurationError) {
    for (key, value) in mapping {
      let line = key.mark?.line
      let name = (section + [key.string ?? ""]).joined(separator: ".")
      if let setting = known.first(where: { $0.name == name }) {
        guard value.mapping == nil else {
          throw .shape(key: name, place: place(path, line), expected: "one value; allowed: \(setting.allowed)")
        }
        let isList = setting.kind == .addresses
        guard (value.sequence != nil) == isList else {
          throw .shape(
            key: name, place: place(path, line),
            expected: "\(isList ? "a list" : "one value"); allowed: \(setting.allowed)")
        }
        lines[name] = line
      } else if known.contains(where: { $0.name.hasPrefix(name + ".") }) {
        guard value.null == nil else { continue }
        guard let inner = value.mapping else {
          throw .shape(key: name, place: place(path, line), expected: "a section of keys and values")
        }
        try walk(inner, path: path, section: section + [key.string ?? ""], known: known, into: &lines)
      } else {
        let names = known.map(\.name)
        throw .unknownKey(
          name, place: place(path, line), near: NearestWord.suggestions(for: name, among: names), known: names)
      }
    }
  }

  private static func text(_ error: any Error) -> String {
    "\(error)".split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
  }
}

/// A provider whose values never change: those of one snapshot.
struct SnapshotProvider<Snapshot: ConfigSnapshot>: ConfigProvider {
  let values: Snapshot

  var providerName: String { values.providerName }

  func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
    try values.value(forKey: key, type: type)
  }

  func fetchValue(forKey key: AbsoluteConfigKey, type: ConfigType) async throws -> LookupResult {
    try value(forKey: key, type: type)
  }

  func watchValue<Return: ~Copyable>(
    forKey key: AbsoluteConfigKey, type: ConfigType,
    updatesHandler:
      nonisolated(nonsending) (
        ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
      ) async throws -> Return
  ) async throws -> Return {
    try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
  }

  func snapshot() -> any ConfigSnapshot { values }

  func watchSnapshot<Return: ~Copyable>(
    updatesHandler:
      nonisolated(nonsending) (
        ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>
      ) async throws -> Return
  ) async throws -> Return {
    try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
  }
}
