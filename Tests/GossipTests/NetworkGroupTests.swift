import Testing

@testable import Gossip

@Suite("network groups")
struct NetworkGroupTests {
  @Test(
    "addresses of one owner are in one group",
    arguments: [
      ("198.51.100.1:1", "198.51.7.9:2"), ("[2001:db8::1]:1", "[2001:db8:ffff::2]:1"),
      ("[::ffff:198.51.100.1]:1", "198.51.1.1:9"), ("a.example.org:1", "b.c.Example.org:2"),
      ("127.0.0.1:47104", "127.0.0.1:47119"), ("[::1]:47104", "localhost:47119"),
      ("[2001:db8:0:0:0:0:0:1]:1", "[2001:db8::]:1"),
    ])
  func equal(one: String, other: String) throws {
    let (first, second) = (try #require(PeerAddress(one)), try #require(PeerAddress(other)))
    #expect(NetworkGroup(first) == NetworkGroup(second))
    #expect(NetworkGroup(first).bytes == NetworkGroup(second).bytes)
  }

  @Test(
    "addresses of different owners are in different groups",
    arguments: [
      ("198.51.100.1:1", "198.52.100.1:1"), ("[2001:db8::1]:1", "[2001:db9::1]:1"),
      ("a.example.org:1", "a.example.net:1"),
      ("127.0.0.1:47104", "127.0.0.1:47120"), ("10.0.0.1:1", "10.0.0.2:1"), ("192.168.1.1:1", "192.168.1.2:1"),
      ("[fd00::1]:1", "[fd00::2]:1"), ("1.2.3:1", "1.2.3.4:1"), ("[1::2::3]:1", "[1::3]:1"), ("[::1:2]:1", "[::1]:1"),
    ])
  func different(one: String, other: String) throws {
    let (first, second) = (try #require(PeerAddress(one)), try #require(PeerAddress(other)))
    #expect(NetworkGroup(first) != NetworkGroup(second))
    #expect(NetworkGroup(first).bytes != NetworkGroup(second).bytes)
  }
}
