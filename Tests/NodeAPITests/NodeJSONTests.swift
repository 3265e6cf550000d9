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

  @Test("the fields of orders and amends have the names of the API")
  func orderFields() throws {
    var request = OrderRequest(side: "bid", gpuClasses: ["any"], gpus: 4, priceMicros: 1)
    request.timeInForce = "ioc"
    request.postOnly = true
    request.allOrNone = true
    request.split = false
    var requirements = RequirementsDocument()
    requirements.minimumVramMib = 1
    requirements.probedOnly = true
    requirements.providers = ["3f2a"]
    requirements.excludedProviders = ["77bc"]
    requirements.minimumSettledTrades = 2
    requirements.maximumFailurePercent = 3
    request.requirements = requirements
    let text = try NodeJSON.text(request)
    #expect(
      text == #"{"all_or_none":true,"gpu_classes":["any"],"gpus":4,"post_only":true,"price_micros":1,"#
        + #""requirements":{"excluded_providers":["77bc"],"maximum_failure_percent":3,"minimum_settled_trades":2,"#
        + #""minimum_vram_mib":1,"probed_only":true,"providers":["3f2a"]},"#
        + #""side":"bid","split":false,"time_in_force":"ioc"}"#)
    #expect(try NodeJSON.decode(OrderRequest.self, from: text.utf8) == request)

    var amend = AmendRequest()
    amend.gpus = 2
    amend.timeInForce = "gtc"
    var attributes = AttributesDocument()
    attributes.vramMib = 5
    attributes.probed = ["vram"]
    amend.attributes = attributes
    amend.remove = ["excluded_providers"]
    let changes = try NodeJSON.text(amend)
    #expect(
      changes == #"{"attributes":{"probed":["vram"],"vram_mib":5},"gpus":2,"remove":["excluded_providers"],"#
        + #""time_in_force":"gtc"}"#)
    #expect(try NodeJSON.decode(AmendRequest.self, from: changes.utf8) == amend)
    #expect(try NodeJSON.decode(AmendRequest.self, from: "{}".utf8) == AmendRequest())
  }

  @Test("an order says how it works, whose record it comes with, and after an amend whether it kept its priority")
  func orderDocumentFields() throws {
    let order = orderDocument {
      $0.timeInForce = "gtt"
      $0.postOnly = true
      $0.allOrNone = true
      $0.ownerRecord = RecordDocument(settled: 3, failed: 1)
      $0.keptPriority = true
    }
    let text = try NodeJSON.text(order)
    for field in [
      #""time_in_force":"gtt""#, #""post_only":true"#, #""all_or_none":true"#, #""kept_priority":true"#,
      #""owner_record":{"accepts":0,"bought_gpu_seconds":0,"expiries":0,"failed":1,"#,
      #""rejects":{"bad_terms":0,"no_capacity":0,"no_hold":0,"order_closed":0,"stopping":0},"releases":0,"settled":3,"#,
    ] {
      #expect(text.contains(field))
    }
    #expect(try NodeJSON.decode(OrderDocument.self, from: text.utf8) == order)
    #expect(try !NodeJSON.text(orderDocument()).contains("kept_priority"))
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

  @Test(
    "a field that a request does not have is named, with the nearest that it has",
    arguments: [
      (
        #""post_onyl":true"#, "the document has a field \"post_onyl\" (did you mean post_only?); allowed: all_or_none, "
      ),
      (#""requirements":{"region":["EU"]}"#, "requirements has a field \"region\" (did you mean regions?); allowed: "),
      (#""postOnly":true"#, "the document has a field \"postOnly\" (did you mean post_only?); allowed: "),
    ])
  func unknownField(field: String, expected: String) throws {
    let text = #"{"side":"offer","gpu_classes":["h100"],"gpus":1,"price_micros":1,\#(field)}"#
    let error = try #require(throws: NodeJSONError.self) {
      try NodeJSON.decodeStrictly(OrderRequest.self, from: text.utf8)
    }
    #expect(error.description.hasPrefix(expected), "\(error)")
  }

  @Test("a request with all its fields is read strictly too")
  func strict() throws {
    var request = OrderRequest(side: "bid", gpuClasses: ["a", "b"], gpus: 1, priceMicros: 1)
    request.postOnly = false
    request.requirements = RequirementsDocument()
    request.requirements?.minimumVramMib = 80
    request.attributes = AttributesDocument()
    #expect(try NodeJSON.decodeStrictly(OrderRequest.self, from: NodeJSON.encode(request)) == request)
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
