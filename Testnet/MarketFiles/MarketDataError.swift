/// Why market data is refused.
package enum MarketDataError: Error, Equatable, CustomStringConvertible {
  /// The first line does not name the columns.
  case header(file: String, value: String, allowed: String)
  /// A line has too few or too many fields.
  case fieldCount(file: String, line: Int, value: String, count: Int, allowed: Int)
  /// A field has a value that is not allowed.
  case field(file: String, line: Int, column: String, value: String, allowed: String)
  /// The file has no line under its header.
  case empty(file: String)

  /// The file, the line, the value and what is allowed.
  package var description: String {
    switch self {
    case .header(let file, let value, let allowed): "\(file):1: the header is \"\(value)\"; allowed: \"\(allowed)\""
    case .fieldCount(let file, let line, let value, let count, let allowed):
      "\(file):\(line): \"\(value)\" has \(count) fields; allowed: \(allowed)"
    case .field(let file, let line, let column, let value, let allowed):
      "\(file):\(line): \(column) is \"\(value)\"; allowed: \(allowed)"
    case .empty(let file): "\(file) has no line under its header; allowed: at least one"
    }
  }
}
