import Market
import NodeCrypto
import Testing
import Wire

@testable import Gossip

@Suite("entries")
struct SignedEntryTests {
  private func read(_ wire: WireEntry, signature: Int = 64, maximum: Int = 60_000) throws(EntryError) -> SignedEntry {
    try SignedEntry(
      bytes: wire.encoded(), signature: [UInt8](repeating: 0, count: signature), maximumBytes: maximum)
  }

  private var wire: WireEntry {
    var wire = WireEntry()
    wire.author = .init(node(7).bytes)
    wire.sequence = 1
    wire.previous = .init(networkID.bytes)
    wire.timeMs = 5
    wire.payload = .init([1, 2, 3])
    return wire
  }

  @Test("an entry is read as it was written, byte for byte")
  func roundTrip() throws {
    let written = chain(identity(1), [5], payload: [1, 2, 3])[0]
    let read = try SignedEntry(bytes: written.bytes, signature: written.signature.bytes, maximumBytes: 60_000)
    #expect(read.id == written.id && read.head == written.head && read.payload == [1, 2, 3])
    #expect(read.author == identity(1).nodeID && read.previous == written.previous)
    let key = try VerifyingKey(read.author)
    #expect(key.isValid(read.signature, over: read.bytes, domain: .entry, network: networkID))
    #expect(!key.isValid(read.signature, over: read.bytes, domain: .terms, network: networkID))
  }

  @Test("the bytes of an entry are these")
  func goldenBytes() {
    let entry = chain(identity(1), [1_700_000_000_000], payload: [0xAB])[0]
    #expect(
      Hex.encode(entry.bytes)
        == "0a208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1001"
        + "1a200000000000000001000000000000000200000000000000030000000000000004" + "2080d095ffbc31" + "2a01ab")
  }

  @Test("what is not an entry is refused with the value and what is allowed")
  func refusals() throws {
    #expect(throws: Never.self) { try read(wire) }
    func refusal(_ change: (inout WireEntry) -> Void) -> EntryError? {
      var changed = wire
      change(&changed)
      do throws(EntryError) {
        _ = try read(changed)
        return nil
      } catch { return error }
    }
    #expect(refusal { $0.author = .init([1]) } == .field("author", length: 1))
    #expect(refusal { $0.previous = .init([]) } == .field("previous", length: 0))
    #expect(refusal { $0.sequence = 0 } == .sequence(0))
    #expect(refusal { $0.sequence = 1 << 53 + 1 } == .sequence(1 << 53 + 1))
    #expect(refusal { $0.timeMs = 253_402_300_800_000 } == .time(253_402_300_800_000))
    #expect(throws: EntryError.signatureLength(63)) { try read(wire, signature: 63) }
    let length = wire.encoded().count
    #expect(throws: EntryError.tooLong(byteCount: length, maximum: length - 1)) { try read(wire, maximum: length - 1) }
  }

  @Test("bytes that are not the canonical encoding are refused, whatever a lenient reader makes of them")
  func notCanonical() throws {
    let good = wire.encoded()
    let signature = [UInt8](repeating: 0, count: 64)
    for bad in [good + [0x32, 0x00], good + [0x10, 0x01], Array(good.dropLast()), [0x10, 0x81, 0x00] + good] {
      #expect(throws: EntryError.self) { try SignedEntry(bytes: bad, signature: signature, maximumBytes: 60_000) }
    }
  }

  @Test("bytes are an entry exactly if they are the canonical encoding of a message with fields of the right lengths")
  func canonical() throws {
    var generator = SplitMix64(seed: 11)
    let good = wire.encoded()
    let signature = [UInt8](repeating: 0, count: 64)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...3, using: &generator), at: place)
        }
      }
      let message = try? WireEntry.decodeCanonical(bytes)
      let isEntry =
        message.map {
          $0.author.count == 32 && $0.previous.count == 32 && (1...SignedEntry.maximumSequence).contains($0.sequence)
            && Timestamp(wire: $0.timeMs) != nil
        } ?? false
      let entry = try? SignedEntry(bytes: bytes, signature: signature, maximumBytes: 60_000)
      #expect((entry != nil) == isEntry, "\(Hex.encode(bytes))")
      if let entry, let message {
        accepted += 1
        #expect(entry.payload.elementsEqual(message.payload) && entry.sequence == message.sequence)
      }
    }
    #expect((2000..<18_000).contains(accepted))
  }

  @Test("two entries are a proof only when author and sequence agree and the bytes differ")
  func proofs() throws {
    let entries = chain(identity(1), [1, 2])
    let rival = chain(identity(1), [1], payload: [9])[0]
    let other = chain(identity(2), [1], payload: [9])[0]
    #expect(FraudProof(entries[0], entries[0]) == nil)
    #expect(FraudProof(entries[0], entries[1]) == nil)
    #expect(FraudProof(entries[0], other) == nil)
    let proof = try #require(FraudProof(entries[0], rival))
    let mirrored = try #require(FraudProof(rival, entries[0]))
    #expect(proof.entries.map(\.id) == mirrored.entries.map(\.id) && proof.entries[0].id < proof.entries[1].id)
    #expect(proof.sequence == 1 && proof.author == identity(1).nodeID)
  }
}
