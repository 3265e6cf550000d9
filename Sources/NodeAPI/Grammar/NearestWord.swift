/// What a mistyped word was probably meant to be.
public enum NearestWord {
  /// Up to three of `candidates`: those that `word` begins, else those at the least distance that is at most a third
  /// of the word's length; in the order of `candidates`.
  ///
  /// Complexity: O(candidates x word x candidate's length).
  public static func suggestions(for word: String, among candidates: [String]) -> [String] {
    let word = word.lowercased()
    guard !word.isEmpty else { return [] }
    let begun = candidates.filter { $0.hasPrefix(word) }
    if !begun.isEmpty { return Array(begun.prefix(3)) }
    let limit = max(1, word.count / 3)
    let distances = candidates.map { distance(Array(word.utf8), Array($0.utf8)) }
    guard let least = distances.min(), least <= limit else { return [] }
    return Array(zip(candidates, distances).filter { $0.1 == least }.map(\.0).prefix(3))
  }

  /// `did you mean h100-sxm-80g, h100-nvl-94g or h100-pcie-80g?`; nil when nothing is near.
  public static func question(for word: String, among candidates: [String]) -> String? {
    let near = suggestions(for: word, among: candidates)
    guard let last = near.last else { return nil }
    let others = near.dropLast().joined(separator: ", ")
    return "did you mean \(others.isEmpty ? last : "\(others) or \(last)")?"
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn `left` into `right`, no part of a word
  /// edited twice (optimal string alignment; Damerau, "A technique for computer detection and correction of spelling
  /// errors", 1964).
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1] + [Int](repeating: 0, count: right.count)
      for column in 0..<right.count {
        let isEqual = left[row] == right[column]
        var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (isEqual ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current[column + 1] = cost
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
