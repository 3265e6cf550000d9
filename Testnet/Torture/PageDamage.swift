import Foundation
import Market

/// What a bad disk does to one page of a database.
enum PageDamage: Equatable, CustomStringConvertible {
  /// One bit of the file is the other way round.
  case bit(byte: Int, bit: Int)
  /// A page is all zeros.
  case zeros(page: Int)
  /// A page is rubbish from the seed.
  case rubbish(page: Int, seed: UInt64)
  /// A page has the content of another.
  case misplaced(page: Int, content: Int)

  /// The pages of the store: SQLite's own default.
  static let pageBytes = 4096

  /// A damage somewhere in the file, which has two pages at least.
  static func random(inFile path: String, using generator: inout some RandomNumberGenerator) throws -> PageDamage {
    let size = Int(try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).seekToEnd())
    let page = Int.random(in: 0..<size / pageBytes, using: &generator)
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return .zeros(page: page)
    case 1: return .rubbish(page: page, seed: UInt64.random(in: 0 ... .max, using: &generator))
    case 2: return .misplaced(page: page, content: Int.random(in: 0..<size / pageBytes, using: &generator))
    default:
      return .bit(byte: Int.random(in: 0..<size, using: &generator), bit: Int.random(in: 0..<8, using: &generator))
    }
  }

  /// Does it to the file.
  func apply(toFile path: String) throws {
    var content = try Data(contentsOf: URL(fileURLWithPath: path))
    func range(_ page: Int) -> Range<Int> { page * Self.pageBytes..<(page + 1) * Self.pageBytes }
    switch self {
    case .bit(let byte, let bit): content[byte] ^= 1 << UInt8(bit)
    case .zeros(let page): content.replaceSubrange(range(page), with: Data(count: Self.pageBytes))
    case .rubbish(let page, let seed):
      var generator = SplitMix64(seed: seed)
      let rubbish = (0..<Self.pageBytes).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
      content.replaceSubrange(range(page), with: rubbish)
    case .misplaced(let page, let other): content.replaceSubrange(range(page), with: Data(content[range(other)]))
    }
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.write(contentsOf: content)
    try file.close()
  }

  /// What was done, for people.
  var description: String {
    switch self {
    case .bit(let byte, let bit): "the bit \(bit) of the store's byte \(byte) was turned"
    case .zeros(let page): "the store's page \(page) was filled with zeros"
    case .rubbish(let page, _): "the store's page \(page) was filled with rubbish"
    case .misplaced(let page, let content): "the store's page \(page) got the content of page \(content)"
    }
  }
}
