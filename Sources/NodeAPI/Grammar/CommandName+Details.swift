extension CommandName {
  /// Everything that a person needs to know to use it.
  public var details: String {
    switch self {
    case .offer: Self.offerDetails
    case .bid: Self.bidDetails
    case .amend: Self.amendDetails
    case .quote: Self.quoteDetails
    case .depth: Self.depthDetails
    case .cancel: "\(Self.orderID)\n\nExample: cancel 3f2a9c"
    case .book: Self.bookDetails
    case .index: Self.indexDetails
    case .candles: Self.candlesDetails
    case .orders: Self.listDetails("order", "every open order in the book", of: self)
    case .trades: Self.listDetails("trade", "every trade that the node knows", of: self)
    case .receipts: Self.listDetails("receipt", "every receipt that the node knows", of: self)
    case .why:
      "\(Self.orderID) Each counter-order counts once, under the first condition that rules it out.\n\n"
        + "Example: why 3f2a9c"
    case .record:
      "NODE is a node's id or its first digits, at least 4. Each count is a sum of what single feeds say, so every node "
        + "shows the same.\n\nExample: record 9be1"
    case .verify:
      "FILE holds one receipt, or a list of them as `receipts --json` prints it; it may be a directory of such .json files, "
        + "or -, standard input. The last line is the sum.\n\nExample: verify receipts.json"
    case .proofs:
      "Each proof is of the author's own signatures, and freezes the author on every node. `p2pnode proofs --json > FILE` "
        + "keeps them; verify checks them offline.\n\nExample: proofs"
    case .devices:
      "The GPUs of the machine on which this command runs, as NVIDIA's library NVML and AMD's rocm-smi describe them. No "
        + "node is needed; without one, the classes are not known.\n\nExample: devices"
    case .watch: Self.watchDetails
    case .help: "Example: help bid"
    case .peers, .status, .classes, .stop, .quit: "Example: \(rawValue)"
    }
  }

  private static let watchDetails = """
    COMMAND is one of \(watchable.map(\.rawValue).joined(separator: ", ")), with its words. It needs a terminal. q and ^C leave,
    and the screen is as before.

    Example: watch book h100-sxm-80g
    Example: watch orders
    """

  private static let orderID = "ORDER is an order's id or its first digits, at least 4."

  private static func listDetails(_ noun: String, _ all: String, of name: CommandName) -> String {
    """
    Without a word, each \(noun) of this node; with all, \(all).

    Example: \(name.rawValue)
    Example: \(name.rawValue) all
    """
  }

  private static let bookDetails = """
    Own orders are marked own; an order whose owner is silent is marked stale and not taken. TRADES is the owner's
    public record: trades settled, and trades failed by its fault. COUNT is how many orders of each side are shown, the
    best first; 20 when left out.

    Example: book
    Example: book h100-sxm-80g top 5
    """

  private static let indexDetails = """
    The price of all receipts of the last day, weighted by GPU-hours. No node counts for more than a sixth, and what two
    nodes can count for is cut off at both ends, so that no two of them set the index. Where fewer than 12 nodes trade,
    there is none. docs/INDEX.md has the definition.

    Example: index
    """

  private static let candlesDetails = """
    One row for each interval with a trade: the first, the highest, the lowest and the last price, GPU-hours and trades.
    The first SPAN is how far to look back, a day when left out; the second one the length of a row.

    Example: candles h100-sxm-80g
    Example: candles h100-sxm-80g for 6h every 15m
    """

  private static let offerDetails = """
      from TIME              start of the window; as soon as it can be delivered when left out
      for DURATION           length of the window, or instead:
      until TIME             its end
      in REGION              where the machine is: EU or EU-FR
      pieces of COUNT        the fewest GPUs sold in one trade; 1 when left out
      lease at least SPAN    the shortest lease; one slot when left out
      all-or-none            sell all GPUs for the whole window in one trade, or nothing
      interconnect NAME      how the GPUs are joined: pcie, nvlink, infiniband
      vram SIZE              video memory of one GPU, where it is not the class's
      driver VERSION         the driver's version
      watts NUMBER           watts a GPU draws at most
      co2 NUMBER             grams of CO2 per kWh of the site's power

    \(working)

    \(words)

    With from-hardware, class, number of GPUs, memory, interconnect, driver and power limit are read from the machine on
    which this command runs, and marked as probed. What the line says itself holds instead, and is declared. GPUS may be
    fewer than there are; a machine with GPUs of several classes needs the CLASS. The devices command shows what is there.

    Example: offer 8 h100-sxm-80g at 2.10 for 12h in EU-FR pieces of 2
    Example: offer from-hardware at 2.10 for 12h in EU-FR
    """

  private static let demands = """
      in REGION[,REGION]     acceptable regions; EU accepts EU-FR
      interconnect NAME      how the GPUs must be joined
      vram at least SIZE     video memory of one GPU
      watts at most NUMBER   watts a GPU may draw
      co2 at most NUMBER     grams of CO2 per kWh of the site's power
      probed                 each of these must be read from the machine, not declared by its owner
      providers ID[,ID]      only from these nodes: their ids or first digits; or:
      not-providers ID[,ID]  from all but these nodes
      trades at least NUMBER settled trades in the provider's public record
      failures at most N%    trades that the provider failed, of all in its public record
    """

  private static let pieces = """
      co-located             all GPUs from one offer, in one trade, which is so when nothing is said; or:
      split                  in pieces; what several offers have at once is bought from all of them or from none
      pieces of COUNT        the same, and the fewest GPUs in one trade
      all-or-none            all GPUs at once, or nothing; with split, from several offers
    """

  private static let working = """
      gtc                    open until it is filled, cancelled or too late to fill, which is so when nothing is said
      expires in SPAN        open until then (gtt); or: expires at TIME
      ioc                    take what can be taken at once and cancel the rest
      fok                    take all of it at once in one trade, or nothing
      post-only              only wait to be taken; refused when it would take at once
    """

  private static let bidDetails = """
      for DURATION           how long the GPUs are wanted, without a break
      from TIME              earliest start; now when left out
      within DURATION        latest end, counted from the earliest start; or:
      by TIME                latest end
    \(pieces)
    \(demands)

    \(working)

    \(words) Instead of classes, any stands for all of the network.

    Example: bid 4 h100-sxm-80g,h200-sxm-141g at 2.40 for 3h within 24h in EU,NA
    Example: bid 2 any at 1.50 for 1h vram at least 80g trades at least 5 failures at most 2% ioc
    """

  private static let quoteDetails = """
    The line is that of a bid; without a price, any price will do. Nothing is placed.

      for DURATION           how long the GPUs are wanted, without a break
      from TIME              earliest start; now when left out
      within DURATION        latest end, counted from the earliest start; or:
      by TIME                latest end
    \(pieces)
    \(demands)

    \(words) Instead of classes, any stands for all of the network.

    Example: quote 4 h100-sxm-80g for 3h within 24h
    """

  private static let amendDetails = """
    ORDER is an order's id or its first digits, at least 4. State what changes, in the words of offer and bid; the rest
    stays, and so does what is traded already. An order that is only reduced (fewer GPUs, a window inside the old one, an
    earlier expiry) keeps its priority; any other change makes it the latest. The answer says which it was.

      gpus COUNT             GPUs for sale or wanted, those already traded included
      at PRICE               the limit
      class CLASS[,CLASS]    acceptable classes of a bid
      for DURATION           length of an offer's window from its start on; the duration of a bid
      from TIME              start of the window
      until TIME             end of an offer's window
      within DURATION        latest end of a bid, counted from the earliest start; or: by TIME
      gtc                    open as long as it can be filled; or: expires in SPAN, expires at TIME
      without PART[,PART]    take something out: region, vram, interconnect, driver, watts, co2, probed, providers,
                             not-providers, trades, failures, post-only
      and pieces of, split, co-located, all-or-none, lease, post-only and all that offer and bid say of the machine

    Example: amend 3f2a gpus 2
    Example: amend 3f2a at 2.30 expires in 6h without watts
    """

  private static let depthDetails = """
    One row for each delivery hour: GPUs that are free throughout it and the best ask, what 8 GPUs (or COUNT) would cost,
    GPUs wanted in it and the best bid. SPAN is how far ahead to look, a day when left out. A span of a few hours has
    shorter rows.

    Example: depth h100-sxm-80g for 12h
    """

  private static let words = """
    PRICE is per GPU-hour, with at most 6 decimals. A DURATION or SPAN is 90s, 30m, 3h, 2d or 1h30m.
    A TIME is now, +2h (from now), 14:00 (the next such local time) or 2026-11-24T14:00Z.
    A SIZE is 80g or 80000m, as GPUs are sold, or 80gib or 81920mib.
    """
}
