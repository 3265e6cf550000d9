import Market
import NodeCrypto

/// What a receipt says to the market: who traded how much of what, at which price, and when it became final.
public struct SettledTrade: Hashable, Sendable {
  /// The trade.
  public let id: TradeID
  /// The class's id in the genesis file.
  public let gpuClass: String
  /// The node that sold.
  public let provider: NodeID
  /// The node that bought.
  public let buyer: NodeID
  /// The price per GPU-hour.
  public let price: Price
  /// GPUs x seconds, from 1 to `GPUTime.maximum`'s.
  public let gpuSeconds: Int64
  /// When the trade became final: the time of the maker's acceptance, of a leg that of the taker's confirmation.
  public let time: Timestamp

  /// Above every `price x GPU-seconds`, since a trade's total fits 64 bits.
  static let productLimit: UInt128 = 1 << 75

  /// A settled trade; nil when it says nothing of a price: a node that trades with itself, nothing traded, nothing paid,
  /// or more than any total can be.
  public init?(
    id: TradeID, gpuClass: String, provider: NodeID, buyer: NodeID, price: Price, gpuTime: GPUTime, time: Timestamp
  ) {
    guard provider != buyer, price.micros > 0, gpuTime.gpuSeconds > 0,
      UInt128(price.micros) * UInt128(gpuTime.gpuSeconds) < Self.productLimit
    else { return nil }
    self.id = id
    self.gpuClass = gpuClass
    self.provider = provider
    self.buyer = buyer
    self.price = price
    gpuSeconds = gpuTime.gpuSeconds
    self.time = time
  }
}
