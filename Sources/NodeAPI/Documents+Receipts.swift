import Foundation
import Market
import NodeCrypto
import Settlement

/// A receipt as a file: what both sides signed, and a reading of it for people.
public struct ReceiptDocument: Codable, Hashable, Sendable {
  /// The file's format.
  public static let format = "p2pnode-receipt-v1"

  /// What the signed bytes say, for reading. ``ReceiptDocument/verify()`` recomputes it and refuses a difference.
  public struct Decoded: Codable, Hashable, Sendable {
    /// The trade's id: BLAKE2b-256 of the terms.
    public var trade: String
    /// The offer's id.
    public var offer: String
    /// The bid's id.
    public var bid: String
    /// The provider's node id.
    public var provider: String
    /// The buyer's node id.
    public var buyer: String
    /// The class's id.
    public var gpuClass: String
    /// GPUs in each slot of the lease.
    public var gpus: Int64
    /// Start of the lease.
    public var startMs: Int64
    /// End of the lease.
    public var endMs: Int64
    /// Micro-units per GPU-hour.
    public var priceMicros: Int64
    /// Micro-units for the whole lease.
    public var totalMicros: Int64
    /// The currency's code.
    public var currency: String
    /// The latest time at which the maker could accept.
    public var deadlineMs: Int64
    /// When the maker accepted.
    public var acceptedMs: Int64
    /// The sequence of the accepting entry in the maker's feed.
    public var acceptedSequence: UInt64
    /// Of a leg, the purchase that it is part of.
    public var purchase: String?
    /// Of a leg, how many legs the purchase has.
    public var purchaseLegs: Int?
    /// Of a leg, the latest time at which the taker could confirm.
    public var confirmMs: Int64?
    /// Of a leg, when the taker confirmed.
    public var confirmedMs: Int64?
    /// Of a leg, the sequence of the confirming entry in the taker's feed.
    public var confirmedSequence: UInt64?

    init(terms: Terms, acceptance: Acceptance, confirmation: Confirmation?) {
      trade = acceptance.trade.hex
      offer = terms.offer.hex
      bid = terms.bid.hex
      provider = terms.provider.hex
      buyer = terms.buyer.hex
      gpuClass = terms.gpuClass
      gpus = Int64(terms.gpus)
      startMs = terms.start.milliseconds
      endMs = terms.end.milliseconds
      priceMicros = terms.price.micros
      totalMicros = terms.total.micros
      currency = terms.currency
      deadlineMs = terms.deadline.milliseconds
      acceptedMs = acceptance.time.milliseconds
      acceptedSequence = acceptance.sequence
      guard let confirmation else { return }
      purchase = confirmation.purchase.hex
      purchaseLegs = confirmation.legs.count
      confirmMs = terms.leg?.confirmBy.milliseconds
      confirmedMs = confirmation.time.milliseconds
      confirmedSequence = confirmation.sequence
    }
  }

  /// `p2pnode-receipt-v1`.
  public var format: String
  /// The network id in hexadecimal.
  public var network: String
  /// The terms bytes in base64.
  public var terms: String
  /// The acceptance bytes in base64.
  public var acceptance: String
  /// The taker's node id.
  public var taker: String
  /// The maker's node id.
  public var maker: String
  /// The taker's signature over the terms, in hexadecimal.
  public var takerSignature: String
  /// The maker's signature over the acceptance, in hexadecimal.
  public var makerSignature: String
  /// Of a leg of a purchase, the confirmation bytes in base64.
  public var confirmation: String?
  /// Of a leg, the taker's signature over the confirmation, in hexadecimal.
  public var confirmationSignature: String?
  /// What the signed bytes say.
  public var decoded: Decoded

  /// The file of a receipt whose parts are known to decode.
  public init(_ receipt: Receipt, network: NetworkID) throws(TermsError) {
    let terms = try Terms(decoding: receipt.termsBytes)
    format = Self.format
    self.network = network.hex
    self.terms = Data(receipt.termsBytes).base64EncodedString()
    acceptance = Data(receipt.acceptanceBytes).base64EncodedString()
    taker = terms.taker.hex
    maker = terms.maker.hex
    takerSignature = receipt.takerSignature.hex
    makerSignature = receipt.makerSignature.hex
    confirmation = receipt.confirmation.map { Data($0.bytes).base64EncodedString() }
    confirmationSignature = receipt.confirmation?.signature.hex
    decoded = Decoded(
      terms: terms, acceptance: try Acceptance(decoding: receipt.acceptanceBytes),
      confirmation: try Self.decode(receipt.confirmation, network: network))
  }

  private static func decode(
    _ signed: Receipt.SignedConfirmation?, network: NetworkID
  ) throws(TermsError) -> Confirmation? {
    guard let signed else { return nil }
    return try Confirmation(decoding: signed.bytes, network: network)
  }

  /// Checks the file: its form, all signatures, and that `taker`, `maker` and `decoded` say what the signed bytes say.
  ///
  /// - Returns: the trade and the terms.
  public func verify(
    keys: VerifyingKeyCache = VerifyingKeyCache()
  ) throws(ReceiptFileError) -> (trade: TradeID, terms: Terms) {
    guard format == Self.format else { throw .field("format", value: format, allowed: Self.format) }
    guard let network = NetworkID(hex: network) else {
      throw .field("network", value: network, allowed: "64 hexadecimal digits")
    }
    let receipt = Receipt(
      termsBytes: try Self.base64(terms, "terms"),
      takerSignature: try Self.signature(takerSignature, "taker_signature"),
      acceptanceBytes: try Self.base64(acceptance, "acceptance"),
      makerSignature: try Self.signature(makerSignature, "maker_signature"), confirmation: try signedConfirmation())
    let parts: (terms: Terms, acceptance: Acceptance, confirmation: Confirmation?)
    do { parts = try receipt.verify(network: network, keys: keys) } catch { throw .receipt(error) }
    guard taker == parts.terms.taker.hex else {
      throw .field("taker", value: taker, allowed: "\(parts.terms.taker), who signed the terms")
    }
    guard maker == parts.terms.maker.hex else {
      throw .field("maker", value: maker, allowed: "\(parts.terms.maker), who signed the acceptance")
    }
    let signed = Decoded(terms: parts.terms, acceptance: parts.acceptance, confirmation: parts.confirmation)
    guard decoded == signed else {
      let (name, shown, allowed) = Self.difference(decoded, signed)
      throw .field("decoded.\(name)", value: shown, allowed: "\(allowed), as signed")
    }
    return (parts.acceptance.trade, parts.terms)
  }

  private func signedConfirmation() throws(ReceiptFileError) -> Receipt.SignedConfirmation? {
    switch (confirmation, confirmationSignature) {
    case (nil, nil): return nil
    case (let bytes?, let signature?):
      return Receipt.SignedConfirmation(
        bytes: try Self.base64(bytes, "confirmation"),
        signature: try Self.signature(signature, "confirmation_signature"))
    case (nil, _): throw .field("confirmation", value: "left out", allowed: "given with confirmation_signature")
    case (_, nil): throw .field("confirmation_signature", value: "left out", allowed: "given with confirmation")
    }
  }

  private static func base64(_ text: String, _ name: String) throws(ReceiptFileError) -> [UInt8] {
    guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
      throw .field(name, value: "\(text.utf8.count) characters", allowed: "canonical base64")
    }
    return Array(data)
  }

  private static func signature(_ text: String, _ name: String) throws(ReceiptFileError) -> Signature {
    guard let signature = Signature(hex: text) else {
      throw .field(name, value: "\(text.utf8.count) characters", allowed: "128 hexadecimal digits")
    }
    return signature
  }

  private static func difference(_ shown: Decoded, _ signed: Decoded) -> (String, String, String) {
    let pairs = zip(Mirror(reflecting: shown).children, Mirror(reflecting: signed).children)
    for (left, right) in pairs where "\(left.value)" != "\(right.value)" {
      return (left.label ?? "", "\(left.value)", "\(right.value)")
    }
    return ("", "different", "the signed content")
  }
}

/// Why a receipt file is refused.
public enum ReceiptFileError: Error, Equatable, CustomStringConvertible {
  /// A field has a value that is not allowed.
  case field(String, value: String, allowed: String)
  /// The signed parts are not a receipt.
  case receipt(ReceiptError)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .field(let name, let value, let allowed): "\(name) is \(value); allowed: \(allowed)"
    case .receipt(let error): error.description
    }
  }
}
