extension DocumentText {
  /// The list that `proofs` shows.
  public func proofs(_ proofs: [FraudProofDocument]) -> String {
    guard !proofs.isEmpty else { return "No author is proven to be a fraud." }
    var table = TextTable([.init("AUTHOR"), .init("FRAUD"), .init("FROM ENTRY", .right), .init("AT"), .init("WHAT")])
    for proof in proofs {
      table.append([
        .init(Self.short(proof.decoded.author), .cyan), .init(TerminalText.clean(proof.decoded.kind), .red),
        .init(proof.decoded.sequence), .init(time.short(milliseconds: proof.decoded.timeMs)),
        .init(Self.meaning(of: proof.decoded.kind)),
      ])
    }
    return table.render(colours: colours)
  }

  /// What an author did, in a few words.
  static func meaning(of kind: String) -> String {
    switch kind {
    case "fork": "signed two entries at one place"
    case "backdated": "signed an entry with a time before the last one's"
    case "phantom-accept": "accepted a trade at an entry that does not have it"
    case "phantom-confirm": "confirmed a purchase at an entry that does not have it"
    case "overfill": "sold or bought more than its order had"
    case "false-checkpoint": "said that less of its order is taken than it had accepted"
    default: ""
    }
  }

  /// The line for one proof of fraud in a file that `verify` checks.
  static func verdict(_ fraud: FraudProofDocument.Decoded, _ number: Int, time: TimeText) -> String {
    "proof \(number): \(short(fraud.author)) \(meaning(of: fraud.kind)) (\(fraud.kind)), entry \(fraud.sequence), "
      + time.short(milliseconds: fraud.timeMs)
  }
}
