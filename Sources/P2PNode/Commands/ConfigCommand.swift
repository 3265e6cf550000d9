import ArgumentParser
import Foundation
import NodeAPI

/// `p2pnode config`: shows what a node that is started now would go by, and where each value comes from.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show each setting and where its value comes from.",
    discussion: """
      A setting is taken from the flags of run, else from the environment (P2PNODE_LISTEN), else from config.yaml in the \
      data directory, else it is the default. Checks all of them as run does; docs/OPERATIONS.md says what each is for.
      """)

  @OptionGroup var data: DataOption

  @OptionGroup var options: ConfigurationOptions

  @Flag(name: .customLong("json"), help: "Print exactly one JSON document.")
  var isJSON = false

  func run() async throws {
    let layers: ConfigurationLayers
    do {
      let directory = data.directory
      let source = options.source(directory, genesis: try directory.genesis())
      layers = try source.layers()
      _ = try NodeSettings(layers, genesis: source.genesis)
    } catch {
      let problem = ProblemDocument(
        type: "urn:p2pnode:config", title: "The configuration is not one", status: 400, detail: "\(error)")
      if isJSON { try Terminal.put(NodeJSON.text(problem, layout: .pretty), to: .output) }
      Terminal.write("error: \(TerminalText.clean(problem.detail))", to: .error)
      throw ExitCode.failure
    }
    let rows = layers.entries.map(SettingDocument.init)
    guard !isJSON else { return try Terminal.put(NodeJSON.text(rows, layout: .pretty), to: .output) }
    var table = TextTable([.init("SETTING"), .init("VALUE"), .init("FROM")])
    for row in rows {
      table.append([
        .init(row.key, .cyan), row.values.isEmpty ? .init("-", .dim) : .init(row.values.joined(separator: ",")),
        .init(row.place ?? row.from ?? "-", row.from == "default" ? .dim : .plain),
      ])
    }
    try Terminal.put(table.render(colours: Terminal.showsColours(.output)), to: .output)
  }
}

/// One setting as `config --json` prints it.
private struct SettingDocument: Encodable {
  let key: String
  /// The values: one, several of a list, none when nothing is set.
  let values: [String]
  /// `flag`, `environment`, `file` or `default`; left out when nothing is set.
  let from: String?
  /// The flag, the variable, or the file with the line.
  let place: String?
  let allowed: String
  /// Whether SIGHUP makes a running node go by a new value.
  let reloadable: Bool

  init(_ entry: ConfigurationLayers.Entry) {
    key = entry.key.name
    values = entry.texts
    from = entry.layer?.name
    place = entry.place
    allowed = entry.key.allowed
    reloadable = entry.key.isReloadable
  }
}
