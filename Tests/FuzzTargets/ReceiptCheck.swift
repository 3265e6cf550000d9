import NodeAPI

/// An input is a file of receipts.
///
/// A receipt is valid only for the one trade that the keys of this check have ever signed; a valid one stays valid when
/// it is written again, and an invalid one is told apart with a reason.
public enum ReceiptCheck {
  /// The trade of the vectors, the only one that was ever signed with their keys.
  public static let trade = "e5b8fde490940de802a9b236f1221b086418a14d4253a0e72f1ca6aca05dd4eb"

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let verdicts: [ReceiptVerdict]
    do {
      verdicts = try ReceiptVerdict.check(file: input)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return .refused
    }
    for (index, verdict) in verdicts.enumerated() {
      try require(verdict.receipt == index + 1, "the receipts are not counted")
      if verdict.valid {
        try require(verdict.trade == trade && verdict.error == nil, "a forged receipt is valid")
        try require(verdict.decoded?.trade == trade, "a valid receipt says another trade than the signed one")
      } else {
        try require(verdict.error?.isEmpty == false, "nothing says why a receipt is not valid")
      }
    }
    if let document = try? NodeJSON.decode(ReceiptDocument.self, from: input) {
      guard let written = try? NodeJSON.encode(document), let again = try? ReceiptVerdict.check(file: written) else {
        throw BrokenProperty(description: "a receipt that was read cannot be written and read again")
      }
      try require(again == verdicts, "a receipt has another verdict when it is written again")
    }
    return verdicts.contains(where: \.valid) ? .accepted : .refused
  }
}
