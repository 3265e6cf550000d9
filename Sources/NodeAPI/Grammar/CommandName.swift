/// The words that begin a command line.
public enum CommandName: String, CaseIterable, Sendable {
  case offer, bid, cancel, book, orders, trades, receipts, why, verify, peers, status, classes, help, stop, quit

  /// The command that `word` begins: its name in either case, or `exit` for `quit`.
  public init?(word: String) {
    let word = word.lowercased()
    guard let name = word == "exit" ? .quit : CommandName(rawValue: word) else { return nil }
    self = name
  }

  /// The form of its line.
  public var usage: String {
    switch self {
    case .offer: "offer GPUS CLASS at PRICE for DURATION | until TIME [from TIME] […]"
    case .bid: "bid GPUS CLASS[,CLASS] at PRICE for DURATION [within DURATION | by TIME] [from TIME] […]"
    case .cancel: "cancel ORDER"
    case .book: "book [CLASS [top COUNT]]"
    case .orders: "orders [all]"
    case .trades: "trades [all]"
    case .receipts: "receipts [all]"
    case .why: "why ORDER"
    case .verify: "verify FILE"
    case .peers, .status, .classes, .stop, .quit: rawValue
    case .help: "help [COMMAND]"
    }
  }

  /// What it does, in a line.
  public var summary: String {
    switch self {
    case .offer: "Sell GPU time: GPUs of one class during a delivery window."
    case .bid: "Buy GPU time: some GPUs for a contiguous duration inside a window."
    case .cancel: "Take an own open order out of the market."
    case .book: "Show the market at a glance, or the orders of one class."
    case .orders: "List your orders; with all, every open order in the book."
    case .trades: "List your trades; with all, every trade known."
    case .receipts: "List the receipts of your trades; with all, every receipt known."
    case .why: "Explain why an open order has not traded."
    case .verify: "Check the receipts in a file; no node is needed."
    case .peers: "List the connected peers and whether their books agree."
    case .status: "Show the node's state and the digest of its book."
    case .classes: "List the GPU classes of the network."
    case .help: "List the commands, or explain one."
    case .stop: "Stop the node."
    case .quit: "Leave the console; the node goes on."
    }
  }

  /// Everything that a person needs to know to use it.
  public var details: String {
    switch self {
    case .offer: Self.offerDetails
    case .bid: Self.bidDetails
    case .cancel: "ORDER is an order's id or its first digits, at least 4."
    case .book: "Own orders are marked own; an order whose owner is silent is marked stale and not taken."
    case .why:
      "ORDER is an order's id or its first digits, at least 4. Each counter-order counts once, under the "
        + "first condition that rules it out."
    case .verify: "FILE holds one receipt, or a list of them as `receipts --json` prints it; - is standard input."
    case .orders, .trades, .receipts, .peers, .status, .classes, .help, .stop, .quit: ""
    }
  }

  private static let offerDetails = """
      from TIME              start of the window; now when left out
      for DURATION           length of the window, or instead:
      until TIME             its end
      in REGION              where the machine is: EU or EU-FR
      pieces of COUNT        the fewest GPUs sold in one trade; 1 when left out
      lease at least SPAN    the shortest lease; one slot when left out
      interconnect NAME      how the GPUs are joined: pcie, nvlink, infiniband
      driver VERSION         the driver's version
      watts NUMBER           watts a GPU draws at most
      co2 NUMBER             grams of CO2 per kWh of the site's power
      expires in SPAN        when the order is no longer open; or: expires at TIME

    \(words)

    Example: offer 8 h100-sxm-80g at 2.10 for 12h in EU-FR pieces of 2
    """

  private static let bidDetails = """
      for DURATION           how long the GPUs are wanted, without a break
      from TIME              earliest start; now when left out
      within DURATION        latest end, counted from the earliest start; or:
      by TIME                latest end
      in REGION[,REGION]     acceptable regions; EU accepts EU-FR
      pieces of COUNT        the fewest GPUs in one trade; all from one offer when left out
      interconnect NAME      how the GPUs must be joined
      watts at most NUMBER   watts a GPU may draw
      co2 at most NUMBER     grams of CO2 per kWh of the site's power
      expires in SPAN        when the order is no longer open; or: expires at TIME

    \(words)

    Example: bid 4 h100-sxm-80g,h200-sxm-141g at 2.40 for 3h within 24h in EU,NA
    """

  private static let words = """
    PRICE is per GPU-hour, with at most 6 decimals. A DURATION or SPAN is 90s, 30m, 3h, 2d or 1h30m.
    A TIME is now, +2h (from now), 14:00 (the next such local time) or 2026-11-24T14:00Z.
    """
}
