import Foundation
import NodeAPI
import Testing

extension NodeProcessTests.TradeMade {
  @Suite("Verifying a receipt file", .timeLimit(.minutes(5)))
  struct VerifyTests {
    private let directory: TemporaryDirectory
    private let renter: TestNode

    init() throws {
      directory = try TemporaryDirectory()
      renter = try #require(FirstTrade.shared).renter
    }

    /// The file that `receipts --json` prints, and `verify` of what `change` makes of it, without a data directory.
    private func verify(_ change: (String) throws -> String = { $0 }) async throws -> FinishedCommand {
      let list = try await renter.command("receipts", "--json")
      try directory.write(try change(list.output).utf8, to: "receipts.json")
      return try await NodeBinary.run(["verify", directory.file("receipts.json")])
    }

    private func receipt() async throws -> ReceiptDocument {
      let list: [ReceiptDocument] = try await renter.document("receipts")
      return try #require(list.first)
    }

    @Test("a receipt is accepted by somebody who has nothing else")
    func valid() async throws {
      let result = try await verify()
      let lease = try await receipt().decoded
      #expect(result.isSuccess)
      #expect(result.output.hasPrefix("valid    trade \(lease.trade.prefix(8))"), "\(result.output)")
    }

    @Test("a flipped bit anywhere in what was signed is refused", arguments: ["terms", "acceptance"])
    func flippedBit(_ field: String) async throws {
      let receipt = try await receipt()
      let text = field == "terms" ? receipt.terms : receipt.acceptance
      let bytes = try #require(Data(base64Encoded: text))
      for index in stride(from: 0, to: bytes.count, by: bytes.count / 4) {
        var flipped = bytes
        flipped[index] ^= 1
        let result = try await verify { $0.replacing(text, with: flipped.base64EncodedString()) }
        #expect(result.exit == .status(1))
        #expect(result.output.hasPrefix("invalid  receipt 1: "), "\(result.output)")
        #expect(result.output.count(where: \.isNewline) == 1 && result.error.isEmpty)
      }
    }

    @Test("an altered digit of a signature is refused and the signature named", arguments: ["taker", "maker"])
    func alteredSignature(_ side: String) async throws {
      let receipt = try await receipt()
      let signature = side == "taker" ? receipt.takerSignature : receipt.makerSignature
      let other = signature.hasPrefix("0") ? "1" : "0"
      let result = try await verify { $0.replacing(signature, with: other + signature.dropFirst()) }
      let signer = side == "taker" ? receipt.taker : receipt.maker
      let what = side == "taker" ? "these terms" : "this acceptance"
      #expect(
        result
          == FinishedCommand(
            exit: .status(1),
            output:
              "invalid  receipt 1: the \(side)'s signature is not one of \(signer) over \(what) on this network\n",
            error: ""))
    }

    @Test("an edited reading is refused, with what it says and what was signed")
    func editedReading() async throws {
      let result = try await verify { $0.replacing("\"gpus\" : 4", with: "\"gpus\" : 8") }
      #expect(
        result
          == .init(
            exit: .status(1), output: "invalid  receipt 1: decoded.gpus is 8; allowed: 4, as signed\n", error: ""))
    }

    @Test("a file that is cut short is refused as such")
    func truncated() async throws {
      let result = try await verify { String($0.dropLast(100)) }
      let path = directory.file("receipts.json")
      #expect(
        result
          == .failure(
            "error: \(path) is not a receipt or a list of receipts, or it is cut short: "
              + "this is not a complete JSON document"))
    }
  }
}
