/// What `verify` found out about one receipt of a file.
public struct ReceiptVerdict: Codable, Hashable, Sendable {
  /// The receipt's position in the file, from 1.
  public var receipt: Int
  /// Whether both signatures and everything that the file says hold.
  public var valid: Bool
  /// The trade's id; nil when the receipt is not valid.
  public var trade: String?
  /// What is wrong, with what value, and what is allowed; nil when nothing is.
  public var error: String?
  /// What both sides signed; nil when the receipt is not valid.
  public var decoded: ReceiptDocument.Decoded?

  /// Checks the receipt at `position` of a file; one that did not decode is not valid.
  public init(position: Int, checking document: Result<ReceiptDocument, NodeJSONError>) {
    receipt = position
    valid = false
    switch document {
    case .failure(let why): error = why.description
    case .success(let document):
      do {
        trade = try document.verify().trade.hex
        decoded = document.decoded
        valid = true
      } catch {
        self.error = error.description
      }
    }
  }

  /// Checks each receipt of a file, which is one document or a list of them as `receipts --json` prints it. One that
  /// is damaged does not keep the others from being checked.
  ///
  /// - Throws: ``NodeJSONError`` when the file is neither.
  public static func check(file: some Sequence<UInt8>) throws(NodeJSONError) -> [ReceiptVerdict] {
    let content = try NodeJSON.decode(FileContent.self, from: file)
    return content.receipts.enumerated().map { ReceiptVerdict(position: $0.offset + 1, checking: $0.element) }
  }

  /// A receipt, or why there is none.
  private struct Attempt: Decodable {
    let result: Result<ReceiptDocument, NodeJSONError>

    init(from decoder: any Decoder) {
      do { result = .success(try ReceiptDocument(from: decoder)) } catch { result = .failure(NodeJSONError(error)) }
    }
  }

  private struct FileContent: Decodable {
    let receipts: [Result<ReceiptDocument, NodeJSONError>]

    init(from decoder: any Decoder) throws {
      if let list = try? decoder.unkeyedContainer() {
        var list = list
        var receipts: [Result<ReceiptDocument, NodeJSONError>] = []
        while !list.isAtEnd { receipts.append(try list.decode(Attempt.self).result) }
        self.receipts = receipts
      } else {
        receipts = [Attempt(from: decoder).result]
      }
    }
  }
}
