import NodeAPI
import Testing

@Suite("Tables")
struct TextTableTests {
  @Test("columns are aligned, and no line ends in blanks")
  func alignment() {
    var table = TextTable([.init("NAME"), .init("COUNT", .right), .init("PRICE", .decimal), .init("NOTE")])
    table.append(["a", .init(1), "2.10", ""])
    table.append(["longer", .init(1000), "12.4625", "x"])
    table.append(["b", .init(10), "-", ""])
    #expect(
      table.render(colours: false) == """
        NAME    COUNT    PRICE  NOTE
        a           1   2.10
        longer   1000  12.4625  x
        b          10   -
        """)
  }

  @Test("colour codes take no columns")
  func colours() {
    var table = TextTable([.init("A"), .init("B")])
    table.append([.init("red", .red), "1"])
    table.append(["plain", "2"])
    let coloured = table.render(colours: true)
    let codes = ["\u{1B}[31m", "\u{1B}[2m", "\u{1B}[0m"]
    #expect(codes.allSatisfy { coloured.contains($0) })
    let bare = codes.reduce(coloured) { $0.replacing($1, with: "") }
    #expect(bare == table.render(colours: false))
    #expect(!table.render(colours: false).contains("\u{1B}"))
  }

  @Test("a column that is empty in every row is left out")
  func emptyColumn() {
    var table = TextTable([.init("A"), .init("B"), .init("C")])
    table.append(["1", "", "3"])
    #expect(table.render(colours: false) == "A  C\n1  3")
  }

  @Test("wide and combining characters count as the terminal shows them")
  func widths() {
    #expect(TerminalText.width("abc") == 3)
    #expect(TerminalText.width("東京") == 4)
    #expect(TerminalText.width("e\u{301}") == 1)
    #expect(TerminalText.width("…–") == 2)
    var table = TextTable([.init("A"), .init("B")])
    table.append(["東京", "1"])
    table.append(["x", "2"])
    #expect(table.render(colours: false) == "A     B\n東京  1\nx     2")
  }

  @Test("what a peer wrote cannot drive the terminal")
  func hostileText() {
    #expect(TerminalText.clean("a\u{1B}[2Jb\r\nc\u{202E}d") == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c\u{FFFD}d")
    #expect(TextTable.Cell("\u{07}x").text == "\u{FFFD}x")
    let order = orderDocument {
      var attributes = AttributesDocument()
      attributes.driver = "\u{1B}]0;owned\u{07}"
      $0.attributes = attributes
    }
    for shown in [text().order(order), text().orders([order], scope: .all)] {
      #expect(!shown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
  }

  @Test("a rule stands across the columns")
  func rule() {
    var table = TextTable([.init(""), .init("")])
    table.append(["a", "b"])
    table.appendRule("-- wide rule --")
    table.append(["c", "d"])
    #expect(table.render(colours: false) == "a  b\n-- wide rule --\nc  d")
  }
}
