import Foundation
import NodeCrypto
import Settlement

extension ReceiptDocument.Decoded {
  /// What a receipt says whose document `bytes` are, when they are exactly what ``NodeJSON`` writes of it on one line and
  /// the receipt is valid; nil otherwise, which says nothing against it.
  ///
  /// Reading JSON in general takes half as long as checking the signatures of a receipt, and files of many receipts are
  /// files that a node wrote. So the signed parts are taken out of the bytes; all that the document says besides them
  /// follows from them, and has to stand there byte by byte. What this takes, ``ReceiptDocument/verify(keys:)`` takes.
  init?(verifyingWritten bytes: ArraySlice<UInt8>, keys: VerifyingKeyCache) {
    guard let decoded = bytes.withBytes({ WrittenReceipt($0)?.verified(keys: keys) }) else { return nil }
    self = decoded
  }

  /// Appends what ``NodeJSON`` writes of this, as long as all characters stand for themselves.
  fileprivate func append(to text: inout [UInt8]) {
    func number(_ key: StaticString, _ value: (some FixedWidthInteger)?) {
      guard let value else { return }
      text.append(key)
      text += value.description.utf8
    }
    func string(_ key: StaticString, _ value: String?) {
      guard let value else { return }
      text.append(key)
      text.append(UInt8(ascii: "\""))
      text += value.utf8
      text.append(UInt8(ascii: "\""))
    }
    number("{\"accepted_ms\":", acceptedMs)
    number(",\"accepted_sequence\":", acceptedSequence)
    string(",\"bid\":", bid)
    string(",\"buyer\":", buyer)
    number(",\"confirm_ms\":", confirmMs)
    number(",\"confirmed_ms\":", confirmedMs)
    number(",\"confirmed_sequence\":", confirmedSequence)
    string(",\"currency\":", currency)
    number(",\"deadline_ms\":", deadlineMs)
    number(",\"end_ms\":", endMs)
    string(",\"gpu_class\":", gpuClass)
    number(",\"gpus\":", gpus)
    string(",\"offer\":", offer)
    number(",\"price_micros\":", priceMicros)
    string(",\"provider\":", provider)
    string(",\"purchase\":", purchase)
    number(",\"purchase_legs\":", purchaseLegs)
    number(",\"start_ms\":", startMs)
    number(",\"total_micros\":", totalMicros)
    string(",\"trade\":", trade)
    text.append(UInt8(ascii: "}"))
  }

  /// Whether the texts in it that are no hexadecimal digits are written as they are.
  fileprivate var isPlain: Bool {
    [gpuClass, currency].allSatisfy { text in
      text.utf8.allSatisfy {
        (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
      }
    }
  }
}

/// The parts of a document in the order in which ``NodeJSON`` writes them, as they lie in its bytes. None of the texts
/// that belong there has a quotation mark in it, and none of their objects a brace, so each ends at the first one.
private struct WrittenReceipt {
  private let acceptance: UnsafeRawBufferPointer
  private let confirmation: (bytes: UnsafeRawBufferPointer, signature: UnsafeRawBufferPointer)?
  private let decoded: UnsafeRawBufferPointer
  private let maker: UnsafeRawBufferPointer
  private let makerSignature: UnsafeRawBufferPointer
  private let network: UnsafeRawBufferPointer
  private let taker: UnsafeRawBufferPointer
  private let takerSignature: UnsafeRawBufferPointer
  private let terms: UnsafeRawBufferPointer

  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = WrittenReader(bytes)
    guard let acceptance = reader.text("{\"acceptance\":") else { return nil }
    if let confirmation = reader.text(",\"confirmation\":") {
      guard let signature = reader.text(",\"confirmation_signature\":") else { return nil }
      self.confirmation = (confirmation, signature)
    } else {
      confirmation = nil
    }
    guard let decoded = reader.object(",\"decoded\":"),
      reader.skip(",\"format\":\""), reader.skip(ReceiptDocument.format), reader.skip("\""),
      let maker = reader.text(",\"maker\":"), let makerSignature = reader.text(",\"maker_signature\":"),
      let network = reader.text(",\"network\":"), let taker = reader.text(",\"taker\":"),
      let takerSignature = reader.text(",\"taker_signature\":"), let terms = reader.text(",\"terms\":"),
      reader.skip("}"), reader.isAtEnd
    else { return nil }
    self.acceptance = acceptance
    self.decoded = decoded
    self.maker = maker
    self.makerSignature = makerSignature
    self.network = network
    self.taker = taker
    self.takerSignature = takerSignature
    self.terms = terms
  }

  /// What the receipt says, if it is valid and the document says nothing else of it.
  func verified(keys: VerifyingKeyCache) -> ReceiptDocument.Decoded? {
    guard let network = NetworkID(hexDigits: network), let terms = Self.base64(terms),
      let acceptance = Self.base64(acceptance), let takerSignature = Signature(hexDigits: takerSignature),
      let makerSignature = Signature(hexDigits: makerSignature)
    else { return nil }
    var confirmed: Receipt.SignedConfirmation?
    if let confirmation {
      guard let bytes = Self.base64(confirmation.bytes), let signature = Signature(hexDigits: confirmation.signature)
      else { return nil }
      confirmed = Receipt.SignedConfirmation(bytes: bytes, signature: signature)
    }
    let receipt = Receipt(
      termsBytes: terms, takerSignature: takerSignature, acceptanceBytes: acceptance, makerSignature: makerSignature,
      confirmation: confirmed)
    guard let parts = try? receipt.verify(network: network, keys: keys) else { return nil }
    let signed = ReceiptDocument.Decoded(
      terms: parts.terms, acceptance: parts.acceptance, confirmation: parts.confirmation)
    var expected: [UInt8] = []
    expected.reserveCapacity(decoded.count)
    signed.append(to: &expected)
    guard signed.isPlain, decoded.isEqual(to: expected), NodeID(hexDigits: taker) == parts.terms.taker,
      NodeID(hexDigits: maker) == parts.terms.maker, taker.isLowercase, maker.isLowercase
    else { return nil }
    return signed
  }

  private static func base64(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    let text = Data(text)
    guard let bytes = Data(base64Encoded: text), bytes.base64EncodedData() == text else { return nil }
    return Array(bytes)
  }
}

/// Reads the parts of a document one after the other, each only where and as it is expected.
private struct WrittenReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  /// Goes past `expected`; false, and stays, when something else is there.
  mutating func skip(_ expected: StaticString) -> Bool {
    skip(UnsafeRawBufferPointer(start: expected.utf8Start, count: expected.utf8CodeUnitCount))
  }

  mutating func skip(_ expected: String) -> Bool {
    var expected = expected
    return expected.withUTF8 { skip(UnsafeRawBufferPointer($0)) }
  }

  private mutating func skip(_ expected: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, let expectedStart = expected.baseAddress,
      bytes.count - position >= expected.count, memcmp(start + position, expectedStart, expected.count) == 0
    else { return false }
    position += expected.count
    return true
  }

  /// The text behind `key`, without its quotation marks.
  mutating func text(_ key: StaticString) -> UnsafeRawBufferPointer? {
    guard skip(key), skip("\""), let end = bytes.firstPlace(of: UInt8(ascii: "\""), from: position) else { return nil }
    defer { position = end + 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<end])
  }

  /// The object behind `key`, with its braces.
  mutating func object(_ key: StaticString) -> UnsafeRawBufferPointer? {
    guard skip(key), let end = bytes.firstPlace(of: UInt8(ascii: "}"), from: position) else { return nil }
    defer { position = end + 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[position...end])
  }
}

extension UnsafeRawBufferPointer {
  /// The first place at or after `start`, which is at most the count, at which `byte` stands.
  func firstPlace(of byte: UInt8, from start: Int) -> Int? {
    guard let baseAddress, let found = memchr(baseAddress + start, Int32(byte), count - start) else { return nil }
    return UnsafeRawPointer(found) - baseAddress
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func isEqual(to other: [UInt8]) -> Bool {
    other.withUnsafeBytes { other in
      guard let baseAddress, let start = other.baseAddress else { return isEmpty && other.isEmpty }
      return count == other.count && memcmp(baseAddress, start, count) == 0
    }
  }

  fileprivate var isLowercase: Bool { allSatisfy { !(0x41...0x5A).contains($0) } }
}

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) { text.withUTF8Buffer { self += $0 } }
}
