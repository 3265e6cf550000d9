/// A proof of fraud as a file, which anybody can check offline: an element of `GET /v1/proofs`.
public struct FraudProofDocument: Codable, Hashable, Sendable {
  /// The file's format.
  public static let format = "p2pnode-fraud-v1"

  /// What the proof says, for reading. `verify` recomputes it and refuses a difference.
  public struct Decoded: Codable, Hashable, Sendable {
    /// The node id of the fraud.
    public var author: String
    /// `fork`, `backdated`, `phantom-accept`, `phantom-confirm`, `overfill` or `false-checkpoint`.
    public var kind: String
    /// From which entry on the author's feed counts for nothing.
    public var sequence: UInt64
    /// The time of that entry.
    public var timeMs: Int64
    /// How many entries of the author's are in the proof.
    public var entries: Int

    /// What a proof says.
    public init(author: String, kind: String, sequence: UInt64, timeMs: Int64, entries: Int) {
      self.author = author
      self.kind = kind
      self.sequence = sequence
      self.timeMs = timeMs
      self.entries = entries
    }
  }

  /// `p2pnode-fraud-v1`.
  public var format: String
  /// The network id in hexadecimal.
  public var network: String
  /// The genesis file of the network in base64: what is a fraud depends on its rules.
  public var genesis: String
  /// The encoded proof in base64.
  public var proof: String
  /// What it says.
  public var decoded: Decoded

  /// A proof's file; nothing is checked.
  public init(network: String, genesis: String, proof: String, decoded: Decoded) {
    format = Self.format
    self.network = network
    self.genesis = genesis
    self.proof = proof
    self.decoded = decoded
  }
}
