import Market

/// What the Tab key offers: pure, from the line up to the cursor.
public struct CommandCompletion: Sendable {
  /// The ids of the network's classes.
  public var gpuClasses: [String]
  /// The ids of this node's open orders, as short as the tables show them.
  public var ownOrders: [String]

  /// Completion among the given classes and orders.
  public init(gpuClasses: [String] = [], ownOrders: [String] = []) {
    self.gpuClasses = gpuClasses
    self.ownOrders = ownOrders
  }

  /// Digits of an order's id that are offered.
  private static let orderDigits = 10

  /// Completion among the given classes and the open ones of `orders`.
  public init(gpuClasses: [String], orders: [OrderDocument]) {
    self.init(gpuClasses: gpuClasses)
    for order in orders { note(order) }
  }

  /// Offers an own order as long as it is open.
  public mutating func note(_ order: OrderDocument) {
    let id = String(order.id.prefix(Self.orderDigits))
    guard order.state == "open" else { return ownOrders.removeAll { $0 == id } }
    if !ownOrders.contains(id) { ownOrders.append(id) }
  }

  /// The part of the line that is being typed, and what it may become.
  public struct Candidates: Equatable, Sendable {
    /// The text between the last blank or comma and the cursor.
    public let typed: String
    /// The words that begin with it.
    public let words: [String]

    /// What all the words begin with, which is at least what was typed.
    public var commonPrefix: String {
      guard let first = words.first else { return typed }
      return words.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    }
  }

  /// What the text before the cursor may become.
  public func candidates(before cursor: String) -> Candidates {
    var words = cursor.split(separator: " ", omittingEmptySubsequences: true).map { $0.lowercased() }
    var typed = cursor.last.map { $0 == " " } ?? true ? "" : words.removeLast()
    if let comma = typed.lastIndex(of: ",") { typed = String(typed[typed.index(after: comma)...]) }
    let allowed = following(words)
    return Candidates(typed: typed, words: allowed.filter { $0.hasPrefix(typed) })
  }

  /// The words that may follow `words`, which are complete.
  private func following(_ words: [String]) -> [String] {
    guard let first = words.first else { return CommandName.allCases.map(\.rawValue) }
    guard let command = CommandName(word: first) else { return [] }
    let isFirstArgument = words.count == 1
    switch command {
    case .offer: return inOrder(.offer, words)
    case .bid: return inOrder(.bid, words)
    case .quote: return inOrder(.quote, words)
    case .amend: return isFirstArgument ? ownOrders : parts(.amend, words[2...])
    case .depth: return isFirstArgument ? gpuClasses : twoParts(["for", "gpus"], words[2...])
    case .candles: return isFirstArgument ? gpuClasses : twoParts(["for", "every"], words[2...])
    case .cancel, .why: return isFirstArgument ? ownOrders : []
    case .book: return isFirstArgument ? gpuClasses : words.count == 2 ? ["top"] : []
    case .orders, .trades, .receipts: return isFirstArgument ? ["all"] : []
    case .watch:
      return isFirstArgument ? CommandName.watchable.map(\.rawValue) : following(Array(words.dropFirst()))
    case .help: return isFirstArgument ? CommandName.allCases.map(\.rawValue) : []
    case .index, .record, .verify, .proofs, .peers, .status, .classes, .devices, .stop, .quit: return []
    }
  }

  private func inOrder(_ form: OrderForm, _ words: [String]) -> [String] {
    let classes = form == .offer ? gpuClasses : gpuClasses + [OrderRequest.anyClass]
    if form == .offer, words.dropFirst().first == HardwareOffer.word { return inHardwareOffer(words.dropFirst(2)) }
    switch words.count {
    case 1: return form == .offer ? [HardwareOffer.word] : []
    case 2: return classes
    default: break
    }
    guard let classesEnd = words.indices.dropFirst(2).first(where: { !words[$0].hasSuffix(",") }) else {
      return gpuClasses
    }
    let behind = words[(classesEnd + 1)...]
    guard behind.first == "at" else {
      guard form == .quote else { return ["at"] }
      return behind.isEmpty ? ["at"] + parts(form, behind) : parts(form, behind)
    }
    return behind.count == 1 ? [] : parts(form, behind.dropFirst(2))
  }

  /// The words that may follow behind `words`, which stand behind `offer from-hardware`.
  private func inHardwareOffer(_ words: ArraySlice<String>) -> [String] {
    let places = words.prefix(2).prefix { $0 != "at" }
    let behind = words.dropFirst(places.count)
    guard behind.first == "at" else { return behind.isEmpty ? (places.count < 2 ? gpuClasses : []) + ["at"] : [] }
    return behind.count == 1 ? [] : parts(.offer, behind.dropFirst(2))
  }

  /// The words that may follow behind `words`, which are parts of an order.
  private func parts(_ form: OrderForm, _ words: ArraySlice<String>) -> [String] {
    let last = words.last ?? ""
    let before = words.dropLast().last.flatMap(OrderClause.init(rawValue:))
    if last == "at", let bound = before?.bound { return [bound] }
    if ["of", "least", "most"].contains(last) || (before == .expires && ["in", "at"].contains(last)) { return [] }
    if last.hasSuffix(",") { return continuation(of: words.last { OrderClause(rawValue: $0) != nil }) }
    if let clause = OrderClause(rawValue: last), !clause.isFlag { return continuation(of: clause.rawValue) }
    return OrderClause.allowed(in: form).filter { clause in
      !words.contains(clause.rawValue) && !clause.conflicts(with: words, in: form)
    }.map(\.rawValue)
  }

  private func continuation(of word: String?) -> [String] {
    guard let clause = word.flatMap(OrderClause.init(rawValue:)) else { return [] }
    return clause == .class ? gpuClasses + [OrderRequest.anyClass] : clause.continuation
  }

  /// The parts that may still follow, each of which has one word behind it.
  private func twoParts(_ allowed: [String], _ words: ArraySlice<String>) -> [String] {
    words.last.map(allowed.contains) == true ? [] : allowed.filter { !words.contains($0) }
  }
}
