import Market
import Testing

@testable import P2PNode

@Suite("the node's clock")
struct NodeTimeTests {
  private static let hour: Int64 = 3_600_000
  private var time = NodeTime(machine: Self.at(0), steadyMilliseconds: 500)
  private var steady: Int64 = 500

  private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000 + milliseconds) }

  /// What the node's clock shows when `milliseconds` more have passed and the machine's shows `machine`.
  private mutating func pass(_ milliseconds: Int64, machine: Int64) -> Timestamp {
    steady += milliseconds
    return time.now(machine: Self.at(machine), steadyMilliseconds: steady)
  }

  @Test("the machine's clock is followed as long as it does not jump, however far it drifts in small steps")
  mutating func drift() {
    var machine: Int64 = 0
    for step in [900, 1100, 400, 1700, 0] as [Int64] {
      machine += step
      #expect(pass(1000, machine: machine) == Self.at(machine))
      #expect(time.jumpMilliseconds == 0)
    }
  }

  @Test("a jump is not followed, and is over when the clock is set back", arguments: [3_600_000, -3_600_000])
  mutating func jump(_ jump: Int64) {
    #expect(pass(1000, machine: 1000 + jump) == Self.at(1000))
    #expect(time.jumpMilliseconds == jump)
    #expect(pass(5000, machine: 6000 + jump) == Self.at(6000))
    #expect(pass(1000, machine: 7000) == Self.at(7000))
    #expect(time.jumpMilliseconds == 0)
  }

  @Test("after a jump the entries of others tell which time is the right one", arguments: [3_600_000, -3_600_000])
  mutating func evidence(_ jump: Int64) {
    _ = pass(1000, machine: 1000 + jump)
    time.hear(Self.at(800), machine: Self.at(1000 + jump), steadyMilliseconds: steady)
    #expect(pass(1000, machine: 2000 + jump) == Self.at(2000), "they go by the old time")
    time.hear(Self.at(1900 + jump), machine: Self.at(2000 + jump), steadyMilliseconds: steady)
    #expect(pass(1000, machine: 3000 + jump) == Self.at(3000 + jump), "they go by the new one")
    #expect(time.jumpMilliseconds == 0)
  }

  @Test("without a jump an entry's time changes nothing, however far off it is")
  mutating func calm() {
    time.hear(Self.at(Self.hour), machine: Self.at(0), steadyMilliseconds: steady)
    #expect(pass(1000, machine: 1000) == Self.at(1000))
  }
}
