import Foundation

/// Hosts of their own for nodes, on one Ethernet: network namespaces on a bridge, which nft cuts in two. Nothing of it
/// touches the machine's own network.
final class NetworkLab: Sendable {
  /// A part of it that could not be made.
  struct SetupError: Error, CustomStringConvertible {
    let description: String
  }

  /// The hosts' addresses, in the order of the hosts.
  let addresses: [String]

  private let prefix: String
  private let hub: String

  /// Why there can be no laboratory here; nil when there can.
  static let obstacle: String? = {
    guard geteuid() == 0 else { return "only root may make network namespaces" }
    for tool in ["ip", "nft"] where path(of: tool) == nil {
      return "there is no \(tool); scripts/setup --tests installs it"
    }
    do {
      let lab = try NetworkLab(hosts: 2)
      defer { lab.remove() }
      try lab.cut([0], from: [1])
      return nil
    } catch {
      return "no network namespaces: \(error)"
    }
  }()

  /// Makes `hosts` hosts that reach each other.
  init(hosts: Int) throws(SetupError) {
    let name = "p2p\(UInt32.random(in: 0x1000...0xffff))"
    prefix = name
    hub = name + "hub"
    addresses = (0..<hosts).map { "10.77.0.\($0 + 1)" }
    do {
      try Self.run(["ip", "netns", "add", hub])
      try inHub(["ip", "link", "add", "bridge", "type", "bridge"])
      try inHub(["ip", "link", "set", "bridge", "up"])
      for index in addresses.indices { try addHost(index) }
    } catch {
      remove()
      throw error
    }
  }

  private func addHost(_ index: Int) throws(SetupError) {
    let host = namespace(of: index)
    try Self.run(["ip", "netns", "add", host])
    try inHub(["ip", "link", "add", "port\(index)", "type", "veth", "peer", "name", "eth0", "netns", host])
    try inHub(["ip", "link", "set", "port\(index)", "master", "bridge", "up"])
    for command in [
      ["address", "add", "\(addresses[index])/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
      ["link", "set", "lo", "up"],
    ] {
      try Self.run(["ip", "-netns", host] + command)
    }
  }

  /// Takes everything away, whatever of it there is.
  func remove() {
    for name in addresses.indices.map(namespace) + [hub] { try? Self.run(["ip", "netns", "delete", name]) }
  }

  /// The command line that runs `command` on a host; it replaces itself with the command, whose process it thus is.
  func commandLine(on host: Int, _ command: [String]) -> [String] {
    [Self.path(of: "ip") ?? "ip", "netns", "exec", namespace(of: host)] + command
  }

  /// Lets no packet through between the hosts of `one` and those of `other`, in either direction.
  func cut(_ one: [Int], from other: [Int]) throws(SetupError) {
    func set(_ hosts: [Int]) -> String { "{ " + hosts.map { addresses[$0] }.joined(separator: ", ") + " }" }
    for (host, far) in one.map({ ($0, other) }) + other.map({ ($0, one) }) {
      let rules = """
        table ip cut {
          chain input { type filter hook input priority 0; ip saddr \(set(far)) drop; }
          chain output { type filter hook output priority 0; ip daddr \(set(far)) drop; }
        }
        """
      try Self.run(["ip", "netns", "exec", namespace(of: host), "nft", rules])
    }
  }

  /// Joins what was cut.
  func heal() throws(SetupError) {
    for host in addresses.indices {
      try Self.run(["ip", "netns", "exec", namespace(of: host), "nft", "flush ruleset"])
    }
  }

  private func namespace(of host: Int) -> String { "\(prefix)n\(host)" }

  private func inHub(_ command: [String]) throws(SetupError) {
    try Self.run(["ip", "netns", "exec", hub] + command)
  }

  private static func path(of tool: String) -> String? {
    ["/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"].map { $0 + tool }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static func run(_ command: [String]) throws(SetupError) {
    let what = command.joined(separator: " ")
    guard let tool = path(of: command[0]) else { throw SetupError(description: "there is no \(command[0])") }
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = Array(command.dropFirst())
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    do { try process.run() } catch { throw SetupError(description: "\(what): \(error)") }
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw SetupError(description: "\(what): \(said)") }
  }
}
