import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("address book")
struct AddressBookTests {
  let parameters = GossipParameters.standard
  var book: AddressBook
  var generator = SplitMix64(seed: 5)

  init() { book = AddressBook(.standard, key: [UInt8](repeating: 7, count: 32)) }

  private func address(_ number: Int) -> PeerAddress {
    PeerAddress(host: "\(20 + number / 65_536 % 100).\(number / 256 % 256).\(number % 256).1", port: 4000)
  }

  private let source = NetworkGroup(PeerAddress(host: "198.51.100.1", port: 1))

  @Test("after a failure an address waits, twice as long each time up to a minute, between half and all of it")
  mutating func backoff() throws {
    let address = address(1)
    book.reached(address, node: node(2), now: at(0))
    for failure in 0..<30 {
      book.failed(address, isOwn: false, now: at(0), using: &generator)
      let pause = try #require(book[address]).nextDial - at(0)
      let longest: Int64 = min(1000 << Int64(min(failure, 6)), 60_000)
      #expect((longest / 2...longest).contains(pause), "failure \(failure): \(pause) ms")
    }
    #expect(book[address] != nil, "one that was reached is not forgotten")
  }

  @Test("one that was only heard of is forgotten after so many failures, a bootstrap address never")
  mutating func forgetting() {
    let bootstrap = address(2)
    book.learn(address(1), source: source, now: at(0))
    book.addBootstrap(bootstrap, now: at(0))
    for _ in 0..<parameters.dialling.forgottenAfterFailures {
      book.failed(address(1), isOwn: false, now: at(0), using: &generator)
      book.failed(bootstrap, isOwn: false, now: at(0), using: &generator)
    }
    #expect(book[address(1)] == nil)
    #expect(book[bootstrap] != nil)
  }

  @Test("an own address is dropped, whatever it was, and not taken again")
  mutating func own() {
    book.addBootstrap(address(1), now: at(0))
    book.reached(address(2), node: node(2), now: at(0))
    for number in 1...2 { book.failed(address(number), isOwn: true, now: at(0), using: &generator) }
    #expect(book.isEmpty && book.bootstrap.isEmpty)
    book.learn(address(1), source: source, now: at(0))
    book.claim(address(2), by: node(3), now: at(0))
    book.addBootstrap(address(1), now: at(0))
    #expect(book.isEmpty)
  }

  @Test("whoever names many addresses fills a sixteenth of the buckets at most")
  mutating func poison() {
    for number in 0..<20_000 { book.learn(address(number), source: source, now: at(0)) }
    let most = Int(parameters.book.newBucketsPerSource) * parameters.book.bucketCount
    #expect((most / 2...most).contains(book.count))
    let before = book.count
    for number in 0..<200 {
      let honest = NetworkGroup(PeerAddress(host: "203.\(number).113.1", port: 1))
      book.learn(PeerAddress(host: "150.\(number).0.1", port: 1), source: honest, now: at(0))
    }
    #expect(book.count >= before + 180, "there is room for what others name")
  }

  @Test("whoever has many addresses in one group gets a sixteenth of the places of those that were reached at most")
  mutating func oneGroup() {
    for number in 0..<5000 {
      let address = PeerAddress(host: "198.51.\(number / 200).\(number % 200)", port: 4000)
      book.reached(address, node: node(UInt64(number)), now: at(Int64(number)))
    }
    #expect(book.latest(.max).count <= Int(parameters.book.triedBucketsPerGroup) * parameters.book.bucketCount)
    #expect(book.tests.count == parameters.book.maximumTests)
  }

  @Test("one that was reached gives its place to another only when a test does not reach it again")
  mutating func testBeforeEvict() throws {
    var number = 0
    while book.tests.isEmpty {
      let address = PeerAddress(host: "198.51.\(number / 200).\(number % 200)", port: 4000)
      book.reached(address, node: node(UInt64(number)), now: at(Int64(number)))
      number += 1
    }
    let test = try #require(book.tests.first)
    #expect(book[test.candidate]?.standing == .heard)
    var kept = book
    kept.reached(test.incumbent, node: node(1), now: at(100_000))
    #expect(kept.tests.isEmpty)
    #expect(kept[test.incumbent]?.standing == .tried)
    #expect(kept[test.candidate]?.standing == .heard)
    book.failed(test.incumbent, isOwn: false, now: at(100_000), using: &generator)
    #expect(book.tests.isEmpty)
    #expect(book[test.incumbent] == nil)
    #expect(book[test.candidate]?.standing == .tried)
  }

  @Test("what is only heard of is not handed on, nor is what is claimed and was not found there")
  mutating func handingOn() {
    book.learn(address(1), source: source, now: at(0))
    book.claim(address(2), by: node(2), now: at(0))
    book.reached(address(3), node: node(3), now: at(0))
    book.claim(address(4), by: node(4), now: at(0))
    book.failed(address(4), isOwn: false, now: at(0), using: &generator)
    let given = book.sample(10, forNewcomer: true, now: at(1), using: &generator) { _ in true }
    #expect(Set(given.map(\.node)) == [node(2), node(3)])
    for number in 10..<30 { book.learn(address(number), source: source, now: at(0)) }
    for (isNewcomer, time) in [(true, parameters.book.claimMilliseconds), (false, 1)] as [(Bool, Int64)] {
      let later = book.sample(10, forNewcomer: isNewcomer, now: at(time), using: &generator) { _ in true }
      #expect(later.map(\.node) == [node(3)], "a claim that nobody has tested is for newcomers, and for a short while")
    }
  }

  @Test("a claim takes no address at which somebody else was reached")
  mutating func claims() {
    book.reached(address(1), node: node(2), now: at(0))
    book.claim(address(1), by: node(3), now: at(0))
    #expect(book[address(1)]?.node == node(2))
    #expect(book.address(of: node(3)) == nil)
    book.claim(address(2), by: node(3), now: at(0))
    book.claim(address(2), by: node(4), now: at(0))
    #expect(book.address(of: node(3)) == nil && book.address(of: node(4)) == address(2))
    book.claim(address(5), by: node(2), now: at(0))
    #expect(book.address(of: node(2)) == address(1), "where it was reached counts more than what it claims")
  }

  @Test("the latest reached come first")
  mutating func latest() {
    for number in 1...9 { book.reached(address(number), node: node(UInt64(number)), now: at(Int64(number))) }
    #expect(book.latest(3).map(\.node) == [node(9), node(8), node(7)])
  }

  @Test("random operations keep the tables and the records in step", arguments: 1...20)
  func properties(seed: Int) {
    var chance = SplitMix64(seed: UInt64(seed))
    var small = GossipParameters.standard
    (small.book.newBuckets, small.book.triedBuckets, small.book.bucketCount) = (4, 2, 3)
    var book = AddressBook(small, key: [UInt8](repeating: UInt8(seed), count: 32))
    for step in 0..<600 {
      let address = address(Int.random(in: 0..<60, using: &chance) * 700)
      let moment = at(Int64(step) * 500)
      let somebody = node(UInt64.random(in: 0..<20, using: &chance))
      switch Int.random(in: 0..<10, using: &chance) {
      case 0..<3: book.learn(address, source: NetworkGroup(address), now: moment)
      case 3: book.claim(address, by: somebody, now: moment)
      case 4..<6: book.reached(address, node: somebody, now: moment)
      case 6..<9: book.failed(address, isOwn: false, now: moment, using: &chance)
      default: book.failed(address, isOwn: Int.random(in: 0..<20, using: &chance) == 0, now: moment, using: &chance)
      }
      #expect(book.count <= 4 * 3 + 2 * 3)
      #expect(book.latest(.max).count <= 2 * 3)
      for test in book.tests {
        #expect(book[test.incumbent]?.standing == .tried && book[test.candidate] != nil)
      }
      for number in 0..<20 {
        guard let held = book.address(of: node(UInt64(number))) else { continue }
        #expect(book[held]?.node == node(UInt64(number)))
      }
    }
  }
}
