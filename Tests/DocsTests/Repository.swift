import Foundation

/// The checkout that these tests were built from.
enum Repository {
  /// The path of the directory that holds `Package.swift`, with symbolic links resolved.
  static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The file at `path`, relative to the root.
  static func url(_ path: String) -> URL { root.appendingPathComponent(path) }

  /// The text of the file at `path`, relative to the root.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: url(path), encoding: .utf8)
  }

  /// The documents for people: the README and everything in `docs`, ascending.
  static func documents() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: url("docs").path)
    return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }
}
