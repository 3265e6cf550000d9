import Market
import MarketFiles
import NodeAPI
import NodeClient
import NodeProcesses

/// Why a testnet does not run.
enum TestnetError: Error, CustomStringConvertible {
  /// The node's executable is not beside the launcher's.
  case noExecutable(path: String)
  /// A file that ships with the project is at none of the usual places.
  case notFound(name: String, tried: [String], option: String)
  /// A system call or a file operation failed.
  case system(String, path: String, reason: String)
  /// The genesis file is refused.
  case genesis(path: String, GenesisError)
  /// The market data is refused.
  case data(directory: String, MarketDataError)
  /// There are fewer jobs than are to be replayed.
  case replay(Int, available: Int, path: String)
  /// A node's directory is too long for its socket.
  case socket(NodeSocketError)
  /// There are nodes of a former run, and not their passphrase.
  case noPassphrase(path: String)
  /// A process was not started.
  case process(ProcessError)
  /// `p2pnode init` failed.
  case creation(node: Int, output: String)
  /// A node ended before its API answered.
  case died(node: Int, exit: ChildProcess.Exit, log: String, tail: String)
  /// A node's API did not answer in time.
  case notReady(node: Int, seconds: Int64, log: String, tail: String)
  /// A kept node is of another network.
  case otherNetwork(node: Int, directory: String, network: String, allowed: String)
  /// A node found no peer.
  case isolated(node: Int, seconds: Int64)
  /// A node did not take an order.
  case refused(node: Int, order: String, reason: NodeClientError)
  /// A node did not answer a question.
  case request(node: Int, reason: NodeClientError)
  /// A node holds a receipt that does not verify.
  case receipt(node: Int, trade: String, reason: String)
  /// The nodes do not agree, or trades are undecided.
  case inDoubt([String], seconds: Int64)
  /// The console was not started or failed.
  case console(reason: String)

  /// What was wrong, with what value, and what is allowed.
  var description: String {
    switch self {
    case .noExecutable(let path):
      "there is no executable \(path); build it: swift build --product p2pnode (with -c release for a release build)"
    case .notFound(let name, let tried, let option):
      "\(name) is not at \(tried.joined(separator: " or ")); name its place with \(option)"
    case .system(let operation, let path, let reason): "\(operation) failed on \(path): \(reason)"
    case .genesis(let path, let error): "\(path): \(error)"
    case .data(let directory, let error): "\(directory)/\(error)"
    case .replay(let count, let available, let path):
      "--replay is \(count); allowed: 0 to \(available), the jobs of \(path)"
    case .socket(let error): "--keep: \(error)"
    case .noPassphrase(let path):
      "--keep: \(path) is missing, and the nodes of the former run open only with it; allowed: put it back, or another "
        + "directory"
    case .process(let error): error.description
    case .creation(let node, let output): "node \(node) was not created:\n\(output)"
    case .died(let node, let exit, let log, let tail):
      "node \(node) ended with \(exit) before its API answered; the end of \(log):\n\(tail)"
    case .notReady(let node, let seconds, let log, let tail):
      "node \(node)'s API did not answer within \(seconds) s; the end of \(log):\n\(tail)"
    case .otherNetwork(let node, let directory, let network, let allowed):
      "node \(node) in \(directory) is of the network \(network); allowed: \(allowed), that of the network file"
    case .isolated(let node, let seconds): "node \(node) found no peer within \(seconds) s"
    case .refused(let node, let order, let reason): "node \(node) did not take the \(order): \(reason)"
    case .request(let node, let reason): "node \(node): \(reason)"
    case .receipt(let node, let trade, let reason):
      "node \(node) holds a receipt of the trade \(trade) that does not verify: \(reason)"
    case .inDoubt(let doubts, let seconds):
      "still in doubt after \(seconds) s:" + doubts.map { "\n  \($0)" }.joined()
    case .console(let reason): "the console: \(reason)"
    }
  }
}
