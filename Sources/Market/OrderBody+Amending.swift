extension OrderBody {
  /// Whether an amend from `old` to this only reduces the order, so that it keeps its place in time: fewer GPUs, a
  /// window inside the old one, an earlier expiry, or none of these. A smallest piece that would no longer fit shrinks
  /// with the order; everything else is as it was.
  public func isReduction(of old: OrderBody) -> Bool {
    guard gpus <= old.gpus, old.window.contains(window), expiry <= old.expiry else { return false }
    switch (old, self) {
    case (.offer(var reduced), .offer(let new)):
      reduced.gpus = new.gpus
      reduced.window = new.window
      reduced.expiry = new.expiry
      reduced.minimumGPUs = min(reduced.minimumGPUs, new.gpus)
      reduced.minimumSlots = min(reduced.minimumSlots, new.window.count)
      return reduced == new
    case (.bid(var reduced), .bid(let new)):
      reduced.gpus = new.gpus
      reduced.window = new.window
      reduced.expiry = new.expiry
      reduced.minimumGPUs = min(reduced.minimumGPUs, new.gpus)
      if reduced.minimumGPUs == reduced.gpus { reduced.isWhole = false }
      return reduced == new
    case (.offer, .bid), (.bid, .offer): return false
    }
  }
}
