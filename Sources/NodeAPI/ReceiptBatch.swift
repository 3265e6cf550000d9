import Dispatch
import NodeCrypto

/// Checks many receipts on all cores.
public enum ReceiptBatch {
  /// Receipts that one core checks in a row.
  private static let size = 64

  /// Checks the documents of files in their order.
  ///
  /// - Parameter another: looks at a document that is no valid receipt, which may be something else that can be checked.
  public static func check(
    _ files: [(name: String?, documents: [ArraySlice<UInt8>])],
    another: @Sendable (inout ReceiptVerdict, ArraySlice<UInt8>, VerifyingKeyCache) -> Void = { _, _, _ in }
  ) -> [ReceiptVerdict] {
    let receipts = files.flatMap { file in
      file.documents.enumerated().map { (file: file.name, position: $0.offset + 1, bytes: $0.element) }
    }
    let keys = VerifyingKeyCache()
    return map(count: receipts.count) { index in
      let receipt = receipts[index]
      var verdict = ReceiptVerdict(
        file: receipt.file, position: receipt.position, checking: receipt.bytes, keys: keys)
      if !verdict.valid { another(&verdict, receipt.bytes, keys) }
      return verdict
    }
  }

  /// What `body` makes of each of `0..<count`, in that order, worked out on all cores.
  public static func map<Value: Sendable>(count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
    let batches = (count + size - 1) / size
    return [Value](unsafeUninitializedCapacity: count) { values, madeCount in
      // Each batch fills a part of its own.
      nonisolated(unsafe) let values = values
      DispatchQueue.concurrentPerform(iterations: batches) { number in
        for index in number * size..<min((number + 1) * size, count) {
          values.initializeElement(at: index, to: body(index))
        }
      }
      madeCount = count
    }
  }
}
