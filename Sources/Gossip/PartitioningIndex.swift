extension RandomAccessCollection where Index == Int {
  /// The first index whose element is past a point, in a collection in which all that follows one that is past it is past
  /// it, too; the end index when none is. O(log n).
  func partitioningIndex(where isPast: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if isPast(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
