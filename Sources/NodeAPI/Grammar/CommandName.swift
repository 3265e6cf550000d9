/// The words that begin a command line.
public enum CommandName: String, CaseIterable, Sendable {
  case offer, bid, amend, cancel, quote, book, depth, index, candles, orders, trades, receipts, why, record, verify,
    proofs, peers, status, classes, devices, watch, help
  case stop, quit

  /// The command that `word` begins: its name in either case, or `exit` for `quit`.
  public init?(word: String) {
    let word = word.lowercased()
    guard let name = word == "exit" ? .quit : CommandName(rawValue: word) else { return nil }
    self = name
  }

  /// The form of its line.
  public var usage: String {
    switch self {
    case .offer:
      "offer GPUS CLASS | from-hardware [GPUS] [CLASS] at PRICE for DURATION | until TIME [from TIME] […]"
    case .bid: "bid GPUS CLASS[,CLASS] at PRICE for DURATION [within DURATION | by TIME] [from TIME] […]"
    case .amend: "amend ORDER [gpus COUNT] [at PRICE] [for DURATION] [from TIME] [expires in SPAN] […]"
    case .quote: "quote GPUS CLASS[,CLASS] [at PRICE] for DURATION [within DURATION | by TIME] [from TIME] […]"
    case .depth: "depth CLASS [for SPAN] [gpus COUNT]"
    case .cancel: "cancel ORDER"
    case .book: "book [CLASS [top COUNT]]"
    case .orders: "orders [all]"
    case .trades: "trades [all]"
    case .receipts: "receipts [all]"
    case .why: "why ORDER"
    case .record: "record [NODE]"
    case .verify: "verify FILE"
    case .candles: "candles CLASS [for SPAN] [every SPAN]"
    case .watch: "watch COMMAND …"
    case .index, .proofs, .peers, .status, .classes, .devices, .stop, .quit: rawValue
    case .help: "help [COMMAND]"
    }
  }

  /// What it does, in a line.
  public var summary: String {
    switch self {
    case .offer: "Sell GPU time: GPUs of one class during a delivery window."
    case .bid: "Buy GPU time: some GPUs for a contiguous duration inside a window."
    case .amend: "Change an own open order; what is not stated stays."
    case .quote: "Price a bid without placing it: cost, providers, start, and what waiting would save."
    case .depth: "Show what a class's orders add up to, by delivery hour."
    case .index: "Show the spot index of each class: what a GPU-hour of it traded at in the last day."
    case .candles: "Show what a class traded at, interval by interval."
    case .cancel: "Take an own open order out of the market."
    case .book: "Show the market at a glance, or the orders of one class."
    case .orders: "List your orders; with all, every open order in the book."
    case .trades: "List your trades; with all, every trade known."
    case .receipts: "List the receipts of your trades; with all, every receipt known."
    case .why: "Explain why an open order has not traded."
    case .record: "Show a node's public record: what the feeds say of how it has kept its word; your own without NODE."
    case .verify: "Check the receipts or proofs of fraud in a file; no node is needed."
    case .proofs: "List the authors that are proven to be frauds."
    case .peers: "List the connected peers and whether their books agree."
    case .status: "Show the node's state and the digest of its book."
    case .classes: "List the GPU classes of the network."
    case .devices: "List the GPUs of this machine and the classes that they are of."
    case .watch: "Show a command's answer on the whole screen, and keep it up to date until q is pressed."
    case .help: "List the commands, or explain one."
    case .stop: "Stop the node."
    case .quit: "Leave the console; the node goes on."
    }
  }

  /// The commands that ask and change nothing, so that their answers can be kept up to date.
  public static let watchable: [CommandName] = [
    .book, .depth, .index, .candles, .orders, .trades, .why, .record, .proofs, .peers, .status,
  ]
}
