import NodeCrypto

/// What `verify` found out about one receipt of a file.
public struct ReceiptVerdict: Codable, Hashable, Sendable {
  /// The file in which it stands; nil when there is only one.
  public var file: String?
  /// The receipt's position in the file, from 1.
  public var receipt: Int
  /// Whether both signatures and everything that the file says hold.
  public var valid: Bool
  /// The trade's id; nil when the receipt is not valid.
  public var trade: String?
  /// What is wrong, with what value, and what is allowed; nil when nothing is.
  public var error: String?
  /// What both sides signed; nil when the receipt is not valid.
  public var decoded: ReceiptDocument.Decoded?
  /// What is proven, when it is a proof of fraud instead of a receipt.
  public var fraud: FraudProofDocument.Decoded?
  /// The parties' keys that were handed over to others since, as far as a node that was asked knows; nil without any.
  public var handovers: [Handover]?

  /// A party's key that was handed over.
  public struct Handover: Codable, Hashable, Sendable {
    /// The key.
    public var key: String
    /// The one that took over.
    public var successor: String
    /// When.
    public var handedOverMs: Int64

    /// A handover of `key`.
    public init(key: String, successor: String, handedOverMs: Int64) {
      self.key = key
      self.successor = successor
      self.handedOverMs = handedOverMs
    }
  }

  /// Checks the receipt at `position` of a file: one JSON document. One that does not decode is not valid.
  ///
  /// - Parameter keys: keys that were checked before.
  public init(
    file: String? = nil, position: Int, checking bytes: ArraySlice<UInt8>,
    keys: VerifyingKeyCache = VerifyingKeyCache()
  ) {
    self.file = file
    receipt = position
    valid = false
    if let written = ReceiptDocument.Decoded(verifyingWritten: bytes, keys: keys) {
      (valid, trade, decoded) = (true, written.trade, written)
      return
    }
    let document: ReceiptDocument
    do throws(NodeJSONError) {
      document = try NodeJSON.decode(from: bytes)
    } catch {
      self.error = error.description
      return
    }
    do throws(ReceiptFileError) {
      trade = try document.verify(keys: keys).trade.hex
      decoded = document.decoded
      valid = true
    } catch {
      self.error = error.description
    }
  }

  /// The keys of the parties; none of what is no valid receipt.
  public var parties: [String] { decoded.map { [$0.provider, $0.buyer] } ?? [] }

  /// Notes which of the parties' keys were handed over, of those that are known to be.
  public mutating func note(_ known: [String: Handover]) {
    let found = parties.compactMap { known[$0] }
    handovers = found.isEmpty ? nil : found
  }

  /// Checks each receipt of a file, which is one document or a list of them as `receipts --json` prints it. One that
  /// is damaged does not keep the others from being checked.
  ///
  /// - Throws: ``NodeJSONError`` when the file is neither.
  public static func check(file: some Sequence<UInt8>) throws(NodeJSONError) -> [ReceiptVerdict] {
    let keys = VerifyingKeyCache()
    return try documents(in: Array(file)).enumerated().map {
      ReceiptVerdict(position: $0.offset + 1, checking: $0.element, keys: keys)
    }
  }

  /// The documents of a file, each still to be decoded: those of a list, or the only one. O(bytes).
  ///
  /// - Throws: ``NodeJSONError/notJSON`` when the file is cut short or something else than JSON.
  public static func documents(in file: [UInt8]) throws(NodeJSONError) -> [ArraySlice<UInt8>] {
    guard let first = file.firstIndex(where: { !isBlank($0) }) else { throw .notJSON }
    switch file[first] {
    case UInt8(ascii: "["): return try elements(in: file[(first + 1)...], of: UInt8(ascii: "]"))
    case UInt8(ascii: "{"):
      // What is in it is read when it is checked; here only that it is there to its end.
      _ = try elements(in: file[(first + 1)...], of: UInt8(ascii: "}"))
      return [file[...]]
    default: throw .notJSON
    }
  }

  /// The elements of a list, or the members of an object, that begins before `list` and ends with `end`.
  private static func elements(
    in list: ArraySlice<UInt8>, of end: UInt8
  ) throws(NodeJSONError) -> [ArraySlice<UInt8>] {
    let places = list.withBytes { elementPlaces(in: $0, of: end) }
    guard let places else { throw .notJSON }
    return places.map { list[(list.startIndex + $0.lowerBound)..<(list.startIndex + $0.upperBound)] }
  }

  private static func elementPlaces(in list: UnsafeRawBufferPointer, of end: UInt8) -> [Range<Int>]? {
    var places: [Range<Int>] = []
    var (start, depth, place) = (0, 0, 0)
    func isBlank(_ range: Range<Int>) -> Bool { list[range].allSatisfy(Self.isBlank) }
    while place < list.count {
      switch list[place] {
      case UInt8(ascii: "\""):
        guard let quote = endOfText(in: list, from: place + 1) else { return nil }
        place = quote
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case end where depth == 0:
        guard isBlank(place + 1..<list.count) else { return nil }
        if isBlank(start..<place) { return places.isEmpty ? [] : nil }
        return places + [start..<place]
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        guard !isBlank(start..<place) else { return nil }
        places.append(start..<place)
        start = place + 1
      default: break
      }
      place += 1
    }
    return nil
  }

  /// The place of the quotation mark that ends the text which begins at `start`. Most of a file are long texts without
  /// anything to look at, so they are searched and not read byte by byte.
  private static func endOfText(in list: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var start = start
    while let quote = list.firstPlace(of: UInt8(ascii: "\""), from: start) {
      let text = UnsafeRawBufferPointer(rebasing: list[..<quote])
      guard let escape = text.firstPlace(of: UInt8(ascii: "\\"), from: start) else { return quote }
      start = escape + 2
      guard start <= list.count else { return nil }
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// What the receipts of some files add up to.
public struct ReceiptSum: Hashable, Sendable {
  /// Receipts that are valid, and that are not.
  public private(set) var valid = 0, invalid = 0
  /// Proofs of fraud that are valid.
  public private(set) var frauds = 0
  /// Valid receipts of trades of which another one came before: they count once below.
  public private(set) var repeated = 0
  /// Of all trades, in micro-units, by the currency's code.
  public private(set) var micros: [String: Int128] = [:]
  /// GPUs times seconds of all leases.
  public private(set) var gpuSeconds: Int128 = 0

  /// The sum of `verdicts`.
  public init(_ verdicts: [ReceiptVerdict]) {
    var trades: Set<String> = []
    for verdict in verdicts {
      guard verdict.fraud == nil else {
        frauds += 1
        continue
      }
      guard verdict.valid, let lease = verdict.decoded else {
        invalid += 1
        continue
      }
      valid += 1
      guard trades.insert(lease.trade).inserted else {
        repeated += 1
        continue
      }
      micros[lease.currency, default: 0] += Int128(lease.totalMicros)
      gpuSeconds += Int128(lease.gpus) * Int128((lease.endMs - lease.startMs) / 1000)
    }
  }
}
