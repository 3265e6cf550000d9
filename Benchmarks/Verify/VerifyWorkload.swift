import CSodium
import Market
import NodeAPI
import NodeCrypto
import Settlement

/// A file of receipts as `receipts --json` prints it, checked as `verify` does: taken apart, decoded, both signatures and
/// every field of each. The floor is libsodium alone on the same signatures, on the same cores in the same run.
struct VerifyWorkload: Workload {
  let name = "receipts"
  private let count: Int
  private let file: [UInt8]
  private let signed: [SignedMessage]
  private var processor = Series()
  private var floor = Series()
  private var wall = Series()
  private var floorWall = Series()

  /// What libsodium checks: a signature, the bytes under it, and the key.
  private struct SignedMessage: Sendable {
    let signature: [UInt8]
    let message: [UInt8]
    let key: [UInt8]
  }

  /// Nodes that trade with each other.
  private static let nodeCount = 64

  /// Signs so many receipts.
  init(receipts: Int) throws {
    count = receipts
    let network: NetworkID = Blake2b.hash(Array("benchmark".utf8))
    let nodes = (1...Self.nodeCount).map { number in
      Identity(seed: [UInt8](repeating: UInt8(number), count: Identity.seedByteCount))
    }
    let made = try ReceiptBatch.map(count: receipts) { index in
      Result { try Self.receipt(index, nodes: nodes, network: network) }
    }.map { try $0.get() }
    signed = made.flatMap(\.signed)
    var file = Array("[".utf8)
    for (index, receipt) in made.enumerated() {
      if index > 0 { file.append(UInt8(ascii: ",")) }
      file += receipt.document
    }
    self.file = file + Array("]".utf8)
  }

  private static func receipt(
    _ index: Int, nodes: [Identity], network: NetworkID
  ) throws -> (document: [UInt8], signed: [SignedMessage]) {
    // Any node but the provider.
    let step = 1 + index / nodeCount % (nodeCount - 1)
    let (provider, buyer) = (nodes[index % nodeCount], nodes[(index + step) % nodeCount])
    let start = Timestamp(milliseconds: 1_800_000_000_000)
    let terms = Terms(
      offer: Blake2b.hash([UInt8(truncatingIfNeeded: index)]), bid: Blake2b.hash([0, 0]), provider: provider.nodeID,
      buyer: buyer.nodeID, takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4, start: start,
      end: start + 3_600_000, price: Price(micros: 2_100_000), total: Amount(micros: 8_400_000), currency: "USD",
      deadline: start - 1000, makerSequence: 1, makerHead: Blake2b.hash([2]),
      nonce: Terms.Nonce(high: 0, low: UInt64(index)))
    let bytes = terms.encoded()
    let acceptance = Acceptance(
      trade: Blake2b.hash(bytes), time: start - 2000, sequence: UInt64(index + 1), previous: Blake2b.hash([2])
    ).encoded()
    let receipt = Receipt(
      termsBytes: bytes, takerSignature: buyer.sign(bytes, domain: .terms, network: network),
      acceptanceBytes: acceptance, makerSignature: provider.sign(acceptance, domain: .acceptance, network: network))
    func message(_ domain: SigningDomain, _ bytes: [UInt8], _ signature: Signature, _ node: NodeID) -> SignedMessage {
      let prefix = Array("\(domain.prefix)".utf8) + [0] + network.bytes
      return SignedMessage(signature: signature.bytes, message: prefix + bytes, key: node.bytes)
    }
    return (
      Array(try NodeJSON.encode(try ReceiptDocument(receipt, network: network))),
      [
        message(.terms, bytes, receipt.takerSignature, buyer.nodeID),
        message(.acceptance, acceptance, receipt.makerSignature, provider.nodeID),
      ]
    )
  }

  var rows: [Row] {
    let each = 1e6 / Double(max(1, count))
    return [
      // The clock's own time shows what the cores do together; processor time what the work is, whatever else runs.
      Row("receipts/processor", processor.scaled(by: each), "us", floor: floor.scaled(by: each)),
      Row("receipts/wall", wall, "s", floor: floorWall),
      Row("receipts/rate", Double(count) / max(wall.minimum, 1e-9), "1/s"),
    ]
  }

  mutating func run() {
    let (count, file, signed) = (count, file, signed)
    let bare = Self.measure {
      let valid = ReceiptBatch.map(count: signed.count) { index in
        let one = signed[index]
        return crypto_sign_verify_detached(one.signature, one.message, UInt64(one.message.count), one.key) == 0
      }
      precondition(valid.count == 2 * count && valid.allSatisfy { $0 }, "a signature of our own is not good")
    }
    let whole = Self.measure {
      let documents = (try? ReceiptVerdict.documents(in: file)) ?? []
      let verdicts = ReceiptBatch.check([(nil, documents)])
      precondition(verdicts.count == count && verdicts.allSatisfy(\.valid), "a receipt of our own is not good")
    }
    floor.append(bare.processor)
    floorWall.append(bare.wall)
    processor.append(whole.processor)
    wall.append(whole.wall)
  }

  /// The seconds that `body` takes: of all threads' processors, and of the clock.
  private static func measure(_ body: () -> Void) -> (processor: Double, wall: Double) {
    let (processor, wall) = (Stopwatch.allProcessors(), Stopwatch.now())
    body()
    return (Double(Stopwatch.allProcessors() - processor) / 1e9, Double(Stopwatch.now() - wall) / 1e9)
  }
}
