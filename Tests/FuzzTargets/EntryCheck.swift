import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Wire

/// An input is an encoded entry.
///
/// What is read and written again is the same bytes: there is one encoding of each entry, of each operation, of terms, of
/// acceptances and of confirmations. An order that is read keeps the rules of the market.
enum EntryCheck {
  private static let codec = OperationCodec(genesis: FuzzMarket.genesis)

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let entry: SignedEntry
    do {
      entry = try SignedEntry(
        bytes: input, signature: [UInt8](repeating: 0, count: Signature.byteCount),
        maximumBytes: FuzzMarket.genesis.limits.entryBytes)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return .refused
    }
    try require(encoded(entry) == input, "an entry is not what its bytes say")
    let operations: [Operation]
    do {
      operations = try codec.operations(of: entry)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return .refused
    }
    try require(
      operations.flatMap { codec.encode($0) } == Array(entry.payload), "operations are not what their bytes say")
    for operation in operations { try check(operation, at: entry.time) }
    let checks = OperationCodec.signatureChecks(of: entry, operations: operations)
    try require(checks.first?.message == input, "the entry's own signature is not checked")
    return .accepted
  }

  private static func encoded(_ entry: SignedEntry) -> [UInt8] {
    var wire = WireEntry()
    wire.author = .init(entry.author.bytes)
    wire.sequence = entry.sequence
    wire.previous = .init(entry.previous.bytes)
    wire.timeMs = entry.time.wire
    wire.payload = .init(entry.payload)
    return wire.encoded()
  }

  private static func check(_ operation: Operation, at time: Timestamp) throws(BrokenProperty) {
    switch operation {
    case .place(let body), .amend(_, let body):
      do {
        try OrderRules.check(body, placedAt: time, genesis: FuzzMarket.genesis)
      } catch {
        throw BrokenProperty(description: "an order that breaks a rule was read: \(error)")
      }
    case .propose(let terms):
      try require(terms.terms.encoded() == terms.bytes, "terms are not what their bytes say")
    case .accept(let terms, let acceptance):
      try require(terms.terms.encoded() == terms.bytes, "terms are not what their bytes say")
      try check(acceptance)
    case .receipt(let acceptance): try check(acceptance)
    case .purchase(let legs):
      for leg in legs { try require(leg.terms.encoded() == leg.bytes, "terms are not what their bytes say") }
    case .confirm(let confirmation, let acceptances):
      try check(confirmation)
      for acceptance in acceptances { try check(acceptance) }
    case .settle(_, let confirmation): try check(confirmation)
    default: break
    }
  }

  private static func check(_ signed: SignedConfirmation) throws(BrokenProperty) {
    try require(
      signed.confirmation.encoded() == signed.signed.bytes, "a confirmation is not what its bytes say")
  }

  private static func check(_ signed: SignedAcceptance) throws(BrokenProperty) {
    try require(signed.acceptance.encoded() == signed.bytes, "an acceptance is not what its bytes say")
  }
}
