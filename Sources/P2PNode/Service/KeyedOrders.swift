import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Store
import Synchronization

/// Under which key a client places an order, and what it asks for: hashes of both.
struct OrderName: Hashable, Sendable {
  /// Longest key in characters.
  static let maximumLength = 255

  let key: Digest
  let request: Digest

  /// - Throws: when the key is not 1 to ``maximumLength`` visible ASCII characters.
  init(key: String, request: OrderRequest) throws(Problem) {
    let isVisible = key.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard isVisible, (1...Self.maximumLength).contains(key.utf8.count) else {
      throw .badRequest(
        "Idempotency-Key has \(key.utf8.count) bytes\(isVisible ? "" : ", not all of them visible ASCII"); "
          + "allowed: 1 to \(Self.maximumLength) visible ASCII characters")
    }
    self.key = Blake2b.hash(Array("p2pnode/order-key/v1\0".utf8) + Array(key.utf8))
    // Equal documents are equal bytes, however the client has laid them out.
    guard let bytes = try? NodeJSON.encode(request) else { preconditionFailure("a request does not encode") }
    self.request = Blake2b.hash(Array("p2pnode/order-request/v1\0".utf8) + Array(bytes))
  }
}

/// Sees to it that an order which is placed twice under one key is one order.
///
/// What is on disk decides: the key is there with the entry or not at all, so a request that is made again after a crash
/// finds its order, or places the first. Requests that come while the first is under way wait for its answer.
///
/// | what was of the key | answer |
/// |---|---|
/// | nothing | the order is placed |
/// | a request under way | that one's |
/// | an entry that the failing store does not take yet | that it is so, until the store has it |
/// | on disk | its order |
final class KeyedOrders: Sendable {
  /// What came of a request.
  enum Outcome: Sendable {
    /// The order was placed.
    case placed(OrderID)
    /// The order was placed before.
    case known(OrderID)
    /// Nothing was placed, or it is not on disk yet.
    case refused(CommandRefusal)
    /// The request is none.
    case bad(Problem)
    /// The key is that of another request.
    case otherRequest
    /// The store cannot be read.
    case unreadable(String)
  }

  private struct UnderWay {
    let request: Digest
    var waiters: [CheckedContinuation<Outcome?, Never>] = []
    /// Why it is not on disk yet, although the entry that places it is signed.
    var trouble: CommandRefusal?
  }

  /// What a request finds.
  private enum Found {
    case nothing
    case answer(Outcome)
    case underWay
  }

  private let runtime: NodeRuntime
  private let underWay = Mutex<[Digest: UnderWay]>([:])

  init(runtime: NodeRuntime) {
    self.runtime = runtime
  }

  /// Places an order under a key, or finds the one that was placed under it.
  ///
  /// - Parameter body: reads the request, when the key is new.
  func place(_ name: OrderName, _ body: () async -> Result<OrderBody, Problem>) async -> Outcome {
    let answer: Outcome? = await withCheckedContinuation { continuation in
      switch claim(name, for: continuation) {
      case .nothing: continuation.resume(returning: nil)
      case .answer(let outcome): continuation.resume(returning: outcome)
      case .underWay: break
      }
    }
    if case .refused(.notDurableYet)? = answer, let outcome = stored(name) {
      // A store that cannot be read has not said that it lacks the order: the key stays taken.
      if case .unreadable = outcome { return outcome }
      // The store has taken it meanwhile.
      finish(name, with: outcome)
      return outcome
    }
    if let answer { return answer }
    let outcome = await first(name, body)
    finish(name, with: outcome)
    return outcome
  }

  /// Looks for a request under the key; when there is none, this one is under way from here on.
  private func claim(_ name: OrderName, for continuation: CheckedContinuation<Outcome?, Never>) -> Found {
    underWay.withLock { table in
      guard let present = table[name.key] else {
        table[name.key] = UnderWay(request: name.request)
        return .nothing
      }
      guard present.request == name.request else { return .answer(.otherRequest) }
      if let trouble = present.trouble { return .answer(.refused(trouble)) }
      table[name.key]?.waiters.append(continuation)
      return .underWay
    }
  }

  private func first(_ name: OrderName, _ body: () async -> Result<OrderBody, Problem>) async -> Outcome {
    if let outcome = stored(name) { return outcome }
    switch await body() {
    case .failure(let problem): return .bad(problem)
    case .success(let order):
      switch await runtime.submit(.place(order), as: name) {
      case .success(let id): return .placed(id)
      case .failure(let refusal): return .refused(refusal)
      }
    }
  }

  /// Answers those that wait. An order that is signed and not on disk stays under way.
  private func finish(_ name: OrderName, with outcome: Outcome) {
    let waiters = underWay.withLock { table -> [CheckedContinuation<Outcome?, Never>] in
      let waiters = table[name.key]?.waiters ?? []
      if case .refused(.notDurableYet(let why)) = outcome {
        table[name.key]?.waiters = []
        table[name.key]?.trouble = .notDurableYet(why)
      } else {
        table[name.key] = nil
      }
      return waiters
    }
    let theirs: Outcome = if case .placed(let id) = outcome { .known(id) } else { outcome }
    for waiter in waiters { waiter.resume(returning: theirs) }
  }

  /// What the disk knows of the key.
  private func stored(_ name: OrderName) -> Outcome? {
    do {
      return try runtime.store.orderKey(name.key).map { $0.request == name.request ? .known($0.order) : .otherRequest }
    } catch {
      return .unreadable(error.description)
    }
  }
}
