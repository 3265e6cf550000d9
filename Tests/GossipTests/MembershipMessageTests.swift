import NodeCrypto
import Testing
import Wire

@testable import Gossip
@testable import Market

@Suite("messages of the membership")
struct MembershipMessageTests {
  private let somewhere = NodeAddress(node: node(1), address: PeerAddress(host: "192.0.2.7", port: 47100))

  private var samples: [(MembershipMessage, String)] {
    let address =
      "0a20" + "0000000000000001" + String(repeating: "0", count: 48) + "1209" + "3139322e302e322e37" + "18fcef02"
    return [
      (.neighbour(.near, isUrgent: true, roundTripMilliseconds: 300), "a20107" + "0802" + "1001" + "18ac02"),
      (.neighbourAnswer(isAccepted: true, addresses: []), "aa0102" + "0801"),
      (.join, "b20100"),
      (.forwardJoin(somewhere, steps: 6), "ba0135" + "0a31" + address + "1006"),
      (.shuffleRequest(id: 5, steps: 6, addresses: [somewhere]), "c20137" + "0805" + "1006" + "1a31" + address),
      (.shuffleAnswer(id: 5, addresses: [somewhere]), "ca0135" + "0805" + "1231" + address),
      (.disconnect(addresses: [somewhere]), "d20133" + "0a31" + address),
      (
        .whois(id: 5, node: node(1), steps: 8),
        "da0126" + "0805" + "1220" + "0000000000000001" + String(repeating: "0", count: 48) + "1808"
      ),
      (.whoisAnswer(id: 5, address: somewhere), "e20135" + "0805" + "1231" + address),
    ]
  }

  @Test("the bytes of each message are these, and it is read as it was written")
  func goldenBytes() throws {
    for (message, hex) in samples {
      let bytes = GossipCore.encode(message.wire)
      #expect(Hex.encode(bytes) == hex, "\(message)")
      let wire = try #require(try WirePeerMessage.decode(bytes).message)
      #expect(try MembershipMessage(wire: wire, walks: GossipParameters.standard.walks) == message)
    }
  }

  private func refusal(_ wire: WirePeerMessage.OneOf_Message) -> MembershipMessageError? {
    do {
      _ = try MembershipMessage(wire: wire, walks: GossipParameters.standard.walks)
      return nil
    } catch { return error }
  }

  @Test("what no honest node sends is refused with the value and what is allowed")
  func refusals() {
    var neighbour = WireNeighbour()
    #expect(refusal(.neighbour(neighbour)) == .linkKind(0))
    neighbour.kind = .UNRECOGNIZED(9)
    #expect(refusal(.neighbour(neighbour)) == .linkKind(9))
    var forward = WireForwardJoin()
    #expect(refusal(.forwardJoin(forward)) == .address)
    forward.newcomer = somewhere.wire
    forward.ttl = 11
    #expect(refusal(.forwardJoin(forward)) == .steps(11, maximum: 10))
    for count in [32, 33] {
      let addresses = [WirePeerAddress](repeating: somewhere.wire, count: count)
      var shuffle = WireShuffleRequest()
      shuffle.addresses = addresses
      var shuffleAnswer = WireShuffleAnswer()
      shuffleAnswer.addresses = addresses
      var answer = WireNeighbourAnswer()
      answer.addresses = addresses
      var disconnect = WireDisconnect()
      disconnect.addresses = addresses
      let messages: [WirePeerMessage.OneOf_Message] = [
        .shuffleRequest(shuffle), .shuffleAnswer(shuffleAnswer), .neighbourAnswer(answer), .disconnect(disconnect),
      ]
      for message in messages {
        #expect(refusal(message) == (count == 33 ? .addressCount(33, maximum: 32) : nil))
      }
    }
    var whois = WireWhois()
    whois.node = .init([1, 2])
    #expect(refusal(.whois(whois)) == .node(byteCount: 2))
    for change in [
      { $0.port = 0 }, { $0.port = 65_536 }, { $0.host = "" }, { $0.host = "no host" }, { $0.node = .init() },
    ]
      as [(inout WirePeerAddress) -> Void]
    {
      var answer = WireWhoisAnswer()
      answer.address = somewhere.wire
      change(&answer.address)
      #expect(refusal(.whoisAnswer(answer)) == .address)
    }
  }
}
