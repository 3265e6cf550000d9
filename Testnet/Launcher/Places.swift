import NodeProcesses

/// Where everything is, for the person at the terminal.
struct Places {
  let run: TestnetRun
  let entrance: LoopbackPort
  let isBootstrap: Bool

  /// The text.
  var text: String {
    let executable = run.installation.nodeExecutable
    let nodes = run.fleet.nodes.map { node in
      "  node \(node.number)  \(node.role.rawValue)\(node.role == .renter ? "  " : "")"
        + "  process \(node.processIdentifier)  \(node.directory)"
    }
    let example = run.fleet.providers.first?.directory ?? run.directory.path
    let peer = isBootstrap ? "" : " --peer \(entrance)"
    var lines = [
      "", "The nodes run, and the first one listens on \(entrance):", nodes.joined(separator: "\n"), "",
      "A console on any of them:", "  \(executable) console --data \(example)",
      "Join with a node of your own:",
      "  \(executable) init --network \(run.installation.networkFile) --data my-node",
      "  \(executable) run --data my-node\(peer)",
    ]
    if run.directory.isKept {
      lines += [
        "The directories stay; to start such a node again after this:",
        "  \(executable) run --data \(example) --passphrase-file \(run.directory.passphraseFile)",
      ]
    }
    switch run.ending {
    case .console: lines.append("Leave the console to stop all nodes. It is on the first renter's node:\n")
    case .untilSignal: lines.append("They run until this process gets SIGINT or SIGTERM.")
    case .summary: break
    }
    return lines.joined(separator: "\n")
  }
}
