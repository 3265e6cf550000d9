import NIOCore
import Testing

@testable import Transport

@Suite struct AdmissionControlTests {
  private func control(
    total: Int = 6, reserved: Int = 2, perAddress: Int = 2, loopback: Int = 3
  ) -> AdmissionControl {
    var configuration = TransportConfiguration()
    configuration.maximumConnections = total
    configuration.reservedForDialing = reserved
    configuration.maximumConnectionsPerAddress = perAddress
    configuration.maximumConnectionsFromLoopback = loopback
    return AdmissionControl(configuration)
  }

  private func group(_ address: String) throws -> AddressGroup {
    AddressGroup(try SocketAddress(ipAddress: address, port: 1))
  }

  @Test("inbound connections are limited in total, and leave room for dialing")
  func total() throws {
    var control = control(perAddress: 9)
    for number in 1...4 { try control.admitInbound(from: try group("192.0.2.\(number)")) }
    #expect(throws: DisconnectReason.tooManyConnections(limit: 4)) {
      try control.admitInbound(from: .ipv4(99))
    }
    try control.admitOutbound()
    try control.admitOutbound()
    #expect(throws: DisconnectReason.tooManyConnections(limit: 6)) { try control.admitOutbound() }
    control.release(nil)
    try control.admitOutbound()
    #expect(control.count == 6)
  }

  @Test("one address is limited and others are not; a released place is free again")
  func perAddress() throws {
    var control = control()
    let crowded = try group("192.0.2.1")
    try control.admitInbound(from: crowded)
    try control.admitInbound(from: crowded)
    #expect(throws: DisconnectReason.tooManyConnectionsFromAddress(limit: 2)) {
      try control.admitInbound(from: crowded)
    }
    try control.admitInbound(from: try group("192.0.2.2"))
    control.release(crowded)
    try control.admitInbound(from: crowded)
    #expect(control.count == 3)
  }

  @Test("loopback has a limit of its own")
  func loopback() throws {
    var control = control()
    for _ in 0..<3 { try control.admitInbound(from: try group("127.0.0.1")) }
    #expect(throws: DisconnectReason.tooManyConnectionsFromAddress(limit: 3)) {
      try control.admitInbound(from: try group("::1"))
    }
  }

  @Test(
    "addresses of one place are one group",
    arguments: [
      ("127.0.0.1", "127.9.9.9"), ("127.0.0.1", "::1"), ("127.0.0.1", "::ffff:127.0.0.1"),
      ("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
    ])
  func sameGroup(left: String, right: String) throws {
    #expect(try group(left) == group(right))
  }

  @Test(
    "addresses of two places are two groups",
    arguments: [
      ("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::1", "::2"), ("128.0.0.1", "127.0.0.1"),
    ])
  func otherGroup(left: String, right: String) throws {
    #expect(try group(left) != group(right))
  }

  @Test("an address that could not be read is limited like any other")
  func unknown() throws {
    var control = control()
    try control.admitInbound(from: AddressGroup(nil))
    try control.admitInbound(from: AddressGroup(nil))
    #expect(throws: DisconnectReason.tooManyConnectionsFromAddress(limit: 2)) {
      try control.admitInbound(from: AddressGroup(nil))
    }
  }
}
