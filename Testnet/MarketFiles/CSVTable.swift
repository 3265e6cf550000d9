import Market

/// A comma-separated file with a header line and without quoting, as in `Testnet/data`.
struct CSVTable {
  /// One line under the header.
  struct Row {
    /// The file, as it was named to the reader.
    let file: String
    /// The line in the file, from 1.
    let line: Int
    private let fields: [String: String]

    fileprivate init(file: String, line: Int, columns: [String], fields: [Substring]) {
      self.file = file
      self.line = line
      self.fields = Dictionary(uniqueKeysWithValues: zip(columns, fields.map(String.init)))
    }

    /// The field of `column`, which must be one of the table's.
    func text(_ column: String) -> String {
      guard let field = fields[column] else { preconditionFailure("\(file) is read without a column \(column)") }
      return field
    }

    /// The field of `column` as a whole number within `range`.
    func integer(_ column: String, in range: ClosedRange<Int64>) throws(MarketDataError) -> Int64 {
      guard let value = Int64(text(column)), range.contains(value) else {
        throw error(column, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }

    /// The field of `column` as a price within `range`, which is in micro-units.
    func micros(_ column: String, in range: ClosedRange<Int64>) throws(MarketDataError) -> Int64 {
      guard let value = Decimal.parse(text(column)), range.contains(value) else {
        let bounds = "\(Decimal.format(micros: range.lowerBound)) to \(Decimal.format(micros: range.upperBound))"
        throw error(column, allowed: "\(bounds), with at most six decimals")
      }
      return value
    }

    /// The field of `column` as two capital letters.
    func code(_ column: String) throws(MarketDataError) -> String {
      let field = text(column)
      guard field.utf8.count == 2, field.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
        throw error(column, allowed: "two capital letters")
      }
      return field
    }

    /// The error that the field of `column` is.
    func error(_ column: String, allowed: String) -> MarketDataError {
      .field(file: file, line: line, column: column, value: text(column), allowed: allowed)
    }
  }

  /// The lines under the header.
  let rows: [Row]

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - text: the file's content.
  ///   - file: the file's name, for errors.
  ///   - columns: the columns, exactly as the header has to name them.
  init(_ text: String, file: String, columns: [String]) throws(MarketDataError) {
    // A line break may be one grapheme of two scalars, so lines are split as bytes.
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      Substring(line.last == 0x0D ? line.dropLast() : line)
    }
    guard lines[0] == columns.joined(separator: ",") else {
      throw .header(file: file, value: String(lines[0]), allowed: columns.joined(separator: ","))
    }
    var rows: [Row] = []
    for (index, line) in lines.enumerated().dropFirst() {
      // The last line break ends the last line.
      if line.isEmpty, index == lines.count - 1 { break }
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == columns.count else {
        throw .fieldCount(file: file, line: index + 1, value: String(line), count: fields.count, allowed: columns.count)
      }
      rows.append(Row(file: file, line: index + 1, columns: columns, fields: fields))
    }
    self.rows = rows
  }
}
