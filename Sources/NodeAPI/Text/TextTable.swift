import Market

/// A table in plain text. Columns are as wide as their widest cell, counted as the terminal shows it, without colour
/// codes; a column that is empty in every row is left out.
public struct TextTable: Sendable {
  /// Where a cell's text stands in its column.
  public enum Alignment: Sendable {
    /// At the left edge.
    case left
    /// At the right edge.
    case right
    /// With the decimal points below each other.
    case decimal
  }

  /// A column's heading and alignment.
  public struct Column: Sendable {
    /// The heading; a table whose headings are all empty has no heading row.
    public var title: String
    /// Where its cells' text stands.
    public var alignment: Alignment

    /// A column headed `title`.
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// One field of a row.
  public struct Cell: Sendable, ExpressibleByStringLiteral {
    /// What it says, free of control characters.
    public let text: String
    /// How it looks.
    public let style: TextStyle

    /// A cell that says `text`, whoever wrote it.
    public init(_ text: String, _ style: TextStyle = .plain) {
      self.text = TerminalText.clean(text)
      self.style = style
    }

    /// A plain cell.
    public init(stringLiteral text: String) { self.init(text) }

    /// A number.
    public init(_ number: some BinaryInteger, _ style: TextStyle = .plain) { self.init(String(number), style) }
  }

  private enum Row {
    case cells([Cell])
    case rule(Cell)
  }

  private let columns: [Column]
  private var rows: [Row] = []

  /// A table with the given columns and no rows.
  public init(_ columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row with one cell for each column.
  public mutating func append(_ cells: [Cell]) {
    precondition(cells.count == columns.count, "a row of \(cells.count) cells in a table of \(columns.count) columns")
    rows.append(.cells(cells))
  }

  /// Adds a line that stands across the columns.
  public mutating func appendRule(_ text: String, _ style: TextStyle = .dim) {
    rows.append(.rule(Cell(text, style)))
  }

  /// The table's lines, without a line break after the last.
  ///
  /// Complexity: O(cells).
  public func render(colours: Bool) -> String {
    let shapes = columns.indices.map { shape(ofColumn: $0) }
    let shown = columns.indices.filter { shapes[$0].isUsed }
    var lines: [String] = []
    if columns.contains(where: { !$0.title.isEmpty }) {
      lines.append(line(columns.map { Cell($0.title, .dim) }, shown: shown, shapes: shapes, colours: colours))
    }
    for row in rows {
      switch row {
      case .cells(let cells): lines.append(line(cells, shown: shown, shapes: shapes, colours: colours))
      case .rule(let cell): lines.append(cell.style.apply(to: cell.text, colours: colours))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// How wide a column is, and of that, how much stands right of the decimal point, the point included.
  private struct Shape {
    var isUsed = false
    var width = 0
    var fraction = 0
  }

  private func shape(ofColumn index: Int) -> Shape {
    var shape = Shape()
    var whole = 0
    for case .cells(let cells) in rows {
      let text = cells[index].text
      shape.isUsed = shape.isUsed || !text.isEmpty
      if columns[index].alignment == .decimal {
        let fraction = Self.fractionWidth(text)
        shape.fraction = max(shape.fraction, fraction)
        whole = max(whole, TerminalText.width(text) - fraction)
      } else {
        whole = max(whole, TerminalText.width(text))
      }
    }
    shape.width = max(whole + shape.fraction, TerminalText.width(columns[index].title))
    return shape
  }

  private func line(_ cells: [Cell], shown: [Int], shapes: [Shape], colours: Bool) -> String {
    var out = ""
    var pending = 0
    for index in shown {
      let cell = cells[index]
      let free = shapes[index].width - TerminalText.width(cell.text)
      var after = 0
      switch columns[index].alignment {
      case .left: after = free
      case .right: break
      case .decimal:
        let isNumber = cell.text.utf8.first.map { $0.isDigit || $0 == 0x2D } ?? false
        after = isNumber ? shapes[index].fraction - Self.fractionWidth(cell.text) : 0
      }
      if !cell.text.isEmpty {
        out += String(repeating: " ", count: pending + free - after)
        out += cell.style.apply(to: cell.text, colours: colours)
        pending = after + Self.gap
      } else {
        pending += free + Self.gap
      }
    }
    return out
  }

  private static func fractionWidth(_ text: String) -> Int {
    text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) } ?? 0
  }

  private static let gap = 2
}
