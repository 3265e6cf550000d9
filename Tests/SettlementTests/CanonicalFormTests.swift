import Market
import NodeCrypto
import Testing
import Wire

@testable import Settlement

/// Receipts are read in one pass over their bytes. That takes and refuses what decoding and encoding again takes and
/// refuses.
@Suite("canonical form")
struct CanonicalFormTests {
  private static let leg = Terms.Leg(
    purchase: PurchaseID(word0: 9, word1: 9, word2: 9, word3: 9), confirmBy: at(1_700_000_016_000))

  private static var samples: [[UInt8]] {
    let terms = makeTerms { $0.leg = leg }
    let legs = (1...3).map { number in
      Confirmation.Leg(
        terms: Digest(word0: UInt64(number), word1: 0, word2: 0, word3: 1),
        acceptance: Digest(word0: UInt64(number), word1: 0, word2: 0, word3: 2))
    }
    let confirmation = Confirmation(
      purchase: Confirmation.purchase(of: legs.map(\.terms), network: networkID), time: at(5), sequence: 3,
      previous: EntryID(word0: 5, word1: 6, word2: 7, word3: 8), legs: legs)
    return [makeTerms().encoded(), terms.encoded(), makeAcceptance(of: terms).encoded(), confirmation.encoded()]
  }

  /// Whether the bytes were refused for their form, whatever they say.
  private func isMalformed(_ read: () throws(TermsError) -> Void) -> Bool {
    do throws(TermsError) { try read() } catch { if case .malformed = error { return true } }
    return false
  }

  @Test("what is read has the form that decoding and encoding again finds, bytes changed, doubled or left out too")
  func alike() {
    var chance = SplitMix64(seed: 11)
    var (refused, taken) = (0, 0)
    for _ in 0..<40_000 {
      let kind = Int(chance.next() % 4)
      var bytes = Self.samples[kind]
      let place = Int(chance.next() % UInt64(bytes.count))
      switch chance.next() % 5 {
      case 0: bytes[place] ^= 1 << UInt8(chance.next() % 8)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(UInt8(truncatingIfNeeded: chance.next()), at: place)
      case 3: bytes += bytes.suffix(place)
      default: bytes = Array(bytes.prefix(place))
      }
      let (expected, found) =
        switch kind {
        case 0, 1:
          (
            (try? WireTerms.decodeCanonical(bytes)).map { [0, 1, 2].contains($0.taker.rawValue) },
            isMalformed { () throws(TermsError) in _ = try Terms(decoding: bytes) }
          )
        case 2:
          (
            (try? WireAcceptance.decodeCanonical(bytes)).map { _ in true },
            isMalformed { () throws(TermsError) in _ = try Acceptance(decoding: bytes) }
          )
        default:
          (
            (try? WireConfirmation.decodeCanonical(bytes)).map { _ in true },
            isMalformed { () throws(TermsError) in _ = try Confirmation(decoding: bytes, network: networkID) }
          )
        }
      // An unknown number of an enumeration is refused by its field.
      guard expected != false else { continue }
      #expect(found == (expected == nil), "\(Hex.encode(bytes))")
      if found { refused += 1 } else { taken += 1 }
    }
    #expect(refused > 10_000 && taken > 1000)
  }

  @Test("text that is not UTF-8 makes terms malformed")
  func text() {
    var bytes = makeTerms().encoded()
    let place = bytes.firstRange(of: Array("USD".utf8))?.lowerBound ?? 0
    bytes[place] = 0xFF
    #expect(isMalformed { () throws(TermsError) in _ = try Terms(decoding: bytes) })
  }
}
