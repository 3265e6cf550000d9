import NodeCrypto
import Testing

@Suite struct SetHashTests {
  @Test("the digests are those of an independent implementation")
  func knownAnswers() {
    #expect(hash(of: []).digest.hex == "269c7943a4d8a2993801015cc47e079fb411818de5d80ba33f240566def8cd97")
    #expect(hash(of: [[]]).digest.hex == "5661f72ad273ab8bc51249aad6bfa945c6c602c8b2a8185f3a1030968902838c")
    #expect(
      hash(of: [Array("abc".utf8)]).digest.hex == "d5c03dd32a9e7c692a6bf11d9e7de2574a3cac8a94a03fa478cac047c061241e")
    #expect(
      hash(of: (0..<100).map { [$0, 0, 0, 0] }).digest.hex
        == "0614ffb0738854d6281cf69c5830fc722e4887f4a53e1be4642c7b8d4f1bf450")
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
