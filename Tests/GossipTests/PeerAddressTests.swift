import Testing

@testable import Gossip

@Suite("addresses")
struct PeerAddressTests {
  @Test(
    "addresses are read as they are written", arguments: ["192.0.2.1:47100", "[2001:db8::1]:1", "node.example:65535"])
  func addresses(text: String) throws {
    #expect(try #require(PeerAddress(text)).description == text)
  }

  @Test(
    "what is not an address is none",
    arguments: ["", "host", "host:", ":1", "host:0", "host:65536", "2001:db8::1:5", "ho st:1", "[]:1", "h\u{e9}:1"])
  func badAddresses(text: String) { #expect(PeerAddress(text) == nil) }
}
