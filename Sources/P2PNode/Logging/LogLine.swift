import Glibc
import Logging
import Market
import NodeAPI

/// One line of the log, as text for people or as a JSON document.
struct LogLine: Encodable {
  let time: String
  let level: String
  let message: String
  let metadata: [String: String]?

  init(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at time: Timestamp) {
    self.time = UTCText.format(time)
    self.level = level.rawValue
    self.message = message
    self.metadata = metadata.isEmpty ? nil : metadata.mapValues { "\($0)" }
  }

  /// The line in a format. Whatever a peer wrote can neither break it nor move a terminal's cursor.
  func text(_ format: NodeSettings.LogFormat) -> String {
    switch format {
    case .json:
      // Strings encode always.
      return (try? NodeJSON.text(self)) ?? ""
    case .human:
      let words = (metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
      let level = level + String(repeating: " ", count: max(0, 8 - level.count))
      return TerminalText.clean(([time, level, message] + words).joined(separator: " "))
    }
  }

  private static func quoted(_ text: String) -> String {
    let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
    return isWord ? text : "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
