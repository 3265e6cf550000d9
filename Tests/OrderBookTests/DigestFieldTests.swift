import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("The digest and each field of an order")
struct DigestFieldTests {
  private static let offer = Offer(
    gpuClass: classA, gpus: 8, window: slots(10, 30), price: Price(micros: 100), minimumGPUs: 2, minimumSlots: 3,
    attributes: Attributes(
      region: "EU", interconnect: "pcie", driver: "570", wattsPerGPU: 300, gramsCO2PerKWh: 50, vramMiB: 1000,
      probed: [.region]), expiry: at(900))

  private static let bid = Bid(
    gpuClasses: [classA, classB], gpus: 8, durationSlots: 4, window: slots(10, 30), price: Price(micros: 100),
    minimumGPUs: 2,
    requirements: demanding {
      $0.regions = ["EU"]
      $0.interconnect = "pcie"
      $0.minimumVRAMMiB = 1000
      $0.maximumWattsPerGPU = 300
      $0.maximumGramsCO2PerKWh = 50
      $0.providers = [node(1)]
      $0.minimumSettledTrades = 4
      $0.maximumFailurePercent = 5
    }, expiry: at(900))

  private static let offerChanges: [@Sendable (inout Offer) -> Void] = [
    { _ in }, { $0.gpuClass = classB }, { $0.gpus = 9 }, { $0.window = slots(9, 30) }, { $0.window = slots(10, 31) },
    { $0.price = Price(micros: 101) }, { $0.minimumGPUs = 3 }, { $0.minimumSlots = 4 }, { $0.expiry = at(901) },
    { $0.timeInForce = .immediateOrCancel }, { $0.timeInForce = .fillOrKill }, { $0.isPostOnly = true },
    { $0.attributes.region = "EU-FR" }, { $0.attributes.interconnect = "nvlink" }, { $0.attributes.driver = "571" },
    { ($0.attributes.interconnect, $0.attributes.driver) = ("pcie5", "70") }, { $0.attributes.wattsPerGPU = 301 },
    { $0.attributes.gramsCO2PerKWh = 51 }, { $0.attributes.vramMiB = 1001 }, { $0.attributes.probed = [] },
    { $0.attributes.probed = .all }, { $0.attributes = Attributes() },
    { ($0.attributes.wattsPerGPU, $0.attributes.gramsCO2PerKWh) = (50, 300) },
  ]

  private static let bidChanges: [@Sendable (inout Bid) -> Void] = [
    { _ in }, { $0.gpuClasses = [classA] }, { $0.gpuClasses = [classA, classC] }, { $0.gpus = 9 },
    { $0.gpuClasses = [classA, classB, classC] }, { $0.durationSlots = 5 }, { $0.window = slots(9, 30) },
    { $0.window = slots(10, 31) }, { $0.price = Price(micros: 99) }, { $0.minimumGPUs = 3 }, { $0.expiry = at(901) },
    { $0.timeInForce = .immediateOrCancel }, { $0.timeInForce = .fillOrKill }, { $0.isPostOnly = true },
    { $0.requirements.regions = [] }, { $0.requirements.regions = ["EU", "US"] },
    { $0.requirements.regions = ["EU-FR"] }, { $0.requirements.interconnect = "" },
    { $0.requirements.minimumVRAMMiB = 1001 }, { $0.requirements.maximumWattsPerGPU = 301 },
    { $0.requirements.maximumGramsCO2PerKWh = 51 }, { $0.requirements.probedOnly = true },
    { $0.requirements.providers = [node(2)] }, { $0.requirements.providers = [node(1), node(2)] },
    { ($0.requirements.providers, $0.requirements.excludedProviders) = ([], [node(1)]) },
    { $0.requirements.excludedProviders = [node(3)] }, { $0.requirements.minimumSettledTrades = 5 },
    { $0.requirements.maximumFailurePercent = 6 }, { $0.requirements.maximumFailurePercent = 0 },
    { $0.requirements.maximumFailurePercent = nil }, { $0.requirements = Requirements() },
  ]

  private static let priorities: [OrderPriority] = [
    OrderPriority(time: at(11), owner: node(5), sequence: 1, index: 0),
    OrderPriority(time: at(10), owner: node(6), sequence: 1, index: 0),
    OrderPriority(time: at(10), owner: node(5), sequence: 2, index: 0),
    OrderPriority(time: at(10), owner: node(5), sequence: 1, index: 1),
  ]

  @Test("an order that differs in one field has another digest than every other")
  func fields() {
    let usual = OrderPriority(time: at(10), owner: node(5), sequence: 1, index: 0)
    var bodies = Self.offerChanges.map { change in
      var offer = Self.offer
      change(&offer)
      return OrderBody.offer(offer)
    }
    bodies += Self.bidChanges.map { change in
      var bid = Self.bid
      change(&bid)
      return OrderBody.bid(bid)
    }
    #expect(Set(bodies).count == bodies.count, "each change changes something")
    var orders = bodies.map { Order(id: orderID(1), priority: usual, body: $0) }
    for body in [OrderBody.offer(Self.offer), .bid(Self.bid)] {
      orders += Self.priorities.map { Order(id: orderID(1), priority: $0, body: body) }
      orders.append(Order(id: orderID(2), priority: usual, body: body))
      orders.append(Order(id: OrderID(word0: 1, word1: 0, word2: 0, word3: 1), priority: usual, body: body))
    }
    var digests: Set<Digest> = [SetHash().digest]
    for order in orders {
      var inserted = OrderBook()
      inserted.insert(order)
      #expect(digests.insert(inserted.digest()).inserted, "\(order)")
      // Not only at the insertion: an amend to the same terms gives the same digest.
      var amended = OrderBook()
      let first = order.side == .offer ? OrderBody.offer(Self.offer) : .bid(Self.bid)
      guard order.owner == node(5) else { continue }
      amended.insert(Order(id: order.id, priority: usual, body: first))
      _ = amended.digest()
      amended.amend(order)
      #expect(amended.digest() == inserted.digest())
    }
  }
}
