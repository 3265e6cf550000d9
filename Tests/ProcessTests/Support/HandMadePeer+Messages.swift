import Foundation
import Gossip
import Market
import NodeCrypto
import Wire

/// The messages that the tests' peers speak, besides the hello: all that depends on the protocol's kinds of messages.
extension HandMadePeer {
  typealias Message = WirePeerMessage.OneOf_Message

  /// What a node that dials says behind its hello: it asks for a link.
  static var wantsLink: Message {
    var neighbour = WireNeighbour()
    neighbour.kind = .random
    return .neighbour(neighbour)
  }

  static func ping(_ id: UInt64) -> Message {
    var ping = WirePing()
    ping.id = id
    return .ping(ping)
  }

  static func pong(_ id: UInt64) -> Message {
    var pong = WirePong()
    pong.id = id
    return .pong(pong)
  }

  static func push(_ entries: [SignedEntry]) -> Message {
    var push = WirePush()
    push.entries = entries.map(\.wire)
    return .push(push)
  }

  /// The same with a bit off in each signature.
  static func forgedPush(_ entries: [SignedEntry]) -> Message {
    var push = WirePush()
    push.entries = entries.map { entry in
      var wire = entry.wire
      wire.signature[wire.signature.startIndex] ^= 1
      return wire
    }
    return .push(push)
  }

  /// Asks for a feed from its beginning.
  static func fetch(_ id: UInt64, of author: NodeID, through last: UInt64) -> Message {
    var range = WireFeedRange()
    range.author = .init(author.bytes)
    range.from = 1
    range.through = last
    var fetch = WireFetch()
    fetch.id = id
    fetch.ranges = [range]
    return .fetch(fetch)
  }

  static func encoded(_ message: Message) -> [UInt8] {
    var wire = WirePeerMessage()
    wire.message = message
    return wire.encoded()
  }

  /// The id of a ping or a pong; nil for anything else, which its first byte, the field's tag, tells at no cost.
  static func pingOrPong(_ bytes: [UInt8]) -> (isPing: Bool, id: UInt64)? {
    guard let tag = bytes.first, [8 << 3 | 2, 9 << 3 | 2].contains(tag) else { return nil }
    switch (try? WirePeerMessage.decode(bytes))?.message {
    case .ping(let ping): return (true, ping.id)
    case .pong(let pong): return (false, pong.id)
    default: return nil
    }
  }

  /// A feed of ticks: those of a burst at `time`, then one for each millisecond.
  static func ticks(
    _ count: Int, burst: Int, by identity: Identity, from time: Timestamp, network: NetworkID
  ) -> [SignedEntry] {
    var entries: [SignedEntry] = []
    var head = Head.origin(of: network)
    for index in 0..<count {
      let entry = SignedEntry(
        after: head, time: time + Int64(max(0, index - burst)), payload: [], identity: identity, network: network)
      entries.append(entry)
      head = entry.head
    }
    return entries
  }
}

extension Timestamp {
  /// The machine's clock.
  static var machine: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
