import Gossip
import Market
import NIOCore
import NodeCrypto

/// What an attacker does. What it sends is made before it begins: it is to keep the node busy, not itself.
struct Attack: Sendable {
  let run: @Sendable (Attacker) async throws -> Void

  /// Random bytes instead of a handshake, in one connection after the other.
  static func garbage() -> Attack {
    var generator = SplitMix64(seed: 0x6761_7262_6167_65)
    let pieces = (0..<16).map { _ in (0..<2048).map { _ in UInt8.random(in: 0...255, using: &generator) } }
    return Attack { attacker in
      await attacker.flood(3000, workers: 16) { try await attacker.send(pieces[$0 % pieces.count]) }
    }
  }

  /// A length of 4 GiB, as a frame's and as that of a field in a message of a proper session, with more behind it.
  static func hugeLength() -> Attack {
    let frame = [0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 1 << 20)
    // Field 2, a push, and in it field 1, an entry, each of 2^32 - 1 bytes.
    let claims: [UInt8] = [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]
    let message = claims + [UInt8](repeating: 0, count: 60_000)
    return Attack { attacker in
      await attacker.flood(400, workers: 8) { _ in
        try await attacker.send(frame)
        try await attacker.withPeer { peer in
          peer.send(message)
          try await eventually("the node ends the connection") { peer.end != nil }
        }
      }
    }
  }

  /// The first message of the handshake and never the third; as many connections as there are workers, and new ones for
  /// those that the node gives up.
  static func halfHandshake() -> Attack {
    let key = NoiseKeyPair.generate().publicKey
    return Attack { attacker in
      await attacker.flood(2000, workers: 300) { _ in
        let channel = try await attacker.connect()
        channel.writeAndFlush(ByteBuffer(bytes: [0, 32] + key.bytes), promise: nil)
        try await attacker.hold(channel)
      }
    }
  }

  /// 500 connections that send a byte now and then, a frame's length first.
  static func trickle() -> Attack {
    Attack { attacker in
      await attacker.flood(1500, workers: 500) { _ in
        let channel = try await attacker.connect()
        channel.writeAndFlush(ByteBuffer(bytes: [0x03]), promise: nil)
        let task = channel.eventLoop.scheduleRepeatedTask(
          initialDelay: .milliseconds(100), delay: .milliseconds(100)
        ) { _ in
          channel.writeAndFlush(ByteBuffer(bytes: [0xE8]), promise: nil)
        }
        defer { task.cancel() }
        try await attacker.hold(channel)
      }
    }
  }

  /// Connections that are closed as soon as they are made, and proper sessions that say nothing, side by side.
  static func connections() -> Attack {
    Attack { attacker in
      await attacker.flood(6000, workers: 8) { attempt in
        if attempt.isMultiple(of: 8) {
          try await attacker.withPeer { _ in }
        } else {
          try await attacker.connect().close()
        }
      }
    }
  }

  /// Entries with bad signatures, as many as four messages take, from a new node each time.
  static func badSignatures(on network: NetworkID) -> Attack {
    let pushes = (0..<16).map { _ in
      HandMadePeer.encoded(
        HandMadePeer.forgedPush(
          HandMadePeer.ticks(250, burst: 250, by: .generate(), from: .machine, network: network)))
    }
    return Attack { attacker in
      await attacker.flood(400, workers: 4) { attempt in
        try await attacker.withPeer { peer in
          for index in 0..<4 { peer.send(pushes[(4 * attempt + index) % pushes.count]) }
          try await eventually("the node ends the connection") { peer.end != nil }
        }
      }
    }
  }

  /// Good entries of one author, as fast as the node takes them: more than the network allows at once, in as many
  /// seconds as the phase has.
  static func entries(on network: NetworkID) -> Attack {
    let ticks = HandMadePeer.ticks(4000, burst: 3000, by: .generate(), from: .machine, network: network)
    let pushes = stride(from: 0, to: ticks.count, by: 100).map { start in
      HandMadePeer.encoded(HandMadePeer.push(Array(ticks[start..<start + 100])))
    }
    return Attack { attacker in
      await attacker.flood(1, workers: 1) { _ in
        try await attacker.withPeer { peer in
          for push in pushes where !attacker.isStopped {
            peer.send(push)
            try await eventually("the node takes it") { peer.queuedByteCount < 1 << 20 || attacker.isStopped }
          }
          try await eventually("the attack ends") { attacker.isStopped }
        }
      }
    }
  }

  /// Peers that ask for all of a feed, and for pongs without end, and take nothing of what comes.
  static func deafness(to author: NodeID, through last: UInt64) -> Attack {
    let pings = (1...50 as ClosedRange<UInt64>).map { HandMadePeer.encoded(HandMadePeer.ping($0)) }
    return Attack { attacker in
      await attacker.flood(64, workers: 4) { _ in
        try await attacker.withPeer(isReading: false) { peer in
          for id in 1...4 as ClosedRange<UInt64> { peer.send(HandMadePeer.fetch(id, of: author, through: last)) }
          while peer.end == nil, !attacker.isStopped {
            if peer.queuedByteCount < 10_000 { for ping in pings { peer.send(ping) } }
            // Many small bursts: the attacker's machine is this one, and its turns are to be short.
            try await attacker.pause(.microseconds(500))
          }
        }
      }
    }
  }
}
