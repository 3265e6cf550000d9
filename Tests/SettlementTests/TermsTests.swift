import Market
import NodeCrypto
import Testing
import Wire

@testable import Settlement

@Suite("terms")
struct TermsTests {
  @Test("the bytes of terms are these")
  func goldenBytes() {
    #expect(
      Hex.encode(makeTerms().encoded())
        == "0a2000000000000000000000000000000000000000000000000000000000000000011220000000000000000000000000"
        + "00000000000000000000000000000000000000021a208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf374"
        + "8801b40f6f5c22208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b3942802320c68313030"
        + "2d73786d2d383067380440e0a499ffbc3148c0f99cffbc315080897a58d69108620355534468909e96ffbc3170077a20"
        + "000000000000000500000000000000060000000000000007000000000000000882011000000000000000090000000000"
        + "00000a")
    #expect(
      Hex.encode(makeAcceptance(of: makeTerms()).encoded())
        == "0a20fded00e8fc5bc99ed60e2c13c12458afd3f32f1588a7de26db9f99cad7ac94fa10e8d795ffbc3118082220000000"
        + "0000000005000000000000000600000000000000070000000000000008")
    let id: TradeID = Blake2b.hash(makeTerms().encoded())
    #expect(id.hex == "fded00e8fc5bc99ed60e2c13c12458afd3f32f1588a7de26db9f99cad7ac94fa")
  }

  @Test("terms and acceptances are read as they were written")
  func roundTrip() throws {
    let terms = makeTerms { $0.takerSide = .offer }
    #expect(try Terms(decoding: terms.encoded()) == terms)
    #expect(terms.taker == provider.nodeID && terms.maker == buyer.nodeID)
    #expect(terms.takerOrder == terms.offer && terms.makerOrder == terms.bid)
    #expect(terms.seconds == 60)
    let acceptance = makeAcceptance(of: terms)
    #expect(try Acceptance(decoding: acceptance.encoded()) == acceptance)
  }

  /// The field that is named when the wire form of good terms is changed.
  private func refused(_ change: (inout WireTerms) -> Void) -> String? {
    guard var wire = try? WireTerms.decode(makeTerms().encoded()) else { return "not terms" }
    change(&wire)
    do throws(TermsError) {
      _ = try Terms(decoding: wire.encoded())
      return nil
    } catch {
      guard case .field(let name, _, _) = error else { return error.description }
      return name
    }
  }

  @Test("a field of the wrong length or out of its range is refused by name")
  func refusals() {
    #expect(refused { _ in } == nil)
    #expect(refused { $0.offer = .init([1]) } == "offer")
    #expect(refused { $0.bid = .init() } == "bid")
    #expect(refused { $0.bid = $0.offer } == "bid", "an order does not trade with itself")
    #expect(refused { $0.provider = .init([1]) } == "provider")
    #expect(refused { $0.buyer = .init([1]) } == "buyer")
    #expect(refused { $0.buyer = $0.provider } == "buyer", "a node does not trade with itself")
    #expect(refused { $0.makerHead = .init([1]) } == "maker_head")
    #expect(refused { $0.nonce = .init([1]) } == "nonce")
    #expect(refused { $0.taker = .takerUnspecified } == "taker")
    #expect(refused { $0.taker = .UNRECOGNIZED(3) } == "taker")
    #expect(refused { $0.gpuClass = "" } == "gpu_class")
    #expect(refused { $0.gpuClass = String(repeating: "a", count: 33) } == "gpu_class")
    #expect(refused { $0.currency = "DOLLAR" } == "currency")
    #expect(refused { $0.gpus = 0 } == "gpus")
    #expect(refused { $0.gpus = 1 << 31 } == "gpus")
    #expect(refused { $0.startMs = 253_402_300_800_000 } == "start_ms")
    #expect(refused { $0.endMs = 253_402_300_800_000 } == "end_ms")
    #expect(refused { $0.deadlineMs = .max } == "deadline_ms")
    #expect(refused { $0.endMs = $0.startMs } == "end_ms")
    #expect(refused { $0.endMs += 1 } == "end_ms")
    #expect(refused { $0.makerSequence = 1 << 53 + 1 } == "maker_sequence")
    #expect(refused { $0.price = 0 } == "price")
    #expect(refused { $0.price = 1 << 63 } == "price")
    #expect(refused { $0.total += 1 } == "total")
    #expect(refused { $0.total -= 1 } == "total")
  }

  @Test("bytes that are not the canonical encoding, or too many, are refused")
  func notCanonical() {
    let good = makeTerms().encoded()
    for bad in [good + [0x38, 0x04], good + [0x8A, 0x01, 0x00], Array(good.dropLast()), []] {
      #expect(throws: TermsError.self) { try Terms(decoding: bad) }
    }
    let long = [UInt8](repeating: 0, count: Terms.maximumBytes + 1)
    #expect(throws: TermsError.tooLong(long.count, maximum: Terms.maximumBytes)) { try Terms(decoding: long) }
    #expect(throws: TermsError.tooLong(long.count, maximum: Terms.maximumBytes)) { try Acceptance(decoding: long) }
  }

  @Test("an acceptance with a field that is not allowed is refused by name")
  func acceptanceRefusals() throws {
    func refused(_ change: (inout WireAcceptance) -> Void) -> String? {
      guard var wire = try? WireAcceptance.decode(makeAcceptance(of: makeTerms()).encoded()) else { return "not one" }
      change(&wire)
      do throws(TermsError) {
        _ = try Acceptance(decoding: wire.encoded())
        return nil
      } catch {
        guard case .field(let name, _, _) = error else { return error.description }
        return name
      }
    }
    #expect(refused { _ in } == nil)
    #expect(refused { $0.termsHash = .init([1]) } == "terms_hash")
    #expect(refused { $0.previous = .init() } == "previous")
    #expect(refused { $0.timeMs = .max } == "time_ms")
    #expect(refused { $0.sequence = 0 } == "sequence")
    #expect(refused { $0.sequence = 1 << 53 + 1 } == "sequence")
  }

  @Test("the total is rounded up to the micro-unit, from the smallest to the largest")
  func total() throws {
    for (price, gpus, seconds, total) in [
      (1, 1, 1, 1), (3600, 1, 1, 1), (3601, 1, 1, 2), (1, 1, 3600, 1), (1, 1, 3601, 2), (1, 3599, 1, 1),
      (Int64.max, 1, 3600, Int64.max), (Int64.max, 3600, 1, Int64.max),
    ] as [(Int64, Int32, Int64, Int64)] {
      let terms = makeTerms {
        $0.price = Price(micros: price)
        $0.gpus = gpus
        $0.end = $0.start + seconds * 1000
        $0.total = Amount(micros: total)
      }
      #expect(try Terms(decoding: terms.encoded()).total.micros == total)
    }
    #expect(Price(micros: .max).total(gpus: 1, seconds: 3601) == nil)
    #expect(Price(micros: .max).total(gpus: .max, seconds: .max) == nil)
    #expect(Price(micros: -1).total(gpus: 1, seconds: 1) == nil)
  }
}
