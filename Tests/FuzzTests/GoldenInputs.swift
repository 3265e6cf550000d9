import Foundation
import FuzzTargets
import Market
import NodeAPI
import NodeCrypto
import Settlement
import Wire

/// The inputs from which the fuzzer starts, made of the vectors of `docs/PROTOCOL.md`, each in the form that its target
/// takes.
struct GoldenInputs {
  private let vectors: [String: [UInt8]]

  init() throws {
    let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("DocsTests/vectors/protocol.json")
    vectors = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file)).compactMapValues {
      Hex.decode($0)
    }
  }

  func inputs(of target: FuzzTarget) throws -> [String: [UInt8]] {
    switch target {
    case .frame: try frames()
    case .handshake: try handshakes()
    case .message: messages().mapValues { Self.framed($0.map { $0.encoded() }) }
    case .entry: entries()
    case .receipt: try receipts()
    case .genesis: ["vectors": Array(FuzzMarket.genesisFile.utf8)]
    case .apiBody: Self.bodies.mapValues { Array($0.utf8) }
    case .console: Self.lines.mapValues { Array($0.utf8) }
    }
  }

  private subscript(name: String) -> [UInt8] { vectors[name] ?? [] }

  private static func framed(_ bodies: [[UInt8]]) -> [UInt8] {
    bodies.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xff)] + $0 }
  }

  private func frames() throws -> [String: [UInt8]] {
    let handshake = Self.framed(try HandshakeCheck.transcript())
    return [
      "handshake": [0, 0] + handshake,
      "messages": [7, 1] + Self.framed([self["hello_message"], self["compare_message"]]),
      "unfinished": [200, 1] + handshake.dropLast(),
    ]
  }

  private func handshakes() throws -> [String: [UInt8]] {
    let messages = try HandshakeCheck.transcript()
    return [
      "initiator": [1] + Self.framed([messages[1]]), "responder": [0] + Self.framed([messages[0], messages[2]]),
      "session": [0] + Self.framed([messages[0], messages[2], messages[3]]),
    ]
  }

  private func receipts() throws -> [String: [UInt8]] {
    guard let taker = Signature(bytes: self["taker_signature"]), let maker = Signature(bytes: self["maker_signature"])
    else { return [:] }
    let receipt = Receipt(
      termsBytes: self["terms"], takerSignature: taker, acceptanceBytes: self["acceptance"], makerSignature: maker)
    let document = try ReceiptDocument(receipt, network: FuzzMarket.genesis.networkID)
    return [
      "one": Array(try NodeJSON.encode(document, layout: .pretty)),
      "two": Array(try NodeJSON.encode([document, document])),
    ]
  }

  // MARK: Entries

  /// One of each kind of operation at least.
  private func entries() -> [String: [UInt8]] {
    var simple = WirePayload()
    simple.operations = [
      operation { $0.cancel.order = Data(self["offer_id"]) },
      operation { ($0.reject.trade, $0.reject.reason, $0.reject.gpusLeft) = (trade, .rejectNoCapacity, 3) },
      operation { ($0.release.trade, $0.release.closure) = (trade, true) },
    ]
    return [
      "accept": self["accept_entry"], "bid": self["bid_entry"], "offer": self["offer_entry"],
      "amend": entry(self["amend_payload"]), "checkpoint": entry(self["checkpoint_payload"], at: 3, after: 100_000),
      "receipt": entry(self["receipt_payload"]), "simple": entry(simple.encoded()), "purchase": purchase(),
      "confirm": confirm(), "purchase-end": purchaseEnd(), "rotate": rotate(),
    ]
  }

  /// The vectors' purchase over two providers. Signatures do not count here, but for their length.
  private func purchase() -> [UInt8] {
    var payload = WirePayload()
    payload.operations = [
      operation { operation in
        operation.purchase.legs = legs.map { leg in
          var propose = WirePropose()
          (propose.terms, propose.takerSignature) = (Data(leg), signature)
          return propose
        }
      }
    ]
    return entry(payload.encoded(), by: FuzzMarket.buyer, after: 2000)
  }

  private func confirm() -> [UInt8] {
    var payload = WirePayload()
    payload.operations = [
      operation { operation in
        (operation.confirm.confirmation, operation.confirm.takerSignature) = (Data(self["confirmation"]), signature)
        operation.confirm.legs = zip(legs, [FuzzMarket.provider, FuzzMarket.bystander]).map { leg, maker in
          let acceptance = Acceptance(
            trade: Blake2b.hash(leg), time: FuzzMarket.start + 2000, sequence: 2,
            previous: EntryID(bytes: self["offer_entry_id"])!)
          var receipt = WireReceipt()
          (receipt.acceptance, receipt.makerSignature) = (Data(acceptance.encoded()), signature)
          receipt.maker = Data(maker.nodeID.bytes)
          return receipt
        }
      }
    ]
    return entry(payload.encoded(), by: FuzzMarket.buyer, behind: self["bid_entry_id"], after: 3000)
  }

  private func purchaseEnd() -> [UInt8] {
    var payload = WirePayload()
    let leg: TradeID = Blake2b.hash(self["purchase_leg_1"])
    payload.operations = [
      operation { ($0.withdraw.purchase, $0.withdraw.silent) = (Data(self["purchase_id"]), [0, 1]) },
      operation { operation in
        (operation.settle.trade, operation.settle.confirmation) = (Data(leg.bytes), Data(self["confirmation"]))
        (operation.settle.takerSignature, operation.settle.taker) = (signature, Data(FuzzMarket.buyer.nodeID.bytes))
      },
      operation { ($0.free.trade, $0.free.sequence, $0.free.entry) = (trade, 2, Data(self["bid_entry_id"])) },
    ]
    return entry(payload.encoded())
  }

  private func rotate() -> [UInt8] {
    var payload = WirePayload()
    payload.operations = [
      operation { ($0.rotate.successor, $0.rotate.signature) = (Data(FuzzMarket.bystander.nodeID.bytes), signature) }
    ]
    return entry(payload.encoded())
  }

  private var legs: [[UInt8]] { [self["purchase_leg_1"], self["purchase_leg_2"]] }

  private var signature: Data { Data(self["confirmation_signature"]) }

  private var trade: Data { Data(self["trade_id"]) }

  private func operation(_ change: (inout WireOperation) -> Void) -> WireOperation {
    var operation = WireOperation()
    change(&operation)
    return operation
  }

  /// An entry, so many milliseconds after the first.
  private func entry(
    _ payload: [UInt8], by author: Identity = FuzzMarket.provider, at sequence: UInt64 = 2,
    behind previous: [UInt8]? = nil,
    after milliseconds: UInt64 = 1000
  ) -> [UInt8] {
    var entry = WireEntry()
    entry.author = Data(author.nodeID.bytes)
    entry.sequence = sequence
    entry.previous = Data(previous ?? self["offer_entry_id"])
    entry.timeMs = 1_800_000_000_000 + milliseconds
    entry.payload = Data(payload)
    return entry.encoded()
  }

  // MARK: Messages

  private func messages() -> [String: [WirePeerMessage]] {
    func message(_ change: (inout WirePeerMessage) -> Void) -> WirePeerMessage {
      var message = WirePeerMessage()
      change(&message)
      return message
    }
    let entries = ["offer", "bid", "accept"].map { signed("\($0)_entry") }
    let provider = Data(self["provider_id"])
    var address = WirePeerAddress()
    (address.node, address.host, address.port) = (provider, "192.0.2.7", 47_100)
    var summary = WireSummary()
    (summary.bookDigest, summary.bookTimeMs) = (Data(self["book_digest_traded"]), 1_800_000_000_000)
    (summary.feeds, summary.entries, summary.orders) = (2, 3, 2)
    return [
      "addresses": [
        message {
          ($0.shuffleRequest.id, $0.shuffleRequest.ttl, $0.shuffleRequest.addresses) = (1, 1, [address])
        },
        message { ($0.shuffleAnswer.id, $0.shuffleAnswer.addresses) = (1, [address]) },
        message { ($0.forwardJoin.newcomer, $0.forwardJoin.ttl) = (address, 3) },
        message { ($0.whoisAnswer.id, $0.whoisAnswer.address) = (1, address) },
        message { ($0.neighbourAnswer.accepted, $0.neighbourAnswer.addresses) = (true, [address]) },
      ],
      "compare": [
        message {
          // A list of one feed by its tag, then where a feed ends.
          ($0.compare.salt, $0.compare.parts) = (1, Data([0x80, 0x01, 0x12, 0x34, 0x02]))
        },
        message {
          let head = Data([0xC0, 0x02, 0x02]) + provider + Data([0x02]) + Data(self["accept_entry_id"])
          ($0.compare.salt, $0.compare.parts) = (1, head)
        },
      ],
      "fetch": [
        message { $0.push.entries = [entries[0]] },
        message {
          var range = WireFeedRange()
          (range.author, range.from, range.through) = (provider, 1, 2)
          ($0.fetch.id, $0.fetch.ranges) = (7, [range])
        },
        message {
          // Two authors by 24 bits each: entries 1 and 2 of one, entry 300 of the other.
          ($0.fetch.id, $0.fetch.prefixBits) = (8, 24)
          $0.fetch.shortRanges = Data([0x85, 0x80, 0x04, 1, 1, 7, 0xAC, 0x02, 0])
        },
      ],
      "fetch-answer": [
        message { ($0.fetchAnswer.id, $0.fetchAnswer.entries, $0.fetchAnswer.done) = (1, entries, true) }
      ],
      "fork": [
        message { $0.push.entries = entries },
        message {
          ($0.fraudProofPart.count, $0.fraudProofPart.chunk) = (1, fork(entries[0], forked(entries[0])))
        },
        message { ($0.fraudNotice.authors, $0.fraudNotice.sequences) = (provider, [1]) },
        message { $0.fraudRequest.authors = provider },
      ],
      "membership": [
        message { $0.join = WireJoin() },
        message { ($0.whois.id, $0.whois.node, $0.whois.ttl) = (1, provider, 2) },
      ],
      "hello": [
        message {
          ($0.hello.protocol, $0.hello.agent) = (4, "fuzz")
          ($0.hello.listenPort, $0.hello.advertise) = (47_100, "192.0.2.7")
          ($0.hello.yourSequence, $0.hello.yourEntry) = (1, Data(self["offer_entry_id"]))
        },
        message { ($0.neighbour.kind, $0.neighbour.urgent, $0.neighbour.roundTripMs) = (.near, true, 20) },
        message { $0.push.entries = entries },
      ],
      "parting": [message { $0.disconnect.addresses = [address] }],
      "ping": [message { ($0.ping.id, $0.ping.summary) = (1, summary) }, message { $0.pong.id = 1 }],
      "push": [message { $0.push.entries = entries }],
      "tree": [
        message { $0.tree.announcements = [1, 2] }, message { $0.push.entries = [entries[0]] },
        message { ($0.tree.duplicates, $0.tree.grafts) = ([1], [2]) },
      ],
    ]
  }

  private func signed(_ name: String) -> WireSignedEntry {
    var entry = WireSignedEntry()
    entry.entry = Data(self[name])
    entry.signature = Data(self["\(name)_signature"])
    return entry
  }

  /// The entry with another time.
  private func forked(_ entry: WireSignedEntry) -> WireSignedEntry {
    guard var content = try? WireEntry.decode(Array(entry.entry)) else { return entry }
    content.timeMs += 1
    var other = entry
    other.entry = Data(content.encoded())
    return other
  }

  /// Two entries at one place as a proof of fraud.
  private func fork(_ one: WireSignedEntry, _ other: WireSignedEntry) -> Data {
    func id(_ entry: WireSignedEntry) -> EntryID { Blake2b.hash(Array(entry.entry)) }
    var proof = WireFraudProof()
    proof.kind = .fork
    proof.entries = [one, other].sorted { id($0) < id($1) }
    return Data(proof.encoded())
  }

  // MARK: What people write

  private static let bodies = [
    "amend-bid": #"A{"gpus":3,"requirements":{"minimum_vram_mib":80000},"split":true}"#,
    "amend-offer": #"a{"price_micros":2000000,"remove":["region"],"attributes":{"watts_per_gpu":600}}"#,
    "bid":
      #"o{"side":"bid","gpu_classes":["any"],"gpus":3,"price_micros":2400000,"duration_ms":50000,"within_ms":600000,"#
      + #""time_in_force":"fok","requirements":{"regions":["EU"],"minimum_vram_mib":80000,"excluded_providers":["03a1"],"#
      + #""maximum_failure_percent":0}}"#,
    "offer":
      #"o{"side":"offer","gpu_classes":["h100-sxm-80g"],"gpus":8,"price_micros":2100001,"duration_ms":3600000,"#
      + #""minimum_gpus":2,"minimum_ms":30000,"post_only":true,"time_in_force":"gtt","expiry_ms":1800003000000,"#
      + #""attributes":{"region":"EU-FR","interconnect":"nvlink","watts_per_gpu":700,"probed":["watts"]}}"#,
    "quote": #"q{"gpu_classes":["h100-pcie-80g"],"gpus":4,"duration_ms":3600000,"all_or_none":true}"#,
  ]

  private static let lines = [
    "amend": "amend 40cb1c75 at 2.05 gpus 6 without region",
    "bid": "bid 3 any at 2.40 for 1h within 1d in EU,NA vram at least 80g fok",
    "book": "book h100-sxm-80g top 5",
    "offer": "offer 8 h100-sxm-80g at 2.10 for 12h pieces of 2 in EU-FR watts 700 post-only",
    "quote": "quote 4 h100-sxm-80g for 3h",
    "verify": "verify 'a file.json'",
  ]
}
