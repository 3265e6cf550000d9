import Testing

@testable import NodeCrypto

@Suite struct NoiseHandshakeTests {
  private static let initiatorStatic = keyPair(String(repeating: "11", count: 32))
  private static let responderStatic = keyPair(String(repeating: "22", count: 32))
  private static let initiatorEphemeral = keyPair(String(repeating: "33", count: 32))
  private static let responderEphemeral = keyPair(String(repeating: "44", count: 32))

  private static func initiator(prologue: [UInt8] = [1, 2, 3]) -> NoiseHandshake {
    NoiseHandshake(
      role: .initiator, prologue: prologue, staticKey: initiatorStatic, ephemeralKey: initiatorEphemeral)
  }

  private static func responder(prologue: [UInt8] = [1, 2, 3]) -> NoiseHandshake {
    NoiseHandshake(
      role: .responder, prologue: prologue, staticKey: responderStatic, ephemeralKey: responderEphemeral)
  }

  /// Runs a handshake in which the first `index + 1` messages pass through `change`, the last of them altered.
  private static func run(
    alteringMessage index: Int, _ change: (inout [UInt8]) -> Void
  ) -> (error: NoiseError?, messagesWritten: Int) {
    var first = initiator()
    var second = responder()
    var messagesWritten = 0
    let error = failure { () throws(NoiseError) in
      for message in 0..<3 {
        let payload = [UInt8](repeating: 9, count: 5)
        var bytes = message == 1 ? try second.writeMessage(payload) : try first.writeMessage(payload)
        messagesWritten += 1
        if message == index { change(&bytes) }
        _ = message == 1 ? try first.readMessage(bytes) : try second.readMessage(bytes)
      }
    }
    return (error, messagesWritten)
  }

  @Test("each side learns the other's static key, not before its message")
  func staticKeys() throws {
    var first = Self.initiator()
    var second = Self.responder()
    _ = try second.readMessage(try first.writeMessage([]))
    let early = (first.remoteStaticKey, second.remoteStaticKey)
    #expect(early.0 == nil && early.1 == nil)
    _ = try first.readMessage(try second.writeMessage([]))
    let half = (first.remoteStaticKey, second.remoteStaticKey)
    #expect(half.0 == Self.responderStatic.publicKey && half.1 == nil)
    _ = try second.readMessage(try first.writeMessage([]))
    let late = second.remoteStaticKey
    #expect(late == Self.initiatorStatic.publicKey)
    let session = second.split()
    let key = session.remoteStaticKey
    #expect(key == Self.initiatorStatic.publicKey)
  }

  @Test("an altered byte anywhere in a message ends the handshake", arguments: 0..<3)
  func tampering(message: Int) {
    var byteCount = 0
    #expect(Self.run(alteringMessage: message) { byteCount = $0.count }.error == nil)
    #expect(byteCount > 32)
    for position in 0..<byteCount {
      for mask in [0x01, 0x80] as [UInt8] {
        let result = Self.run(alteringMessage: message) { $0[position] ^= mask }
        #expect(result.error != nil, "byte \(position)")
        // What is in clear in message 1 is authenticated by message 2.
        #expect(result.messagesWritten <= max(2, message + 1))
      }
    }
  }

  @Test("a message cut anywhere or extended ends the handshake", arguments: 0..<3)
  func truncation(message: Int) {
    var byteCount = 0
    _ = Self.run(alteringMessage: message) { byteCount = $0.count }
    for count in 0..<byteCount {
      #expect(Self.run(alteringMessage: message) { $0.removeLast(byteCount - count) }.error != nil)
    }
    #expect(Self.run(alteringMessage: message) { $0.append(0) }.error != nil)
  }

  @Test("too short a message is refused with its minimum", arguments: [(0, 32), (1, 96), (2, 64)])
  func minimum(message: Int, minimum: Int) {
    for count in [0, 31, minimum - 1] where count < minimum {
      let error = Self.run(alteringMessage: message) { $0.removeLast($0.count - count) }.error
      guard case .messageTooShort(let byteCount, let least)? = error else {
        // A whole but altered key is found out by its tag first.
        #expect(error == .authenticationFailed)
        continue
      }
      #expect(byteCount == count)
      #expect(least > count && least <= minimum)
    }
  }

  @Test("another prologue fails at message 2")
  func prologue() throws {
    var first = Self.initiator(prologue: [1])
    var second = Self.responder(prologue: [2])
    _ = try second.readMessage(try first.writeMessage([]))
    let message = try second.writeMessage([])
    #expect(failure { () throws(NoiseError) in _ = try first.readMessage(message) } == .authenticationFailed)
    #expect(failure { () throws(NoiseError) in _ = try first.readMessage(message) } == .handshakeFailed)
    #expect(failure { () throws(NoiseError) in _ = try first.writeMessage([]) } == .handshakeFailed)
    let state = (first.isComplete, first.remoteStaticKey)
    #expect(!state.0 && state.1 == nil)
  }

  @Test("messages out of turn are refused and change nothing")
  func turns() throws {
    var first = Self.initiator()
    var second = Self.responder()
    #expect(failure { () throws(NoiseError) in _ = try first.readMessage([]) } == .outOfTurn)
    #expect(failure { () throws(NoiseError) in _ = try second.writeMessage([]) } == .outOfTurn)
    let opening = try first.writeMessage([])
    #expect(failure { () throws(NoiseError) in _ = try first.writeMessage([]) } == .outOfTurn)
    _ = try second.readMessage(opening)
    #expect(failure { () throws(NoiseError) in _ = try second.readMessage(opening) } == .outOfTurn)
    _ = try first.readMessage(try second.writeMessage([]))
    let last = try first.writeMessage([])
    _ = try second.readMessage(last)
    #expect(failure { () throws(NoiseError) in _ = try second.readMessage(last) } == .outOfTurn)
    #expect(failure { () throws(NoiseError) in _ = try second.writeMessage([]) } == .outOfTurn)
    let areComplete = (first.isComplete, second.isComplete)
    #expect(areComplete.0 && areComplete.1)
  }

  @Test("message 3 of one handshake is refused in another with the same static keys")
  func replay() throws {
    var first = Self.initiator()
    var second = Self.responder()
    _ = try second.readMessage(try first.writeMessage([]))
    _ = try first.readMessage(try second.writeMessage([]))
    let recorded = try first.writeMessage([])

    var replayer = Self.initiator()
    var victim = NoiseHandshake(
      role: .responder, prologue: [1, 2, 3] as [UInt8], staticKey: Self.responderStatic, ephemeralKey: .generate())
    _ = try victim.readMessage(try replayer.writeMessage([]))
    _ = try victim.writeMessage([])
    #expect(failure { () throws(NoiseError) in _ = try victim.readMessage(recorded) } == .authenticationFailed)
  }

  @Test("an ephemeral key of small order is refused", arguments: SelfTest.Vectors.smallOrderShares)
  func smallOrderEphemeral(share: String) throws {
    var responder = Self.responder()
    _ = try responder.readMessage(hex(share))
    let key = try #require(NoisePublicKey(hex: share))
    #expect(failure { () throws(NoiseError) in _ = try responder.writeMessage([]) } == .weakPublicKey(key))

    var initiator = Self.initiator()
    _ = try initiator.writeMessage([])
    let message = hex(share) + [UInt8](repeating: 0, count: 64)
    #expect(failure { () throws(NoiseError) in _ = try initiator.readMessage(message) } == .weakPublicKey(key))
  }

  @Test("a message of 65,535 bytes passes and a longer one is refused on both sides")
  func sizes() throws {
    var first = Self.initiator()
    var second = Self.responder()
    let largest = try first.writeMessage([UInt8](repeating: 1, count: 65_535 - 32))
    #expect(largest.count == 65_535)
    #expect(try second.readMessage(largest).count == 65_535 - 32)

    var writer = Self.initiator()
    let payload = [UInt8](repeating: 1, count: 65_536 - 32)
    #expect(
      failure { () throws(NoiseError) in _ = try writer.writeMessage(payload) }
        == .messageTooLong(byteCount: 65_536, limit: 65_535))
    var reader = Self.responder()
    #expect(
      failure { () throws(NoiseError) in _ = try reader.readMessage(largest + [0]) }
        == .messageTooLong(byteCount: 65_536, limit: 65_535))
    var third = Self.responder()
    var fourth = Self.initiator()
    _ = try third.readMessage(try fourth.writeMessage([]))
    #expect(
      failure { () throws(NoiseError) in _ = try third.writeMessage([UInt8](repeating: 1, count: 65_535 - 95)) }
        == .messageTooLong(byteCount: 65_536, limit: 65_535))
  }
}
