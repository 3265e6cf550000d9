import NodeCrypto
import Testing

@Suite struct SetHashTests {
  @Test("the digests are those of an independent implementation")
  func knownAnswers() {
    #expect(hash(of: []).digest.hex == "2754512eabb0b4b8972bbd221a44bf8390822d75264d2dc14f8701b29c7e2b3a")
    #expect(hash(of: [[]]).digest.hex == "dfcddfdda25017813a30469967505e05a1c82dea6d97927a1d3c813ebe99af66")
    #expect(
      hash(of: [Array("abc".utf8)]).digest.hex == "08191cbfca36fe4062c5afddbc8053653dad56a37582614579ad7a4a86a0c2fc")
    #expect(
      hash(of: (0..<100).map { [$0, 0, 0, 0] }).digest.hex
        == "e68a9065363399e86c87c7a194183b7d51c72d58f2900832114faf0a23a4ae5d")
  }

  @Test("the order of insertions and removals does not matter: the hash is that of the set from scratch")
  func orderIndependence() {
    var generator = SplitMix64(state: 7)
    let elements = (0..<60).map { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: generator.next())] }
    let kept = Array(elements[..<30])
    let expected = hash(of: kept)
    for _ in 0..<5 {
      var set = SetHash()
      for element in elements.shuffled(using: &generator) { set.add(element) }
      for element in elements[30...].shuffled(using: &generator) { set.remove(element) }
      #expect(set == expected)
      #expect(set.digest == expected.digest)
    }
  }

  @Test("removal undoes insertion, also before it")
  func inverse() {
    var set = hash(of: [[1], [2]])
    let before = set
    set.add([3])
    #expect(set != before && set.digest != before.digest)
    set.remove([3])
    #expect(set == before)
    set.remove([3])
    #expect(set != before)
    set.add([3])
    #expect(set == before)
  }

  @Test("an element that is added twice is not an element that is added once")
  func duplicates() {
    let once = hash(of: [[1]])
    let twice = hash(of: [[1], [1]])
    #expect(once != twice && once.digest != twice.digest)
    #expect(twice != SetHash())
  }

  @Test("sets with other elements have other digests")
  func differentSets() {
    let sets: [[[UInt8]]] = [
      [], [[]], [[0]], [[0, 0]], [[0], [0, 0]], [[1, 2]], [[1], [2]], [[2, 1]], [[1, 2], [3]],
    ]
    let digests = Set(sets.map { hash(of: $0).digest })
    #expect(digests.count == sets.count)
  }

  @Test("the hash of a disjoint union is the sum of the hashes")
  func union() {
    var left = hash(of: [[1], [2]])
    left.formUnion(disjoint: hash(of: [[3], [4]]))
    #expect(left == hash(of: [[4], [2], [3], [1]]))
  }

  @Test("a long element is hashed whole")
  func longElement() {
    var element = [UInt8](repeating: 5, count: 100_000)
    let first = hash(of: [element])
    element[99_999] = 6
    #expect(hash(of: [element]) != first)
  }

  private func hash(of elements: [[UInt8]]) -> SetHash {
    var set = SetHash()
    for element in elements { set.add(element) }
    return set
  }
}
