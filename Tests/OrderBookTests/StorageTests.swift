import Market
import NodeCrypto
import Testing

@testable import OrderBook

/// The types that hold the book's memory. `make test-book` runs them, and the streams, under the address sanitizer.
@Suite("Storage")
struct StorageTests {
  @Test("a slab keeps its elements while it grows, and so does a copy when the original changes")
  func slab() {
    var slab = Slab<UInt64>()
    #expect(slab.count == 0 && slab.usedBytes == 0)
    for number in 0..<10_000 as Range<UInt64> { #expect(slab.append(number) == Int32(number)) }
    let copy = Slab(copying: slab)
    for number in 0..<10_000 as Range<Int32> { slab[number] += 1 }
    var sums: (UInt64, UInt64) = (0, 0)
    for number in 0..<10_000 as Range<Int32> {
      sums.0 += slab[number]
      sums.1 += copy[number]
    }
    #expect(sums == (50_005_000, 49_995_000))
    #expect(copy.count == 10_000 && copy.usedBytes == 80_000)
    let nothing = Slab(copying: Slab<UInt64>())
    #expect(nothing.count == 0)
  }

  @Test("a slab keeps its elements in mapping after mapping, and so does a copy", arguments: [true, false])
  func mappings(_ isHuge: Bool) {
    let length: Int32 = 1 << 16
    var slab = Slab<UInt64>(isHuge: isHuge)
    // To 40 MiB: past where mappings begin, and past the space of the first two.
    for run in 0..<80 as Range<UInt64> {
      #expect(slab.appendRun(length, repeating: run) == Int32(run) * length)
      slab[Int32(run) * length] = run + 1000
    }
    let copy = Slab(copying: slab)
    for run in 0..<80 as Range<Int32> { slab[run * length + 1] = 0 }
    for run in 0..<80 as Range<Int32> {
      let first = run * length
      #expect(slab[first] == UInt64(run) + 1000 && slab[first + 1] == 0 && slab[first + length - 1] == UInt64(run))
      #expect(copy[first] == UInt64(run) + 1000 && copy[first + 1] == UInt64(run))
    }
    #expect(slab.append(7) == 80 * length && slab[80 * length] == 7 && copy.count == 80 * length)
  }

  @Test("elements that fill no page evenly are kept, too")
  func unevenMappings() {
    struct Triple: BitwiseCopyable, Equatable {
      var values: (Int32, Int32, Int32) = (0, 0, 0)
      static func == (one: Self, other: Self) -> Bool { one.values == other.values }
    }
    var slab = Slab<Triple>()
    for run in 0..<40 as Range<Int32> { _ = slab.appendRun(99_991, repeating: Triple(values: (run, -run, 7))) }
    for run in 0..<40 as Range<Int32> {
      for index in [run * 99_991, run * 99_991 + 50_000, (run + 1) * 99_991 - 1] {
        #expect(slab[index] == Triple(values: (run, -run, 7)))
      }
    }
  }

  @Test("a slab's runs follow each other", arguments: [1, 3, 16, 17, 1000])
  func runs(_ length: Int32) {
    var slab = Slab<Int32>()
    for run in 0..<20 as Range<Int32> { #expect(slab.appendRun(length, repeating: run) == run * length) }
    for index in 0..<20 * length { #expect(slab[index] == index / length) }
  }

  @Test("elements move up and down inside their bounds and nowhere else", arguments: 0..<32)
  func moves(_ position: Int32) {
    var slab = Slab<Int32>()
    for number in 0..<34 as Range<Int32> { _ = slab.append(number) }
    // The first and the last element stay what they are.
    slab.moveUp(from: 1 + position, to: 33)
    for number in 0..<34 as Range<Int32> {
      let isMoved = number > 1 + position && number < 33
      #expect(slab[number] == (isMoved ? number - 1 : number))
    }
    slab.moveDown(from: 1 + position, to: 33)
    for number in 0..<32 as Range<Int32> { #expect(slab[number] == number) }
    #expect(slab[33] == 33)
  }

  @Test("thirty-two elements are compared at once as one by one")
  func comparisons() {
    var generator = SplitMix64(seed: 4)
    for _ in 0..<200 {
      var slab = Slab<Int32>()
      _ = slab.appendRun(32, repeating: .max)
      let values = (0..<32).map { _ in Int32(truncatingIfNeeded: generator.next() % 40) }
      for value in values { _ = slab.append(value) }
      var sorted = Slab<Int32>()
      _ = sorted.appendRun(32, repeating: .max)
      for value in values.sorted() { _ = sorted.append(value) }
      for wanted in [0, 7, 39, 40, Int32.max - 1] {
        #expect(sorted.countAtMost(wanted, first: 32) == values.count { $0 <= wanted })
      }
      let ordered = values.sorted()
      sorted[63] = .max
      sorted.add(-3, first: 32)
      for offset in 0..<31 { #expect(sorted[32 + Int32(offset)] == ordered[offset] - 3) }
      #expect(sorted[63] == .max && sorted[31] == .max)
      sorted.removeFirst(first: 32, adding: 5)
      for offset in 0..<30 { #expect(sorted[32 + Int32(offset)] == ordered[offset + 1] + 2) }
      #expect(sorted[62] == .max && sorted[63] == .max && sorted[31] == .max)
      let distinct = Array(values.enumerated().filter { values.firstIndex(of: $0.element) == $0.offset })
      for (offset, value) in distinct where values.count(where: { $0 == value }) == 1 {
        #expect(slab.offset(of: value, first: 32) == Int32(offset))
      }
    }
  }

  @Test("a row has the longest run from each bucket on", arguments: [1, 2, 3, 4, 6, 16, 360] as [Int64])
  func rows(_ slotsPerHour: Int64) {
    let scale = TimeScale(slotsPerHour: slotsPerHour)
    var generator = SplitMix64(seed: UInt64(slotsPerHour))
    for _ in 0..<200 {
      var row = SummaryRow()
      var expected = [UInt64](repeating: 0, count: 256)
      for _ in 0..<generator.next() % 4 {
        let start = Int64(generator.next() % UInt64(2000 * slotsPerHour))
        let end = start + 1 + Int64(generator.next() % UInt64(1 << (generator.next() % 9)) * UInt64(slotsPerHour))
        row.add(start: start, end: end, scale)
        for bucket in scale.bucket(start)...min(scale.bucket(end - 1), scale.bucket(start) + 255) {
          let length = scale.length(end - max(start, bucket << scale.bucketShift))
          expected[Int(bucket & 255)] = max(expected[Int(bucket & 255)], length)
        }
      }
      for bucket in 0..<256 {
        let word = row.words[Int32(bucket / 8)]
        #expect(word >> UInt64(bucket % 8 * 8) & 0xFF == expected[bucket])
      }
    }
  }

  @Test("the greater and the smaller bytes of 32 words are taken at once")
  func bytes() {
    var generator = SplitMix64(seed: 9)
    var slab = Slab<UInt64>()
    var other = Slab<UInt64>()
    var before: [UInt64] = []
    for _ in 0..<96 {
      before.append(generator.next())
      _ = slab.append(before[before.count - 1])
      _ = other.append(generator.next())
    }
    func combined(_ one: UInt64, _ two: UInt64, _ combine: (UInt64, UInt64) -> UInt64) -> UInt64 {
      var word: UInt64 = 0
      for shift in stride(from: 0, to: 64, by: 8) as StrideTo<UInt64> {
        word |= combine(one >> shift & 0xFF, two >> shift & 0xFF) << shift
      }
      return word
    }
    slab.raise(32, to: other, 64)
    for index in 0..<96 as Range<Int32> {
      let old = before[Int(index)]
      #expect(slab[index] == (32..<64 ~= index ? combined(old, other[index + 32], max) : old))
      slab[index] = old
    }
    slab.lower(64, to: other, 0)
    for index in 0..<96 as Range<Int32> {
      let old = before[Int(index)]
      #expect(slab[index] == (index >= 64 ? combined(old, other[index - 64], min) : old))
      slab[index] = old
    }
    slab.raise(0, to: 64)
    for index in 0..<96 as Range<Int32> {
      let old = before[Int(index)]
      #expect(slab[index] == (index < 32 ? combined(old, before[Int(index) + 64], max) : old))
    }
  }

  @Test("of the four columns of a leaf's offers the lines are found that have what is demanded")
  func columns() {
    var generator = SplitMix64(seed: 11)
    for _ in 0..<100 {
      var slab = Slab<Int32>()
      for _ in 0..<256 { _ = slab.append(Int32(truncatingIfNeeded: generator.next() % 21) - 10) }
      let wanted = (0..<4).map { _ in Int32(truncatingIfNeeded: generator.next() % 21) - 10 }
      let found = slab.places(
        first: 128, startingBy: wanted[0], endingFrom: wanted[1], length: wanted[2], gpus: wanted[3])
      for line in 0..<32 as Range<Int32> {
        let isWindow = slab[128 + line] <= wanted[0] && slab[160 + line] >= wanted[1]
        let isLarge = slab[192 + line] >= wanted[2] && slab[224 + line] >= wanted[3]
        #expect((found >> UInt32(line) & 1 == 1) == (isWindow && isLarge))
      }
    }
  }

  @Test("a row reaches a threshold where one of the bytes asked for does")
  func reach() {
    var row = SummaryRow()
    row.words[3] = 90 << 16
    row.words[30] = 50 << 56 | 7
    func reach(_ value: UInt64, _ first: Int64, _ last: Int64) -> Bool {
      row.words.reach(
        Bytes.threshold(value), first: 0, from: first >> 3, to: last >> 3,
        firstMask: .max << UInt64(8 * (first & 7)), lastMask: .max >> UInt64(56 - 8 * (last & 7)))
    }
    // The bytes that are not 0 are 26, 240 and 247; bucket 256 is byte 0 again.
    let bytes: [Int64: UInt64] = [26: 90, 240: 7, 247: 50]
    for first in 0..<300 as Range<Int64> {
      for length in [1, 2, 7, 8, 9, 40, 248] as [Int64] {
        let last = first + length - 1
        let most = (first...last).map { bytes[$0 & 255] ?? 0 }.max() ?? 0
        for value in [1, 7, 8, 50, 51, 90, 91] as [UInt64] {
          #expect(reach(value, first, last) == (most >= value), "\(value) from \(first) to \(last)")
        }
      }
    }
  }

  @Test("a pool gives runs back out, filled anew")
  func pool() {
    #expect([0, 1, 2, 3, 4, 5, 8, 9].map { RunPool<UInt8>.exponent(for: $0) } == [0, 0, 1, 2, 2, 3, 3, 4])
    var pool = RunPool<UInt8>(filler: 7)
    let run = pool.allocate(exponent: 3)
    for offset in 0..<8 as Range<Int32> {
      #expect(pool[run + offset] == 7)
      pool[run + offset] = 1
    }
    pool.release(run, exponent: 3)
    #expect(pool.allocate(exponent: 2) != run)
    #expect(pool.allocate(exponent: 3) == run)
    for offset in 0..<8 as Range<Int32> { #expect(pool[run + offset] == 7) }
  }

  @Test("a table of identifiers behaves like a dictionary", arguments: 0..<8 as Range<UInt64>)
  func table(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var table = IdentifierTable<OrderTag>(key: (seed, 2, 3, 4))
    var slots: [OrderID: Int32] = [:]
    var names: [OrderID] = []
    for step in 0..<4000 {
      if names.isEmpty || generator.next() % 100 < (step < 2000 ? 60 : 40) {
        // Few first words, so that many identifiers are alike.
        let id = OrderID(word0: generator.next() % 4, word1: 0, word2: generator.next() % 300, word3: 0)
        let (slot, isNew) = table.insert(id)
        #expect(isNew == (slots[id] == nil))
        #expect(slots[id] ?? slot == slot && table[slot] == id)
        if isNew { names.append(id) }
        slots[id] = slot
      } else {
        let id = names.remove(at: Int(generator.next() % UInt64(names.count)))
        guard let slot = slots.removeValue(forKey: id) else { continue }
        table.remove(slot)
        #expect(table[slot] == id, "the slot stays readable")
        table.vacate(slot)
        #expect(table.slot(of: id) == nil)
      }
      #expect(Int(table.count) == slots.count)
    }
    for (id, slot) in slots { #expect(table.slot(of: id) == slot) }
    #expect(Set(slots.values).count == slots.count)
  }

  @Test("ids with equal fingerprints keep apart while the table grows")
  func equalFingerprints() {
    let key: (UInt64, UInt64, UInt64, UInt64) = (11, 22, 33, 44)
    var table = IdentifierTable<OrderTag>(key: key)
    // Where the first and the third word are the key's, the fingerprint is 0, whatever the others are; where only the first
    // is, it depends on the third and the fourth.
    let ids = (0..<3000 as Range<UInt64>).map { number in
      OrderID(word0: key.0, word1: number, word2: number % 3 == 0 ? key.2 : number / 64, word3: 5)
    }
    var slots: [OrderID: Int32] = [:]
    for (number, id) in ids.enumerated() {
      slots[id] = table.insert(id).slot
      if number % 5 == 4 {
        let gone = ids[number / 2]
        let (slot, place) = table.find(gone)
        if let expected = slots.removeValue(forKey: gone) {
          #expect(slot == expected)
          table.remove(slot, at: place)
          table.vacate(slot)
        } else {
          #expect(slot < 0)
        }
      }
    }
    for id in ids { #expect(table.slot(of: id) == slots[id]) }
    #expect(Int(table.count) == slots.count)
  }

  @Test("the wheel lets go of exactly what has expired", arguments: 0..<8 as Range<UInt64>)
  func wheel(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var wheel = ExpiryWheel()
    var records = Slab<OrderRecord>()
    var waiting: [Int32: UInt64] = [:]
    var time: UInt64 = 0
    for _ in 0..<300 {
      for _ in 0..<generator.next() % 20 {
        let span = UInt64(1) << (generator.next() % 40)
        let expiry = min(time + 1 + generator.next() % span, 1 << 48 - 1)
        let offer = Offer(
          gpuClass: GPUClassIndex(0), gpus: 1, window: slots(0, 1), price: Price(micros: 1),
          expiry: at(Int64(expiry)))
        let slot = records.append(.of(Order.make(1, time: 0, .offer(offer)), owner: 0))
        wheel.addSlot()
        wheel.insert(slot, expiry: expiry)
        waiting[slot] = expiry
      }
      if let slot = waiting.keys.min(), generator.next() % 4 == 0 {
        wheel.remove(slot)
        waiting[slot] = nil
      }
      time = min(time + generator.next() % (1 << (generator.next() % 40)), 1 << 48 - 1)
      var expired: [Int32] = []
      wheel.advance(to: time, records: records, expired: &expired)
      #expect(expired.sorted() == waiting.filter { $0.value <= time }.keys.sorted())
      for slot in expired { waiting[slot] = nil }
    }
  }
}
