import Market
import NodeAPI
import NodeClient
import Testing

extension NodeProcessTests {
  @Suite("Orders that are refused", .sharedMarket, .timeLimit(.minutes(5)))
  struct BadOrderTests {
    private let node: TestNode

    init() throws { node = try #require(SharedMarket.current).first }

    /// A command line and the error on it, which a time of day may interrupt.
    struct Line: Sendable, CustomTestStringConvertible {
      let words: String
      /// How the error begins; all of it when nothing follows.
      let start: String
      /// What follows after the time of day.
      var then: String?

      var testDescription: String { words }
    }

    private static let lines = [
      Line(
        words: "offer 8 h100-sxm-8g at 2.10 for 12h",
        start: "the GPU class \"h100-sxm-8g\" is unknown; did you mean h100-sxm-80g? classes lists them"),
      Line(
        words: "offer 0 h100-sxm-80g at 2.10 for 12h",
        start: "the number of GPUs is \"0\"; allowed: a whole number from 1"),
      Line(words: "offer 65 h100-sxm-80g at 2.10 for 12h", start: "gpus is 65; allowed: 1 to 64"),
      Line(words: "bid 65 h100-sxm-80g at 2.10 for 12h", start: "gpus is 65; allowed: 1 to 64"),
      Line(
        words: "offer 8 h100-sxm-80g at 0 for 12h",
        start: "price is 0.00; allowed: 0.000001 to 1000.00 USD per GPU-hour"),
      Line(
        words: "bid 8 h100-sxm-80g at 1000.000001 for 12h",
        start: "price is 1000.000001; allowed: 0.000001 to 1000.00 USD per GPU-hour"),
      Line(
        words: "offer 8 h100-sxm-80g at 2,10 for 12h",
        start: "the price is \"2,10\"; allowed: a number per GPU-hour with at most 6 decimals, such as 2.10"),
      Line(
        words: "offer 8 h100-sxm-80g at 2.10 from 2020-01-01T00:00Z for 12h", start: "start is ",
        then: " s in the past; allowed: now or later; leave it out for now"),
      Line(
        words: "offer 8 h100-sxm-80g at 2.10 until 2020-01-01T00:00Z",
        start: "the end is \"2020-01-01T00:00Z\"; allowed: a time after the start, which is now"),
      Line(
        words: "offer 8 h100-sxm-80g at 2.10 for 12h expires at 2020-01-01T00:00Z",
        start: "expiry is 1577836800000 ms; allowed: after the present, ", then: " ms, and at most the window's end, "),
      Line(
        words: "bid 8 h100-sxm-80g at 2.10 for 1h expires in 48h", start: "expiry is ",
        then: " ms; allowed: after the present, "),
      Line(
        words: "bid 8 h100-sxm-80g at 2.10 for 3h within 1h",
        start: "duration is 1080 slots; allowed: 1 to 360 slots, the window's length"),
      Line(
        words: "offer 8 h100-sxm-80g at 2.10 for 31d", start: "duration is 2678400000 ms; allowed: 1 to 2592000000 ms"),
      Line(
        words: "offer 8 h100-sxm-80g at 2.10 for 12h pieces of 9",
        start: "smallest piece is 9 GPUs; allowed: 1 to 8 GPUs"),
    ]

    @Test("what is wrong, its value and what is allowed are told, and the node goes on", arguments: lines)
    func refused(_ line: Line) async throws {
      let before = try await node.client.orders(.mine)
      let words = line.words.split(separator: " ").map(String.init)
      let result = try await NodeBinary.run(words + ["--data", node.directory])
      #expect(result.exit == .status(1))
      #expect(result.output == "")
      let message = try #require(result.error.split(separator: "\n").last)
      if let then = line.then {
        #expect(message.hasPrefix("error: " + line.start) && message.contains(then), "\(message)")
      } else {
        #expect(message == "error: " + line.start)
      }
      #expect(try await node.client.orders(.mine) == before)
      #expect(try await node.client.status().state == "running")
    }

    @Test("with --json the error is one problem document")
    func problem() async throws {
      let result = try await node.command("offer", "65 h100-sxm-80g at 2.10 for 12h", "--json")
      #expect(result.exit == .status(1))
      #expect(
        try NodeJSON.decode(ProblemDocument.self, from: result.output.utf8)
          == ProblemDocument(
            type: "urn:p2pnode:bad-order", title: "The order is refused", status: 422,
            detail: "gpus is 65; allowed: 1 to 64"))
    }

    @Test("the node itself refuses what the command line would not have sent")
    func pastTheCommandLine() async throws {
      var unknown = OrderRequest.offer(gpus: 1, priceMicros: 1)
      unknown.gpuClasses = ["h100-sxm-8g"]
      var negative = OrderRequest.offer(gpus: 1, priceMicros: -1)
      negative.durationMs = 10_000
      let cases = [
        (unknown, "GPU class is \"h100-sxm-8g\" (did you mean h100-sxm-80g?); allowed: h100-sxm-80g, a100-sxm-80g"),
        (.offer(gpus: 0, priceMicros: 1), "gpus is 0; allowed: 1 to 64"),
        (.bid(gpus: -3, priceMicros: 1), "gpus is -3; allowed: 1 to 64"),
        (.offer(gpus: .max, priceMicros: 1), "gpus is 9223372036854775807; allowed: 1 to 64"),
        (negative, "price is -0.000001; allowed: 0.000001 to 1000.00 USD per GPU-hour"),
        (
          .bid(gpus: 1, priceMicros: .max),
          "price is 9223372036854.775807; allowed: 0.000001 to 1000.00 USD per GPU-hour"
        ),
      ]
      for (request, detail) in cases {
        let error = await #expect(throws: NodeClientError.self) { try await node.client.place(request) }
        #expect(error?.problem.detail == detail)
      }
      #expect(try await node.client.status().state == "running")
    }
  }
}
