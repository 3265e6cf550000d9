import Testing

@testable import NodeCrypto

@Suite struct CipherStateTests {
  private static func cipher(nonce: UInt64 = 0, key: UInt8 = 1) -> CipherState {
    CipherState(key: [UInt8](repeating: key, count: 32), nonce: nonce)
  }

  @Test("messages come back in order and each has its own nonce", arguments: [0, 1, 63, 64, 1000, 65_519])
  func roundTrip(count: Int) throws {
    var sender = Self.cipher()
    var receiver = Self.cipher()
    let text = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    var previous: [UInt8] = []
    for index in 0..<3 as Range<UInt64> {
      let nonce = sender.nonce
      #expect(nonce == index)
      var message = text
      try sender.encrypt(&message)
      #expect(message.count == count + 16)
      #expect(message != previous)
      previous = message
      try receiver.decrypt(&message)
      #expect(message == text)
    }
  }

  @Test("in place, the caller's buffer holds text and tag and nothing else is touched")
  func inPlace() throws {
    var sender = Self.cipher()
    var receiver = Self.cipher()
    var buffer: [UInt8] = [0xee] + [1, 2, 3, 4] + [UInt8](repeating: 0, count: 16) + [0xee]
    try buffer.withMutableBytes { (memory) throws(NoiseError) in
      try sender.encrypt(inPlace: UnsafeMutableRawBufferPointer(rebasing: memory[1..<21]))
    }
    #expect(buffer.first == 0xee && buffer.last == 0xee)
    #expect(Array(buffer[1..<5]) != [1, 2, 3, 4])
    let count = try buffer.withMutableBytes { (memory) throws(NoiseError) in
      try receiver.decrypt(inPlace: UnsafeMutableRawBufferPointer(rebasing: memory[1..<21]))
    }
    #expect(count == 4)
    #expect(Array(buffer[1..<5]) == [1, 2, 3, 4])
  }

  @Test("an altered, replayed, reordered or foreign message is refused and the nonce stays")
  func refusals() throws {
    var sender = Self.cipher()
    var receiver = Self.cipher()
    var first: [UInt8] = [1, 2, 3]
    var second: [UInt8] = [4, 5, 6]
    try sender.encrypt(&first)
    try sender.encrypt(&second)
    for position in first.indices {
      var altered = first
      altered[position] ^= 1
      #expect(failure { () throws(NoiseError) in try receiver.decrypt(&altered) } == .authenticationFailed)
      #expect(altered[..<3] == [0, 0, 0], "nothing unauthenticated is given out")
    }
    var early = second
    #expect(failure { () throws(NoiseError) in try receiver.decrypt(&early) } == .authenticationFailed)
    var foreign = first
    var stranger = Self.cipher(key: 2)
    #expect(failure { () throws(NoiseError) in try stranger.decrypt(&foreign) } == .authenticationFailed)
    var message = first
    try receiver.decrypt(&message)
    #expect(message == [1, 2, 3])
    message = first
    #expect(failure { () throws(NoiseError) in try receiver.decrypt(&message) } == .authenticationFailed)
    let nonce = receiver.nonce
    #expect(nonce == 1)
  }

  @Test("associated data is authenticated")
  func associatedData() throws {
    var sender = Self.cipher()
    var receiver = Self.cipher()
    var message = [UInt8](repeating: 0, count: 20)
    try message.withMutableBytes { (buffer) throws(NoiseError) in
      try ([1] as [UInt8]).withBytes { (data) throws(NoiseError) in
        try sender.encrypt(inPlace: buffer, authenticating: data)
      }
    }
    var copy = message
    #expect(failure { () throws(NoiseError) in try receiver.decrypt(&copy) } == .authenticationFailed)
    let count = try message.withMutableBytes { (buffer) throws(NoiseError) in
      try ([1] as [UInt8]).withBytes { (data) throws(NoiseError) in
        try receiver.decrypt(inPlace: buffer, authenticating: data)
      }
    }
    #expect(count == 4)
  }

  @Test("sizes outside the limits are refused and leave the bytes as they were")
  func limits() {
    var cipher = Self.cipher()
    var long = [UInt8](repeating: 7, count: 65_520)
    #expect(
      failure { () throws(NoiseError) in try cipher.encrypt(&long) }
        == .messageTooLong(byteCount: 65_536, limit: 65_535))
    #expect(long == [UInt8](repeating: 7, count: 65_520))
    var short = [UInt8](repeating: 7, count: 15)
    #expect(
      failure { () throws(NoiseError) in try cipher.decrypt(&short) } == .messageTooShort(byteCount: 15, minimum: 16))
    let nonce = cipher.nonce
    #expect(nonce == 0)
  }

  @Test("the last nonce is never used and the counter does not wrap")
  func exhaustion() throws {
    var sender = Self.cipher(nonce: .max - 1)
    var receiver = Self.cipher(nonce: .max - 1)
    var message: [UInt8] = [1]
    try sender.encrypt(&message)
    try receiver.decrypt(&message)
    #expect(message == [1])
    for _ in 0..<2 {
      #expect(failure { () throws(NoiseError) in try sender.encrypt(&message) } == .nonceExhausted)
      #expect(message == [1])
      var received = [UInt8](repeating: 0, count: 17)
      #expect(failure { () throws(NoiseError) in try receiver.decrypt(&received) } == .nonceExhausted)
    }
  }
}
