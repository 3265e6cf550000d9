import Gossip
import Wire

/// What those say whose feeds are written by hand, without a core that would say it for them.
extension VirtualNetwork {
  /// Opens a connection from a participant to another, and asks for a link.
  func connect(_ caller: Int, to callee: Int, agent: String) -> UInt64 {
    let link = open(from: caller, to: callee)
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = agent
    send(.hello(hello), over: link, from: caller)
    var neighbour = WireNeighbour()
    neighbour.kind = .random
    send(.neighbour(neighbour), over: link, from: caller)
    return link
  }

  /// Pushes an entry, whatever the other side has.
  func push(_ entry: SignedEntry, over link: UInt64, from participant: Int) {
    var push = WirePush()
    push.entries = [entry.wire]
    send(.push(push), over: link, from: participant)
  }

  private func send(_ message: WirePeerMessage.OneOf_Message, over link: UInt64, from participant: Int) {
    var out = WirePeerMessage()
    out.message = message
    send(out.encoded(), priority: .urgent, over: link, from: participant)
  }
}
