import Foundation
import NodeAPI
import NodeCrypto

/// Reads the files that `verify` checks, and checks their receipts on all cores.
enum ReceiptFile {
  /// The largest file in bytes, some hundred thousands of receipts.
  static let maximumBytes = 512 << 20

  /// Checks each receipt of the file at `path`, or of the `.json` files in the directory there, in the order of their
  /// names; `-` is standard input, unless the commands come from there.
  static func check(_ path: String, readsStandardInput: Bool) throws(ReceiptFileReadError) -> [ReceiptVerdict] {
    guard path != "-" || readsStandardInput else { throw .standardInputTaken }
    guard path == "-" || !isDirectory(path) else { return try checkDirectory(path) }
    let bytes: [UInt8]
    do {
      bytes =
        path == "-"
        ? try InputFile.read(descriptor: STDIN_FILENO, path: "standard input", limit: maximumBytes)
        : try InputFile.read(path, limit: maximumBytes)
    } catch {
      throw .file(error)
    }
    return ReceiptBatch.check([(nil, try documents(in: bytes, of: path))], another: checkProof)
  }

  /// Checks receipts and proofs of fraud on all cores, but one caller's at a time, and beside the threads that tasks run on.
  static func verdicts(of documents: [ArraySlice<UInt8>]) async -> [ReceiptVerdict] {
    await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: ReceiptBatch.check([(nil, documents)], another: checkProof))
      }
    }
  }

  private static let queue = DispatchQueue(label: "p2pnode.verify", qos: .utility)

  private static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  private static func checkDirectory(_ path: String) throws(ReceiptFileReadError) -> [ReceiptVerdict] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    var files: [(name: String?, documents: [ArraySlice<UInt8>])] = []
    for name in names where name.hasSuffix(".json") {
      let file = path.hasSuffix("/") ? path + name : path + "/" + name
      let bytes: [UInt8]
      do { bytes = try InputFile.read(file, limit: maximumBytes) } catch { throw .file(error) }
      files.append((name, try documents(in: bytes, of: file)))
    }
    return ReceiptBatch.check(files, another: checkProof)
  }

  private static func documents(
    in bytes: [UInt8], of path: String
  ) throws(ReceiptFileReadError) -> [ArraySlice<UInt8>] {
    do { return try ReceiptVerdict.documents(in: bytes) } catch { throw .notReceipts(path: path, reason: error) }
  }

  /// A document that is no valid receipt may be a proof of fraud.
  @Sendable
  private static func checkProof(
    _ verdict: inout ReceiptVerdict, _ bytes: ArraySlice<UInt8>, _ keys: VerifyingKeyCache
  ) {
    guard let document = try? NodeJSON.decode(FraudProofDocument.self, from: bytes) else { return }
    do {
      verdict.fraud = try document.verify(keys: keys)
      (verdict.valid, verdict.error) = (true, nil)
    } catch {
      verdict.error = error.description
    }
  }
}

/// Why a file of receipts was not read.
enum ReceiptFileReadError: Error, Equatable, CustomStringConvertible {
  /// The file was not read.
  case file(InputFileError)
  /// It holds something else, or only a part.
  case notReceipts(path: String, reason: NodeJSONError)
  /// The lines of a script come from standard input.
  case standardInputTaken

  var description: String {
    switch self {
    case .file(let error): error.description
    case .notReceipts(let path, let reason):
      "\(path) is not a receipt or a list of receipts, or it is cut short: \(reason)"
    case .standardInputTaken: "standard input is where the commands come from; allowed: a file's path"
    }
  }
}
