/// How a piece of text looks on a terminal.
public enum TextStyle: Sendable {
  /// As it comes.
  case plain
  /// Emphasized: headings and what is one's own.
  case bold
  /// In the background: what is over, and what is the same in every row.
  case dim
  /// Asks, and what failed.
  case red
  /// Bids, and what is well.
  case green
  /// What asks for attention.
  case yellow
  /// Names.
  case cyan

  /// `text` in this style: between the escape codes of ECMA-48 when `colours`, else unchanged.
  public func apply(to text: String, colours: Bool) -> String {
    guard colours, let code, !text.isEmpty else { return text }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  private var code: Int? {
    switch self {
    case .plain: nil
    case .bold: 1
    case .dim: 2
    case .red: 31
    case .green: 32
    case .yellow: 33
    case .cyan: 36
    }
  }
}
