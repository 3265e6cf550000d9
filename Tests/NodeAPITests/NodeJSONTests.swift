import NodeAPI
import Testing

@Suite("The API's JSON")
struct NodeJSONTests {
  @Test("names are in snake case, keys sorted, slashes plain, nothing but the document on one line")
  func singleLine() throws {
    var request = OrderRequest(side: "bid", gpuClasses: ["h100-sxm-80g"], gpus: 4, priceMicros: 2_400_000)
    request.withinMs = 5
    var requirements = RequirementsDocument()
    requirements.maximumGco2PerKwh = 120
    requirements.interconnect = "a/b"
    request.requirements = requirements
    #expect(
      try NodeJSON.text(request)
        == #"{"gpu_classes":["h100-sxm-80g"],"gpus":4,"price_micros":2400000,"#
        + #""requirements":{"interconnect":"a/b","maximum_gco2_per_kwh":120},"side":"bid","within_ms":5}"#)
  }

  @Test("every document reads back, in either layout")
  func roundTrip() throws {
    for layout in [NodeJSON.Layout.singleLine, .pretty] {
      let order = orderDocument {
        var attributes = AttributesDocument()
        attributes.gco2PerKwh = 1
        attributes.wattsPerGpu = 2
        $0.attributes = attributes
        $0.calendar = [.init(startMs: 1, endMs: 2, usedGpus: 3)]
      }
      #expect(try NodeJSON.decode(OrderDocument.self, from: NodeJSON.encode(order, layout: layout)) == order)
      #expect(try NodeJSON.decode(NetworkDocument.self, from: NodeJSON.encode(network, layout: layout)) == network)
    }
  }

  @Test(
    "an error names the place",
    arguments: [
      ("{", .notJSON), ("", .notJSON), ("{}", .missing(field: "type", path: "the document")),
      (
        #"{"type":"t","title":"t","status":"no","detail":"d"}"#,
        .wrongType(path: "status", expected: "Int")
      ),
    ] as [(String, NodeJSONError)])
  func errors(text: String, expected: NodeJSONError) {
    #expect(throws: expected) { try NodeJSON.decode(ProblemDocument.self, from: text.utf8) }
  }

  @Test("a socket's path has a limit, which the error names")
  func socketPath() throws {
    #expect(try NodeSocket.path(inDataDirectory: "/a/b") == "/a/b/node.sock")
    #expect(try NodeSocket.path(inDataDirectory: "/a/b/") == "/a/b/node.sock")
    let longest = "/" + String(repeating: "x", count: NodeSocket.maximumPathBytes - 11)
    #expect(try NodeSocket.path(inDataDirectory: longest).utf8.count == NodeSocket.maximumPathBytes)
    let error = try #require(throws: NodeSocketError.self) {
      try NodeSocket.path(inDataDirectory: longest + "x")
    }
    #expect(error.description.contains("has 108 bytes; allowed: at most 107"))
  }
}
