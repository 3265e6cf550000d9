/// A fenced block of a Markdown document.
struct FencedBlock: Equatable {
  /// What stands behind the opening fence, such as `python` or `hex order_id`.
  var info: String
  /// The lines between the fences, each ended by a line feed.
  var text: String
}

/// What the tests read out of Markdown: fenced blocks, and links outside of them.
struct Markdown {
  private(set) var blocks: [FencedBlock] = []
  private(set) var links: [String] = []
  /// Fences that are not closed.
  private(set) var openFences = 0

  init(_ source: String) {
    var block: FencedBlock?
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      let isFence = line.hasPrefix("```")
      if isFence, let closed = block {
        blocks.append(closed)
        block = nil
      } else if isFence {
        block = FencedBlock(info: String(line.dropFirst(3)), text: "")
      } else if block != nil {
        block?.text += line + "\n"
      } else {
        links += Self.links(in: Self.withoutCode(line))
      }
    }
    openFences = block == nil ? 0 : 1
  }

  /// The blocks whose info begins with the word `kind`.
  func blocks(_ kind: String) -> [FencedBlock] {
    blocks.filter { $0.info.split(separator: " ").first.map(String.init) == kind }
  }

  /// The targets of inline links and images: what stands between `](` and the next `)`.
  private static func links(in line: String) -> [String] {
    line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
      rest.firstIndex(of: ")").map { String(rest[..<$0]) }
    }
  }

  /// The line without what stands between backticks.
  private static func withoutCode(_ line: Substring) -> String {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    return parts.indices.filter { $0.isMultiple(of: 2) }.map { String(parts[$0]) }.joined()
  }
}
