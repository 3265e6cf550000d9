/// One parser of bytes that strangers write, with what must hold for all bytes.
///
/// The same functions run under libFuzzer (`Tests/Fuzz`) and, with the committed inputs, as a test.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// The cutting of a TCP stream into frames.
  case frame
  /// Both sides of the handshake, and the session after it.
  case handshake
  /// Messages of a connected peer, and what a whole node does with them.
  case message
  /// An entry of a feed, and the operations in it.
  case entry
  /// A file of receipts.
  case receipt
  /// A genesis file.
  case genesis
  /// The JSON body of a request to the node's API, up to the order that is signed.
  case apiBody = "api-body"
  /// A line that is typed at the console.
  case console

  /// What became of an input. Both are in order; a test checks that the committed inputs reach both.
  public enum Verdict: Hashable, Sendable {
    /// All of it was understood.
    case accepted
    /// It was refused with an error.
    case refused
  }

  /// Parses `input` and checks what has to hold.
  ///
  /// - Throws: ``BrokenProperty`` when something does not. A trap is as much a finding.
  public func run(_ input: [UInt8]) throws(BrokenProperty) -> Verdict {
    switch self {
    case .frame: try FrameCheck.run(input)
    case .handshake: try HandshakeCheck.run(input)
    case .message: try MessageCheck.run(input)
    case .entry: try EntryCheck.run(input)
    case .receipt: try ReceiptCheck.run(input)
    case .genesis: try GenesisCheck.run(input)
    case .apiBody: try APIBodyCheck.run(input)
    case .console: try ConsoleCheck.run(input)
    }
  }
}

/// Something that must hold for every input and did not.
public struct BrokenProperty: Error, CustomStringConvertible {
  /// What did not hold.
  public let description: String
}

/// Throws when `condition`, of which `claim` is the sentence, does not hold.
func require(_ condition: Bool, _ claim: @autoclosure () -> String) throws(BrokenProperty) {
  if !condition { throw BrokenProperty(description: claim()) }
}

/// Splits an input into parts, each behind its length in two bytes as in a frame; the last may be cut short.
func parts(of input: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
  var rest = input
  var parts: [ArraySlice<UInt8>] = []
  while rest.count >= 2 {
    let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
    parts.append(rest.dropFirst(2).prefix(length))
    rest = rest.dropFirst(2 + length)
  }
  return parts
}
