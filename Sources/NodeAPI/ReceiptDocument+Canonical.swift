extension ReceiptDocument {
  /// The document that `bytes` spell, when they are a receipt as ``NodeJSON`` writes it on one line, with its keys in
  /// their order and nothing escaped; nil otherwise, which says nothing against them.
  ///
  /// Reading JSON in general takes half as long as checking the signatures of a receipt, and files of many receipts are
  /// files that a node wrote. What this reads, ``NodeJSON/decode(_:from:)`` reads alike.
  init?(canonical bytes: ArraySlice<UInt8>) {
    var reader = CanonicalJSONReader(bytes)
    guard reader.skip("{"), let acceptance = reader.text("\"acceptance\":") else { return nil }
    let confirmation = reader.text(",\"confirmation\":")
    let confirmationSignature = reader.text(",\"confirmation_signature\":")
    guard reader.skip(",\"decoded\":"), let decoded = Decoded(from: &reader),
      let format = reader.text(",\"format\":"), let maker = reader.text(",\"maker\":"),
      let makerSignature = reader.text(",\"maker_signature\":"), let network = reader.text(",\"network\":"),
      let taker = reader.text(",\"taker\":"), let takerSignature = reader.text(",\"taker_signature\":"),
      let terms = reader.text(",\"terms\":"), reader.skip("}"), reader.isAtEnd
    else { return nil }
    self.format = format
    self.network = network
    self.terms = terms
    self.acceptance = acceptance
    self.taker = taker
    self.maker = maker
    self.takerSignature = takerSignature
    self.makerSignature = makerSignature
    self.confirmation = confirmation
    self.confirmationSignature = confirmationSignature
    self.decoded = decoded
  }
}

extension ReceiptDocument.Decoded {
  fileprivate init?(from reader: inout CanonicalJSONReader) {
    guard reader.skip("{"), let acceptedMs: Int64 = reader.number("\"accepted_ms\":"),
      let acceptedSequence: UInt64 = reader.number(",\"accepted_sequence\":"), let bid = reader.text(",\"bid\":"),
      let buyer = reader.text(",\"buyer\":")
    else { return nil }
    confirmMs = reader.number(",\"confirm_ms\":")
    confirmedMs = reader.number(",\"confirmed_ms\":")
    confirmedSequence = reader.number(",\"confirmed_sequence\":")
    guard let currency = reader.text(",\"currency\":"), let deadlineMs: Int64 = reader.number(",\"deadline_ms\":"),
      let endMs: Int64 = reader.number(",\"end_ms\":"), let gpuClass = reader.text(",\"gpu_class\":"),
      let gpus: Int64 = reader.number(",\"gpus\":"), let offer = reader.text(",\"offer\":"),
      let priceMicros: Int64 = reader.number(",\"price_micros\":"), let provider = reader.text(",\"provider\":")
    else { return nil }
    purchase = reader.text(",\"purchase\":")
    purchaseLegs = reader.number(",\"purchase_legs\":")
    guard let startMs: Int64 = reader.number(",\"start_ms\":"),
      let totalMicros: Int64 = reader.number(",\"total_micros\":"), let trade = reader.text(",\"trade\":"),
      reader.skip("}")
    else { return nil }
    self.acceptedMs = acceptedMs
    self.acceptedSequence = acceptedSequence
    self.bid = bid
    self.buyer = buyer
    self.currency = currency
    self.deadlineMs = deadlineMs
    self.endMs = endMs
    self.gpuClass = gpuClass
    self.gpus = gpus
    self.offer = offer
    self.priceMicros = priceMicros
    self.provider = provider
    self.startMs = startMs
    self.totalMicros = totalMicros
    self.trade = trade
  }
}

/// Reads the fields of a document one after the other, each only where and as it is expected.
private struct CanonicalJSONReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  /// Goes past `expected`; false, and stays, when something else is there.
  mutating func skip(_ expected: StaticString) -> Bool {
    let isThere = expected.withUTF8Buffer { rest.starts(with: $0) }
    if isThere { rest = rest.dropFirst(expected.utf8CodeUnitCount) }
    return isThere
  }

  /// The text behind `key`, when it is there and all its characters stand for themselves.
  mutating func text(_ key: StaticString) -> String? {
    guard skip(key), rest.first == UInt8(ascii: "\"") else { return nil }
    let value = rest.dropFirst().prefix { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") }
    guard value.endIndex < rest.endIndex, rest[value.endIndex] == UInt8(ascii: "\""),
      !value.contains(UInt8(ascii: "\\"))
    else { return nil }
    rest = rest[(value.endIndex + 1)...]
    return String(decoding: value, as: UTF8.self)
  }

  /// The number behind `key`, when it is there, is whole and fits.
  mutating func number<Value: FixedWidthInteger>(_ key: StaticString) -> Value? {
    guard skip(key) else { return nil }
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1,
      let value = Value(String(decoding: digits, as: UTF8.self), radix: 10)
    else { return nil }
    rest = rest[digits.endIndex...]
    return value
  }
}
