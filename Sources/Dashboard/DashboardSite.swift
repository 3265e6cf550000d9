import Foundation
import NodeCrypto

/// The files of the dashboard: a page that the node serves, of plain HTML, style sheets and modules.
///
/// They are read once, when the first one is asked for. A path is looked up in that table and never reaches the disk, so
/// that none leads outside of it.
public enum DashboardSite {
  /// One file, as HTTP sends it.
  public struct File: Hashable, Sendable {
    /// The content.
    public let bytes: [UInt8]
    /// The value of `Content-Type`.
    public let contentType: String
    /// The value of `ETag`, with its quotation marks: a hash of the content.
    public let entityTag: String
  }

  /// The file at `path` of a request, `/` being the page; nil when there is none. O(1) after the first call.
  public static func file(at path: String) -> File? { files[path == "/" ? "/index.html" : path] }

  /// The paths of all files, ascending, such as `/index.html`; none where the node was installed without them.
  public static var paths: [String] { files.keys.sorted() }

  /// What `path`, a file's name, is sent as; nil for what no page has.
  static func contentType(of path: String) -> String? {
    switch path.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: nil
    }
  }

  /// Tags the hashes of files.
  private enum Content {}

  private static let files: [String: File] = directory.map(read(directory:)) ?? [:]

  /// Where the package manager puts the resources of this target: beside the executable. The accessor that it generates
  /// is not used, because it ends the process where they are missing, and a node trades without its page.
  private static let directory: URL? = {
    let name = "p2pnode_Dashboard.resources"
    let executable =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    let places = [URL(fileURLWithPath: executable).deletingLastPathComponent(), Bundle.main.bundleURL]
    return places.lazy.map { $0.appendingPathComponent(name).appendingPathComponent("Site") }
      .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("index.html").path) }
  }()

  private static func read(directory: URL) -> [String: File] {
    let names = FileManager.default.enumerator(atPath: directory.path)?.allObjects ?? []
    var files: [String: File] = [:]
    for case let name as String in names {
      guard let type = contentType(of: name),
        let content = FileManager.default.contents(atPath: directory.appendingPathComponent(name).path)
      else { continue }
      let bytes = Array(content)
      let tag = Blake2b.hash(bytes, as: Content.self).hex.prefix(32)
      files["/" + name] = File(bytes: bytes, contentType: type, entityTag: "\"\(tag)\"")
    }
    return files
  }
}
