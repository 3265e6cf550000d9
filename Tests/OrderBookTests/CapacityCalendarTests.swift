import BookChecking
import Market
import OrderBook
import Testing

@Suite("Capacity calendar")
struct CapacityCalendarTests {
  @Test("a new calendar has all GPUs free in its window and none outside")
  func newCalendar() {
    let calendar = CapacityCalendar(gpus: 8, window: slots(10, 20))
    #expect([9, 10, 19, 20].map { calendar.free(at: Slot($0)) } == [0, 8, 8, 0])
    #expect(calendar.runs == [CapacityRun(slots: slots(10, 20), used: 0, free: 8)])
    #expect(calendar.greatestFree == 8)
  }

  @Test("carved rectangles add up where they overlap, and only what is in the window shows")
  func overlap() {
    var calendar = CapacityCalendar(gpus: 8, window: slots(10, 20))
    calendar.add(3, slots(5, 15))
    calendar.add(2, slots(12, 30))
    #expect(
      calendar.runs == [
        CapacityRun(slots: slots(10, 12), used: 3, free: 5), CapacityRun(slots: slots(12, 15), used: 5, free: 3),
        CapacityRun(slots: slots(15, 20), used: 2, free: 6),
      ])
    #expect(calendar.minimumFree(in: slots(10, 12)) == 5)
    #expect(calendar.minimumFree(in: slots(11, 13)) == 3)
    #expect(calendar.minimumFree(in: slots(15, 20)) == 6)
    #expect(calendar.greatestFree == 6)
  }

  @Test("fewest free is none for a range that reaches out of the window and all for an empty one")
  func minimumAtTheEdges() {
    let calendar = CapacityCalendar(gpus: 8, window: slots(10, 20))
    #expect(calendar.minimumFree(in: slots(9, 12)) == 0)
    #expect(calendar.minimumFree(in: slots(19, 21)) == 0)
    #expect(calendar.minimumFree(in: slots(10, 20)) == 8)
    #expect(calendar.minimumFree(in: slots(12, 12)) == 8)
  }

  @Test("putting back what was carved restores the calendar exactly")
  func putBackRestores() {
    let empty = CapacityCalendar(gpus: 8, window: slots(0, 20))
    var calendar = empty
    calendar.add(3, slots(0, 5))
    calendar.add(3, slots(5, 9))
    #expect(calendar.runs.count == 2, "two rectangles side by side are one run")
    calendar.remove(3, slots(0, 9))
    #expect(calendar == empty)
  }

  @Test("what is carved outside the window does not show, and is there when it is put back")
  func outsideTheWindow() {
    let empty = CapacityCalendar(gpus: 8, window: slots(10, 20))
    var calendar = empty
    calendar.add(8, slots(0, 12))
    calendar.add(5, slots(18, 40))
    calendar.add(1, slots(50, 60))
    #expect([9, 10, 12, 18, 20].map { calendar.free(at: Slot($0)) } == [0, 0, 8, 3, 0])
    #expect(calendar.runs.map(\.used) == [8, 0, 5])
    calendar.remove(8, slots(0, 10))
    calendar.remove(8, slots(10, 12))
    calendar.remove(1, slots(50, 60))
    calendar.remove(5, slots(18, 40))
    #expect(calendar == empty)
  }

  @Test("an oversold calendar has nothing free, keeps count, and does not depend on the order of the rectangles")
  func oversoldCommutes() {
    let rectangles: [(gpus: Int32, range: SlotRange)] = [
      (6, slots(0, 8)), (5, slots(4, 12)), (3, slots(2, 6)), (8, slots(0, 3)),
    ]
    var calendars: Set<CapacityCalendar> = []
    for rotation in rectangles.indices {
      var calendar = CapacityCalendar(gpus: 8, window: slots(1, 11))
      for index in rectangles.indices {
        let rectangle = rectangles[(index + rotation) % rectangles.count]
        calendar.add(rectangle.gpus, rectangle.range)
      }
      #expect(calendar.free(at: Slot(5)) == 0)
      #expect(calendar.runs.first { $0.slots == slots(4, 6) }?.used == 14)
      // Back comes one of them before the others go: what was oversold stays sold.
      calendar.remove(5, slots(4, 12))
      #expect(calendar.free(at: Slot(5)) == 0 && calendar.free(at: Slot(6)) == 2)
      calendars.insert(calendar)
    }
    #expect(calendars.count == 1)
  }

  @Test("a rectangle that comes back before it is carved leaves no more free than there is")
  func putBackFirst() {
    var calendar = CapacityCalendar(gpus: 4, window: slots(0, 10))
    calendar.remove(2, slots(2, 5))
    #expect(calendar.free(at: Slot(3)) == 4)
    #expect(calendar.minimumFree(in: slots(0, 10)) == 4)
    calendar.add(2, slots(2, 5))
    #expect(calendar == CapacityCalendar(gpus: 4, window: slots(0, 10)))
  }

  @Test("the earliest start is the first with enough GPUs for the whole duration inside both ranges")
  func earliestStart() {
    var calendar = CapacityCalendar(gpus: 8, window: slots(10, 30))
    calendar.add(6, slots(12, 15))
    calendar.add(8, slots(20, 22))
    func start(_ gpus: Int32, _ count: Int64, _ from: Int64 = 0, _ to: Int64 = 100) -> Int64? {
      calendar.earliestStart(gpus: gpus, slots: count, within: slots(from, to))?.index
    }
    #expect(start(2, 5) == 10)
    #expect(start(3, 2) == 10)
    #expect(start(3, 3) == 15)
    #expect(start(3, 5) == 15)
    #expect(start(3, 6) == 22)
    #expect(start(3, 8) == 22)
    #expect(start(3, 9) == nil)
    #expect(start(2, 10) == 10)
    #expect(start(2, 11) == nil)
    #expect(start(1, 2, 19) == 22, "slot 19 alone is too short before the full slots")
    #expect(start(1, 2, 18, 20) == 18)
    #expect(start(1, 2, 19, 23) == nil)
    #expect(start(9, 1) == nil)
    #expect(start(0, 1) == nil && start(1, 0) == nil)
    #expect(start(1, .max) == nil)
    #expect(start(1, 1, 40, 50) == nil)
  }

  @Test("random carvings agree with a count for each slot", arguments: 1...20)
  func agreesWithCounts(seed: UInt64) {
    var draw = Draw(seed: seed)
    func drawRange() -> SlotRange {
      let start = Int64(draw.below(8))
      return slots(start, start + 1 + Int64(draw.below(6)))
    }
    var calendar = CapacityCalendar(gpus: 6, window: slots(2, 12))
    var used = [Int](repeating: 0, count: 20)
    for _ in 0..<200 {
      let (gpus, range) = (1 + draw.below(4), drawRange())
      let isCarving = draw.below(2) == 0
      if isCarving { calendar.add(Int32(gpus), range) } else { calendar.remove(Int32(gpus), range) }
      for slot in range.start.index..<range.end.index { used[Int(slot)] += isCarving ? gpus : -gpus }
      let free = used.indices.map { (2..<12).contains($0) ? min(6, max(0, 6 - used[$0])) : 0 }
      #expect(free.indices.map { Int(calendar.free(at: Slot(Int64($0)))) } == free)
      let (wanted, count, window) = (1 + draw.below(6), 1 + draw.below(5), drawRange())
      let first = (window.start.index..<window.end.index).first { start in
        Int(start) + count <= Int(window.end.index)
          && free[Int(start)..<(Int(start) + count)].allSatisfy { $0 >= wanted }
      }
      #expect(
        calendar.earliestStart(gpus: Int32(wanted), slots: Int64(count), within: window)?.index == first)
      let runs = calendar.runs
      #expect(runs.first?.slots.start == Slot(2) && runs.last?.slots.end == Slot(12))
      #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.slots.end == $1.slots.start && $0.used != $1.used })
      #expect(runs.allSatisfy { Int($0.used) == used[Int($0.slots.start.index)] })
    }
  }
}
