import Foundation
import Market
import MarketFiles

/// Where the node's executable, the genesis file and the market data are.
struct Installation: Sendable {
  /// The node's executable, beside the launcher's own.
  let nodeExecutable: String
  /// The genesis file.
  let networkFile: String
  /// The directory of the market data.
  let dataDirectory: String

  /// Finds what the options leave open: `Testnet` in the working directory, else in a directory above the executable, as
  /// in a build of the project.
  init(networkFile: String?, dataDirectory: String?) throws(TestnetError) {
    let executable = URL(fileURLWithPath: Self.ownExecutable())
    let binaries = executable.deletingLastPathComponent()
    nodeExecutable = binaries.appendingPathComponent("p2pnode").path
    guard access(nodeExecutable, X_OK) == 0 else { throw .noExecutable(path: nodeExecutable) }

    var roots = [""]
    var directory = binaries
    while directory.path != "/" {
      directory.deleteLastPathComponent()
      roots.append(directory.path == "/" ? "/" : directory.path + "/")
    }
    self.networkFile = try Self.find(networkFile, "Testnet/network.json", in: roots, option: "--network FILE")
    self.dataDirectory = try Self.find(dataDirectory, "Testnet/data", in: roots, option: "--data DIR")
  }

  private static func ownExecutable() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  private static func find(
    _ given: String?, _ name: String, in roots: [String], option: String
  ) throws(TestnetError) -> String {
    if let given { return given }
    let paths = roots.map { $0 + name }
    guard let path = paths.first(where: { access($0, R_OK) == 0 }) else {
      throw .notFound(name: name, tried: [paths[0], "a directory above the executable"], option: option)
    }
    return path
  }

  /// Reads the genesis file.
  func genesis() throws(TestnetError) -> Genesis {
    let bytes = try Self.read(networkFile)
    do { return try Genesis(file: Array(bytes)) } catch { throw .genesis(path: networkFile, error) }
  }

  /// Reads the market data.
  func marketData(for genesis: Genesis) throws(TestnetError) -> MarketData {
    let files = MarketData.Files(
      classes: try text(MarketData.FileName.classes), offers: try text(MarketData.FileName.offers),
      demand: try text(MarketData.FileName.demand))
    do {
      return try MarketData(files, genesis: genesis)
    } catch {
      throw .data(directory: dataDirectory, error)
    }
  }

  private func text(_ name: String) throws(TestnetError) -> String {
    String(decoding: try Self.read("\(dataDirectory)/\(name)"), as: UTF8.self)
  }

  private static func read(_ path: String) throws(TestnetError) -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .system("reading", path: path, reason: String(cString: strerror(errno)))
    }
    return data
  }
}
