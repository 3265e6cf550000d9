import BookChecking
import Market
import OrderBook
import Testing

@Suite("Finding and cutting failures")
struct ShrinkerTests {
  /// The steps of the smallest failing stream of a book that is broken.
  private func smallest<Wrong: Fault>(_ fault: Wrong.Type) throws -> [Operation] {
    for seed in UInt64(1)...40 {
      let check = StreamCheck(profile: .honest, seed: seed, steps: 400, level: .light)
      do {
        _ = try check.run(on: BrokenBook<Wrong>.self)
      } catch {
        let stream = try OperationText.read(check.shrunk(error, on: BrokenBook<Wrong>.self))
        #expect(StreamCheck.failure(of: stream, on: BrokenBook<Wrong>.self, .thorough) != nil)
        #expect(StreamCheck.failure(of: stream, on: OrderBook.self, .thorough) == nil, "the book itself is right")
        for index in stream.operations.indices {
          var shorter = stream
          shorter.operations.remove(at: index)
          #expect(StreamCheck.failure(of: shorter, on: BrokenBook<Wrong>.self, .thorough) == nil)
        }
        return stream.operations
      }
    }
    Issue.record("the fault was not found")
    return []
  }

  @Test("a wrong sum is found: two orders that trade, and the trade")
  func overselling() throws {
    let steps = try smallest(OversellingFault.self)
    #expect(steps.count == 3)
    guard case .fill? = steps.last else {
      Issue.record("\(steps)")
      return
    }
  }

  @Test("a wrong start is found: two orders, and the shortest delivery that starts late")
  func late() throws {
    let steps = try smallest(LateFault.self)
    let durations = steps.compactMap { step -> Int64? in
      guard case .insert(let order) = step, case .bid(let bid) = order.body else { return nil }
      return bid.durationSlots
    }
    #expect(steps.count <= 3 && durations.allSatisfy { $0 == 3 })
  }

  @Test("a wrong order of answers is found: two orders that expire, and the time")
  func unsorted() throws {
    #expect(try smallest(UnsortedFault.self).count == 3)
  }

  @Test("a wrong digest is found: three orders")
  func forgetful() throws {
    #expect(try smallest(ForgetfulFault.self).count == 3)
  }

  @Test("cutting leaves out all that does not matter")
  func cutting() {
    let steps = (1...200).map { Operation.take(orderID(UInt64($0)), gpus: Int32($0), slots(0, 9)) }
    var tries = 0
    let smallest = StreamShrinker.shrink(OperationStream(operations: steps)) { stream in
      tries += 1
      let sum = stream.operations.reduce(into: 0) { sum, step in
        if case .take(let id, let gpus, _) = step, [17, 18, 150].contains(id.word3) { sum += Int(gpus) }
      }
      return sum >= 140
    }
    #expect(smallest.operations == [.take(orderID(150), gpus: 140, slots(0, 1))])
    #expect(tries < 400)
  }
}
