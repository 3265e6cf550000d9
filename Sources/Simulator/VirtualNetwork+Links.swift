import DequeModule
import Gossip
import Market
import NodeCrypto

/// A connection between two participants. Its lanes are numbers `2 × place` (from the caller) and `2 × place + 1`.
struct Link {
  let caller: Int32
  let callee: Int32
  let latencyMicroseconds: Int64
  /// 0 when the line takes no time.
  var bytesPerSecond: Int64
}

/// One direction of a connection, and whether the participant at its beginning holds the connection open.
struct Lane {
  enum Item {
    case opened
    case message([UInt8])
    case closed
  }

  var isOpen = false
  /// What waits for the line, by priority; without elements until the line is first busy.
  var queues: [Deque<[UInt8]>] = []
  var queuedBytes = 0
  var isTransmitting = false
  /// When the line is free.
  var freeAt: Int64 = 0
  var lastArrival: Int64 = 0
  /// What is on its way, in its order: one `arrive` event for each.
  var inTransit: Deque<Item> = []
  /// What arrived at a partition, in its order.
  var stalled: Deque<Item> = []
}

/// A dial on its way.
struct Dial {
  let caller: Int
  let life: Int
  let address: PeerAddress
  /// The participant that is reached; nil when nobody will be.
  let callee: Int?
}

extension VirtualNetwork {
  // MARK: Chance

  /// A span in microseconds out of a range of milliseconds.
  func span(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound == range.upperBound
      ? range.lowerBound * 1000
      : Int64.random(in: range.lowerBound * 1000...range.upperBound * 1000, using: &nodeChance)
  }

  private func occurs(_ perMille: Int64) -> Bool {
    perMille > 0 && Int64(networkChance.next() % 1000) < perMille
  }

  /// A number for a pair of participants that depends on nothing but the pair, the seed and `salt`.
  private func draw(_ one: Int, _ other: Int, salt: UInt64) -> UInt64 {
    var mixer = SplitMix64(
      seed: seed &+ salt &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(min(one, other)) << 32 ^ UInt64(max(one, other)))
    return mixer.next()
  }

  /// The one-way latency between two participants in microseconds.
  public func latencyMicroseconds(_ one: Int, _ other: Int) -> Int64 {
    let width = UInt64(conditions.latency.upperBound - conditions.latency.lowerBound) * 1000 + 1
    return conditions.latency.lowerBound * 1000 + Int64(draw(one, other, salt: 1) % width)
  }

  // MARK: Opening

  /// Opens a connection from one participant to an address; answers the caller as a transport does.
  func dial(_ address: PeerAddress, from caller: VirtualNode) {
    note(.dial, caller.index)
    tell("\(caller.index) dials \(address)")
    guard let callee = index(of: address) else {
      return schedule(Dial(caller: caller.index, life: caller.life, address: address, callee: nil), after: 50_000)
    }
    guard reach.connects(caller.index, callee), participants[callee].isListening else {
      let wait = Int64.random(in: 10_000...3_000_000, using: &networkChance)
      return schedule(Dial(caller: caller.index, life: caller.life, address: address, callee: nil), after: wait)
    }
    // One round trip for TCP, one for the first two messages of the handshake.
    let wait = 4 * latencyMicroseconds(caller.index, callee) + packetDelay(bytes: 256)
    schedule(Dial(caller: caller.index, life: caller.life, address: address, callee: callee), after: wait)
  }

  private func schedule(_ dial: Dial, after microseconds: Int64) {
    events.insert(.dial, at: clock + microseconds, subject: Int32(dial.caller), payload: dials.put(dial))
  }

  func dialArrives(_ dial: Dial) {
    guard let caller = virtualNodes[dial.caller], caller.life == dial.life else { return }
    guard let callee = dial.callee, reach.connects(dial.caller, callee), participants[callee].isListening else {
      caller.post(.dialFailed(dial.address, isOwn: false))
      return
    }
    let node = participants[callee].nodeID
    guard node != caller.nodeID else {
      caller.post(.dialFailed(dial.address, isOwn: true))
      return
    }
    let link = open(from: dial.caller, to: callee)
    caller.opened(link, peer: node, address: dial.address, direction: .outbound)
    caller.post(.dialed(dial.address, node: node))
  }

  /// Opens a connection: the caller has it at once, the other when the last message of the handshake arrives.
  @discardableResult
  public func open(from caller: Int, to callee: Int) -> UInt64 {
    let place = links.count
    let isSlow = Int64(draw(caller, callee, salt: 2) % 100) < conditions.slowLinkPercent
    links.append(
      Link(
        caller: Int32(caller), callee: Int32(callee), latencyMicroseconds: latencyMicroseconds(caller, callee),
        bytesPerSecond: isSlow ? conditions.slowBytesPerSecond : 0))
    lanes.append(Lane(isOpen: true))
    lanes.append(Lane())
    carry(.opened, 2 * place, bytes: 0)
    return UInt64(place + 1)
  }

  // MARK: Sending

  private func lane(of link: UInt64, from participant: Int) -> Int? {
    let place = Int(link) - 1
    guard links.indices.contains(place) else { return nil }
    if links[place].caller == Int32(participant) { return 2 * place }
    return links[place].callee == Int32(participant) ? 2 * place + 1 : nil
  }

  /// The participant at the beginning of a lane.
  func sender(of lane: Int) -> Int { Int(lane & 1 == 0 ? links[lane >> 1].caller : links[lane >> 1].callee) }

  /// The participant at the end of a lane.
  func receiver(of lane: Int) -> Int { sender(of: lane ^ 1) }

  /// Queues a message; what leaves first is what is most urgent of all that is queued when the line is free.
  public func send(_ message: [UInt8], priority: SendPriority, over link: UInt64, from participant: Int) {
    guard let lane = lane(of: link, from: participant), lanes[lane].isOpen else { return }
    guard lanes[lane].isTransmitting || isBacklogged(lane) else {
      carry(.message(message), lane, bytes: message.count + frameOverheadBytes)
      return
    }
    if lanes[lane].queues.isEmpty { lanes[lane].queues = Array(repeating: [], count: SendPriority.allCases.count) }
    lanes[lane].queues[Int(priority.rawValue)].append(message)
    lanes[lane].queuedBytes += message.count
    if lanes[lane].queuedBytes > queueLimitBytes { return breakLink(Int(link) - 1) }
    guard !lanes[lane].isTransmitting else { return }
    lanes[lane].isTransmitting = true
    events.insert(.transmit, at: lanes[lane].freeAt, subject: Int32(lane))
  }

  /// Whether the line has more to carry than what a kernel's buffer would take.
  private func isBacklogged(_ lane: Int) -> Bool {
    let rate = links[lane >> 1].bytesPerSecond
    return rate > 0 && (lanes[lane].freeAt - clock) * rate > 16_384 * 1_000_000
  }

  func transmit(_ lane: Int) {
    guard let first = lanes[lane].queues.firstIndex(where: { !$0.isEmpty }) else {
      lanes[lane].isTransmitting = false
      return
    }
    let message = lanes[lane].queues[first].removeFirst()
    lanes[lane].queuedBytes -= message.count
    carry(.message(message), lane, bytes: message.count + frameOverheadBytes)
    events.insert(.transmit, at: max(clock, lanes[lane].freeAt), subject: Int32(lane))
  }

  /// What losses and overtaking add to the time that some bytes take, in microseconds.
  private func packetDelay(bytes: Int) -> Int64 {
    guard conditions.lossPerMille > 0 || conditions.reorderingPerMille > 0 else { return 0 }
    var longest: Int64 = 0
    for _ in 0...(bytes / packetBytes) {
      var delay: Int64 = occurs(conditions.reorderingPerMille) ? 2000 : 0
      // The first retransmission comes with the acknowledgements of later packets, the others after a time that doubles.
      var timeout: Int64 = 120_000
      while occurs(conditions.lossPerMille), timeout < 16_000_000 {
        delay += timeout
        timeout *= 2
      }
      longest = max(longest, delay)
    }
    return longest
  }

  func carry(_ item: Lane.Item, _ lane: Int, bytes: Int) {
    let link = links[lane >> 1]
    var departure = clock
    if link.bytesPerSecond > 0 {
      let copies = occurs(conditions.duplicationPerMille) ? 2 : 1
      departure = max(clock, lanes[lane].freeAt) + Int64(bytes * copies) * 1_000_000 / link.bytesPerSecond
      lanes[lane].freeAt = departure
    }
    let jitter =
      conditions.jitterMicroseconds > 0
      ? Int64(networkChance.next() % UInt64(conditions.jitterMicroseconds + 1)) : 0
    let arrival = max(
      departure + link.latencyMicroseconds + jitter + packetDelay(bytes: bytes), lanes[lane].lastArrival)
    lanes[lane].lastArrival = arrival
    lanes[lane].inTransit.append(item)
    events.insert(.arrive, at: arrival, subject: Int32(lane))
  }

  // MARK: Arriving

  func arrive(_ lane: Int) {
    let item = lanes[lane].inTransit.removeFirst()
    guard reach.carries(sender(of: lane), receiver(of: lane)), lanes[lane].stalled.isEmpty else {
      lanes[lane].stalled.append(item)
      return
    }
    hand(item, lane)
  }

  /// A partition has ended: what it held up is on its way again, after what TCP waits before it tries once more.
  func release(_ lane: Int) {
    guard !lanes[lane].stalled.isEmpty, reach.carries(sender(of: lane), receiver(of: lane)) else { return }
    // The order is kept: what was on its way behind the held items has not arrived.
    let held = lanes[lane].stalled
    let behind = lanes[lane].inTransit
    lanes[lane].stalled = []
    lanes[lane].inTransit = held + behind
    let arrival = max(clock + links[lane >> 1].latencyMicroseconds, lanes[lane].lastArrival)
    lanes[lane].lastArrival = arrival
    for _ in held { events.insert(.arrive, at: arrival, subject: Int32(lane)) }
  }

  private func hand(_ item: Lane.Item, _ lane: Int) {
    let far = lane ^ 1
    let receiver = participants[receiver(of: lane)]
    switch item {
    case .opened:
      guard receiver.isListening else { return carry(.closed, far, bytes: 0) }
      lanes[far].isOpen = true
      let caller = participants[sender(of: lane)]
      receiver.opened(
        UInt64(lane >> 1 + 1), peer: caller.nodeID,
        address: PeerAddress(host: Self.host(of: caller.index), port: 50_000), direction: .inbound)
    case .message(let bytes):
      note(.arrive, lane)
      trace.mix(bytes)
      if lanes[far].isOpen {
        receiver.received(UInt64(lane >> 1 + 1), bytes)
      } else if receiver.isListening, lanes[lane].isOpen {
        // A machine that has started anew knows nothing of the connection, and says so.
        carry(.closed, far, bytes: 0)
      }
    case .closed: breakEnd(far)
    }
  }

  // MARK: Ending

  /// The participant at the beginning of a lane finds its connection gone.
  func breakEnd(_ lane: Int) {
    guard lanes[lane].isOpen else { return }
    forget(lane)
    note(.closed, lane)
    participants[sender(of: lane)].closed(UInt64(lane >> 1 + 1))
  }

  private func forget(_ lane: Int) {
    lanes[lane].isOpen = false
    lanes[lane].queues = []
    lanes[lane].queuedBytes = 0
  }

  /// Both ends find a connection gone, and what was on its way is lost.
  func breakLink(_ place: Int) {
    tell("the connection between \(links[place].caller) and \(links[place].callee) is reset")
    for lane in [2 * place, 2 * place + 1] { breakEnd(lane) }
  }

  /// One end closes its connection; the other learns of it when it can. What is still queued may be lost.
  public func close(_ link: UInt64, from participant: Int, isSilent: Bool = false) {
    guard let lane = lane(of: link, from: participant), lanes[lane].isOpen else { return }
    note(.closed, lane, 1)
    if networkChance.next() & 1 == 0 {
      for queue in lanes[lane].queues {
        for message in queue { carry(.message(message), lane, bytes: message.count + frameOverheadBytes) }
      }
    }
    forget(lane)
    carry(.closed, lane, bytes: 0)
    if !isSilent { participants[participant].closed(link) }
  }

  /// Breaks every connection between two participants, at both ends.
  public func disconnect(_ one: Int, _ other: Int) {
    for (place, link) in links.enumerated()
    where (Int(link.caller), Int(link.callee)) == (one, other) || (Int(link.callee), Int(link.caller)) == (one, other) {
      breakLink(place)
    }
  }

  /// Whatever ran at `participant` is gone. Its peers find out at once, when a process has died, or by its silence, when
  /// the machine has.
  func dropLinks(of participant: Int, isSilent: Bool) {
    for place in links.indices {
      guard let lane = lane(of: UInt64(place + 1), from: participant), lanes[lane].isOpen else { continue }
      if isSilent { forget(lane) } else { close(UInt64(place + 1), from: participant, isSilent: true) }
    }
  }
}
