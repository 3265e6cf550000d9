import ArgumentParser
import Foundation
import NodeAPI
import NodeClient

/// `p2pnode dashboard`: the link to the page of a running node.
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Print the link to the dashboard of a running node.",
    discussion: """
      The node serves the page when it runs with --http, such as: p2pnode run --http 127.0.0.1:8080. The link holds the \
      token of this start of the node: whoever has it trades in the node's name.
      """)

  @OptionGroup var data: DataOption

  @Flag(help: "Open the link in the browser, too.")
  var open = false

  @Flag(name: .customLong("json"), help: "Print exactly one JSON document.")
  var isJSON = false

  func run() async throws {
    let client = NodeClient(dataDirectory: data.directory.path)
    let result = await link(client)
    await client.shutdown()
    switch result {
    case .success(let link):
      try Terminal.put(isJSON ? NodeJSON.text(["url": link], layout: .pretty) : link, to: .output)
      if open { try Browser.open(link, by: data.directory) }
    case .failure(let failure):
      if isJSON {
        let problem = ProblemDocument(
          type: "urn:p2pnode:no-dashboard", title: "There is no dashboard", status: 503, detail: failure.description)
        try Terminal.put(NodeJSON.text(problem, layout: .pretty), to: .output)
      }
      Terminal.write("error: \(TerminalText.clean(failure.description))", to: .error)
      throw ExitCode.failure
    }
  }

  private func link(_ client: NodeClient) async -> Result<String, DashboardError> {
    do throws(NodeClientError) {
      _ = try await client.status()
    } catch {
      return .failure(.node(error))
    }
    guard let file = AccessFile(path: data.directory.accessFile) else {
      return .failure(.notServed(data.directory.path))
    }
    return .success(file.link)
  }
}

/// Why there is no link.
private enum DashboardError: Error, CustomStringConvertible {
  case node(NodeClientError)
  case notServed(String)

  var description: String {
    switch self {
    case .node(.noNode(let directory)):
      "no node is running at \(directory); start one with a dashboard: p2pnode run --data \(directory) --http 127.0.0.1:8080"
    case .node(let error): error.description
    case .notServed(let directory):
      "the node at \(directory) runs without --http, so it serves no dashboard; stop it and start it with: "
        + "p2pnode run --data \(directory) --http 127.0.0.1:8080"
    }
  }
}

/// The person's browser.
private enum Browser {
  /// Opens `link` by the desktop's own command. That gets the name of a file of this user's alone, which leads on: other
  /// users see the words of each command that runs.
  static func open(_ link: String, by directory: DataDirectory) throws {
    let page = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=\(link)\">\n"
    try PrivateFile.write(page, to: directory.dashboardFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["xdg-open", directory.dashboardFile]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      Terminal.write("error: no browser could be opened (xdg-open); open the link yourself", to: .error)
      throw ExitCode.failure
    }
  }
}
