import Market
import NodeCrypto
import OrderBook

extension OperationText {
  /// Four words in hexadecimal: most ids of streams differ in one of them.
  static func name<Tag>(_ id: Identifier<Tag>) -> String {
    [id.word0, id.word1, id.word2, id.word3].map { String($0, radix: 16) }.joined(separator: ".")
  }

  static func range(_ slots: SlotRange) -> String { "\(slots.start.index):\(slots.end.index)" }

  static func write(_ context: MatchContext) -> String {
    var text = context.earliestStart.index == 0 ? "" : " from=\(context.earliestStart.index)"
    if context.earliestPurchaseStart != context.earliestStart {
      text += " purchases=\(context.earliestPurchaseStart.index)"
    }
    if !context.staleOwners.isEmpty { text += " stale=" + names(context.staleOwners.sorted()) }
    if !context.triedOrders.isEmpty { text += " tried=" + names(context.triedOrders.sorted()) }
    if !context.records.isEmpty {
      text += " records="
      text += context.records.sorted { $0.key < $1.key }
        .map { "\(name($0.key))/\($0.value.settled)/\($0.value.failed)" }.joined(separator: ",")
    }
    let heirs = context.predecessors.sorted
    if !heirs.isEmpty {
      text += " heirs=" + heirs.map { "\(name($0.key))/\(name($0.before))" }.joined(separator: ",")
    }
    return text
  }

  static func context(_ reader: FieldReader) throws(OperationTextError) -> MatchContext {
    var context = MatchContext(earliestStart: Slot(try reader.number("from")))
    if !reader.text("purchases").isEmpty { context.earliestPurchaseStart = Slot(try reader.number("purchases")) }
    context.staleOwners = Set(try reader.identifiers("stale"))
    context.triedOrders = Set(try reader.identifiers("tried"))
    for record in reader.list("records") {
      let parts = record.split(separator: "/").map(String.init)
      guard parts.count == 3 else { throw OperationTextError(line: reader.line, field: "records") }
      context.records[try reader.identifier("records", parts[0])] = PublicRecord(
        settled: try reader.integer("records", parts[1]), expiries: try reader.integer("records", parts[2]))
    }
    for heir in reader.list("heirs") {
      let parts = heir.split(separator: "/").map(String.init)
      guard parts.count == 2 else { throw OperationTextError(line: reader.line, field: "heirs") }
      context.predecessors[try reader.identifier("heirs", parts[0])] = try reader.identifier("heirs", parts[1])
    }
    return context
  }

  static func write(_ order: Order) -> String {
    let (body, priority) = (order.body, order.priority)
    var fields = ["id=\(name(order.id))", "time=\(priority.time.milliseconds)", "owner=\(name(priority.owner))"]
    fields += ["sequence=\(priority.sequence)", "index=\(priority.index)", "side=\(body.side)", "gpus=\(body.gpus)"]
    fields += ["window=\(range(body.window))", "price=\(body.price.micros)", "expiry=\(body.expiry.milliseconds)"]
    fields += ["least=\(body.minimumGPUs)"]
    if body.timeInForce != .goodTillCancelled { fields.append("force=\(body.timeInForce.rawValue)") }
    if body.isPostOnly { fields.append("postOnly=1") }
    switch body {
    case .offer(let offer):
      fields += ["class=\(offer.gpuClass.position)", "slots=\(offer.minimumSlots)"]
      fields += write(offer.attributes)
    case .bid(let bid):
      if bid.isWhole { fields.append("whole=1") }
      fields += ["classes=" + bid.gpuClasses.map { "\($0.position)" }.joined(separator: ",")]
      fields += ["slots=\(bid.durationSlots)"]
      fields += write(bid.requirements.demands)
    }
    return fields.joined(separator: " ")
  }

  private static func write(_ attributes: Attributes) -> [String] {
    fields([
      ("region", attributes.region), ("interconnect", attributes.interconnect), ("driver", attributes.driver),
      ("watts", number(attributes.wattsPerGPU)), ("co2", number(attributes.gramsCO2PerKWh)),
      ("vram", number(attributes.vramMiB)), ("probed", number(attributes.probed.rawValue)),
    ])
  }

  private static func write(_ demands: Requirements.Demands) -> [String] {
    fields([
      ("regions", demands.regions.joined(separator: ",")), ("interconnect", demands.interconnect),
      ("watts", number(demands.maximumWattsPerGPU)), ("co2", number(demands.maximumGramsCO2PerKWh)),
      ("vram", number(demands.minimumVRAMMiB)), ("probedOnly", demands.probedOnly ? "1" : ""),
      ("providers", names(demands.providers)), ("excluded", names(demands.excludedProviders)),
      ("settled", number(demands.minimumSettledTrades)),
      ("failure", demands.maximumFailurePercent.map { "\($0)" } ?? ""),
    ])
  }

  static func order(_ reader: FieldReader) throws(OperationTextError) -> Order {
    let priority = OrderPriority(
      time: Timestamp(milliseconds: try reader.number("time")), owner: try reader.identifier("owner"),
      sequence: try reader.number("sequence"), index: try reader.number("index"))
    let body: OrderBody = reader.text("side") == "bid" ? .bid(try bid(reader)) : .offer(try offer(reader))
    return Order(id: try reader.identifier("id"), priority: priority, body: body)
  }

  private static func offer(_ reader: FieldReader) throws(OperationTextError) -> Offer {
    Offer(
      gpuClass: GPUClassIndex(try reader.number("class")), gpus: try reader.number("gpus"),
      window: try reader.slots("window"), price: Price(micros: try reader.number("price")),
      minimumGPUs: try reader.number("least"), minimumSlots: try reader.number("slots"),
      attributes: Attributes(
        region: reader.text("region"), interconnect: reader.text("interconnect"), driver: reader.text("driver"),
        wattsPerGPU: try reader.number("watts"), gramsCO2PerKWh: try reader.number("co2"),
        vramMiB: try reader.number("vram"), probed: AttributeSet(rawValue: try reader.number("probed"))),
      expiry: Timestamp(milliseconds: try reader.number("expiry")), timeInForce: try timeInForce(reader),
      isPostOnly: reader.text("postOnly") == "1")
  }

  private static func bid(_ reader: FieldReader) throws(OperationTextError) -> Bid {
    var demands = Requirements.Demands()
    demands.regions = reader.list("regions")
    demands.interconnect = reader.text("interconnect")
    demands.minimumVRAMMiB = try reader.number("vram")
    demands.maximumWattsPerGPU = try reader.number("watts")
    demands.maximumGramsCO2PerKWh = try reader.number("co2")
    demands.probedOnly = reader.text("probedOnly") == "1"
    demands.providers = try reader.identifiers("providers")
    demands.excludedProviders = try reader.identifiers("excluded")
    demands.minimumSettledTrades = try reader.number("settled")
    if !reader.text("failure").isEmpty { demands.maximumFailurePercent = try reader.number("failure") }
    var classes: [GPUClassIndex] = []
    for position in reader.list("classes") { classes.append(GPUClassIndex(try reader.integer("classes", position))) }
    return Bid(
      gpuClasses: GPUClassList(classes), gpus: try reader.number("gpus"), durationSlots: try reader.number("slots"),
      window: try reader.slots("window"), price: Price(micros: try reader.number("price")),
      minimumGPUs: try reader.number("least"), requirements: Requirements(demands),
      expiry: Timestamp(milliseconds: try reader.number("expiry")), timeInForce: try timeInForce(reader),
      isPostOnly: reader.text("postOnly") == "1", isWhole: reader.text("whole") == "1")
  }

  private static func timeInForce(_ reader: FieldReader) throws(OperationTextError) -> TimeInForce {
    guard let value = TimeInForce(rawValue: try reader.number("force")) else {
      throw OperationTextError(line: reader.line, field: "force")
    }
    return value
  }

  private static func names<Tag>(_ ids: [Identifier<Tag>]) -> String { ids.map(name).joined(separator: ",") }

  private static func number(_ value: UInt32) -> String { value == 0 ? "" : "\(value)" }

  private static func fields(_ fields: [(String, String)]) -> [String] {
    fields.filter { !$0.1.isEmpty }.map { "\($0)=\($1)" }
  }
}
