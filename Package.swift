// swift-tools-version: 6.2
import PackageDescription

/// Continuous integration sets the variable; a newer compiler's new warning must not keep anybody from building.
let strictness: [SwiftSetting] =
  Context.environment["P2PNODE_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// The commit, as scripts/package gives it: a manifest is cached, so it cannot look for it itself.
let commit: [CSetting] =
  Context.environment["P2PNODE_COMMIT"].map { [.define("P2PNODE_COMMIT", to: "\"\($0)\"")] } ?? []

/// Targets in the order of their imports: a target imports only targets above it. `docs/ARCHITECTURE.md` gives the
/// reason for each, and `Tests/StyleTests` checks what the compiler does not.
let package = Package(
  name: "p2pnode",
  products: [
    .executable(name: "p2pnode", targets: ["P2PNode"]),
    .executable(name: "testnet", targets: ["Testnet"]),
    .executable(name: "torture", targets: ["Torture"]),
    .library(name: "faults", type: .dynamic, targets: ["CFaults"]),
    .library(name: "fakenvml", type: .dynamic, targets: ["CFakeNVML"]),
    .executable(name: "benchmarks", targets: ["Benchmarks"]),
    .executable(name: "regressions", targets: ["Regressions"]),
    .executable(name: "simulate", targets: ["Simulate"]),
    .executable(name: "explore", targets: ["Explore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(
      name: "CLibedit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CMemory"),
    .systemLibrary(name: "CNVML"),
    .target(name: "CVersion", cSettings: commit),

    // Named NodeCrypto because a module named Crypto would clash with swift-crypto's.
    .target(name: "NodeCrypto", dependencies: ["CSodium"], path: "Sources/Crypto"),
    .target(name: "Market", dependencies: ["NodeCrypto"]),
    .target(
      name: "Wire",
      dependencies: ["NodeCrypto", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    .target(name: "OrderBook", dependencies: ["CMemory", "NodeCrypto", "Market"]),
    .target(
      name: "Gossip",
      dependencies: [
        "NodeCrypto", "Market", "Wire", .product(name: "DequeModule", package: "swift-collections"),
      ]),
    .target(name: "MarketData", dependencies: ["NodeCrypto", "Market"]),
    .target(name: "Settlement", dependencies: ["NodeCrypto", "Market", "Wire", "OrderBook", "MarketData"]),
    .target(
      name: "NodeCore",
      dependencies: [
        "NodeCrypto", "Market", "Wire", "OrderBook", "Gossip", "MarketData", "Settlement",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ]),

    .target(
      name: "Simulator",
      dependencies: [
        "NodeCrypto", "Market", "Wire", "OrderBook", "Gossip", "Settlement", "NodeCore",
        .product(name: "DequeModule", package: "swift-collections"),
      ]),
    .executableTarget(
      name: "Simulate",
      dependencies: ["Gossip", "Simulator", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .target(
      name: "Explorer",
      dependencies: ["NodeCrypto", "Market", "Wire", "Gossip", "Settlement", "NodeCore", "Simulator"]),
    .executableTarget(
      name: "Explore",
      dependencies: ["Explorer", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

    .target(
      name: "Store",
      dependencies: [
        "NodeCrypto", "Market", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    .target(
      name: "Transport",
      dependencies: [
        "NodeCrypto",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "NodeAPI", dependencies: ["NodeCrypto", "Market", "Settlement"]),
    // Named NodeMetrics because a module named Metrics would clash with swift-metrics's.
    .target(name: "NodeMetrics", dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")]),
    .target(
      name: "NodeClient",
      dependencies: [
        "NodeAPI", .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    // The page is served as it stands: no build step, no dependency.
    .target(name: "Dashboard", dependencies: ["NodeCrypto"], resources: [.copy("Site")]),
    .target(name: "Hardware", dependencies: ["CNVML"]),
    .executableTarget(
      name: "P2PNode",
      dependencies: [
        "CLibedit", "CVersion", "Dashboard", "NodeCrypto", "Market", "OrderBook", "Gossip", "MarketData", "Settlement",
        "NodeCore", "Store", "Transport", "NodeAPI", "NodeClient", "NodeMetrics", "Wire", "Hardware",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(name: "MarketFiles", dependencies: ["Market"], path: "Testnet/MarketFiles"),
    .target(name: "NodeProcesses", path: "Testnet/Processes"),
    .executableTarget(
      name: "Testnet",
      dependencies: [
        "Market", "MarketFiles", "NodeAPI", "NodeClient", "NodeProcesses",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Testnet/Launcher"),
    // Preloaded into a node, never linked: it stands in front of the C library.
    .target(name: "CFaults", path: "Testnet/Faults"),
    // Loaded by a command of a test in the place of NVIDIA's library, never linked.
    .target(name: "CFakeNVML", path: "Tests/FakeNVML"),
    .executableTarget(
      name: "Torture",
      dependencies: [
        "NodeCrypto", "Market", "Store", "NodeAPI", "NodeClient", "NodeProcesses",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      path: "Testnet/Torture"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "CMalloc", "CSodium", "NodeCrypto", "Market", "MarketFiles", "OrderBook", "Settlement", "NodeAPI", "Gossip",
        "NodeCore", "Store", "NodeClient", "NodeProcesses", "Transport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Benchmarks"),

    // Stands in front of the C library's allocator in the program that it is linked into.
    .target(name: "CCounters", path: "Tests/CCounters"),
    .executableTarget(
      name: "Regressions",
      dependencies: ["CCounters", "NodeCrypto", "Market", "Wire", "OrderBook", "Gossip", "NodeCore"],
      path: "Tests/Regressions", exclude: ["thresholds.json"]),

    .testTarget(name: "CryptoTests", dependencies: ["NodeCrypto"]),
    .testTarget(name: "MarketTests", dependencies: ["Market", "NodeCrypto"]),
    // The plain reference that the order book is checked against, and a program that does it at length.
    .target(
      name: "BookChecking", dependencies: ["OrderBook", "Market", "NodeCrypto"], path: "Tests/BookChecking"),
    .executableTarget(name: "BookCheck", dependencies: ["BookChecking", "OrderBook"], path: "Tests/BookCheck"),
    .testTarget(
      name: "OrderBookTests", dependencies: ["BookChecking", "OrderBook", "Market", "NodeCrypto"],
      exclude: ["Fixtures"]),
    // One check for each parser of bytes that strangers write: run by a test on the kept inputs, and by libFuzzer.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "NodeCrypto", "Market", "Wire", "Gossip", "Settlement", "NodeCore", "Transport", "NodeAPI",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      path: "Tests/FuzzTargets"),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "NodeCrypto", "Market", "NodeAPI", "Settlement", "Wire"]),
    .testTarget(name: "GossipTests", dependencies: ["Gossip", "Market", "NodeCrypto", "Wire"]),
    .testTarget(name: "MarketDataTests", dependencies: ["MarketData", "Market", "NodeCrypto"]),
    .testTarget(name: "SettlementTests", dependencies: ["Settlement", "MarketData", "Market", "NodeCrypto", "Wire"]),
    .testTarget(
      name: "NodeCoreTests",
      dependencies: [
        "Simulator", "NodeCore", "Gossip", "Settlement", "OrderBook", "Market", "NodeCrypto", "Wire",
      ]),
    .testTarget(
      name: "SimulatorTests",
      dependencies: ["Simulator", "NodeCore", "Gossip", "Settlement", "Market", "NodeCrypto"]),
    .testTarget(name: "ExplorerTests", dependencies: ["Explorer"]),
    .testTarget(
      name: "StoreTests",
      dependencies: ["Store", "Market", "NodeCrypto", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "Transport", "NodeCrypto",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "NodeAPITests", dependencies: ["NodeAPI", "Market", "NodeCrypto", "Settlement"]),
    .testTarget(name: "HardwareTests", dependencies: ["Hardware"]),
    .testTarget(
      name: "ConsoleTests",
      dependencies: [
        "P2PNode", "NodeAPI", "NodeClient", "NodeCrypto", "Market", "Hardware",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .testTarget(
      name: "OperationsTests",
      dependencies: [
        "P2PNode", "NodeMetrics", "NodeAPI", "NodeCore", "NodeCrypto", "Gossip", "Settlement", "Market", "Transport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ]),
    .testTarget(
      name: "DashboardTests", dependencies: ["Dashboard"], exclude: ["Browser", "Modules"]),
    .testTarget(
      name: "TestnetTests",
      dependencies: [
        "Testnet", "Market", "MarketFiles", "NodeAPI", "NodeClient", "NodeCrypto", "NodeProcesses", "Settlement",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(
      name: "TortureTests",
      dependencies: [
        "Torture", "NodeAPI", "NodeProcesses",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: ["Benchmarks", "Market", "MarketFiles", "NodeCrypto", "OrderBook"]),
    .testTarget(
      name: "DocsTests",
      dependencies: [
        "NodeCore", "NodeAPI", "Gossip", "MarketData", "Settlement", "OrderBook", "Market", "NodeCrypto", "Wire",
      ],
      exclude: ["vectors"]),
    .testTarget(name: "StyleTests"),
    .testTarget(
      name: "ProcessTests",
      dependencies: [
        "P2PNode", "NodeAPI", "NodeClient", "NodeCrypto", "Market", "OrderBook", "Settlement", "Store", "Transport",
        "Gossip", "NodeCore", "Wire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["API"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = (target.swiftSettings ?? []) + strictness
}

// Parts of the package that build in a minute or two: the order book and its checks, for `make test-book`; the
// benchmarks; everything pure, without a network library; and the parsers, for `make fuzz`.
let book: Set = [
  "CSodium", "CMemory", "NodeCrypto", "Market", "OrderBook", "BookChecking", "BookCheck", "OrderBookTests",
]
let benchmarked: Set = [
  "CSodium", "CMalloc", "CMemory", "NodeCrypto", "Market", "MarketFiles", "OrderBook", "Wire", "MarketData",
  "Settlement", "NodeAPI",
]
let bench: Set = benchmarked.union(["Benchmarks", "BenchmarksTests", "Gossip", "NodeCore", "CCounters", "Regressions"])
let core: Set = [
  "CSodium", "CMemory", "NodeCrypto", "Market", "Wire", "OrderBook", "Gossip", "MarketData", "Settlement", "NodeCore",
  "NodeAPI", "Simulator", "Simulate", "Explorer", "Explore", "CryptoTests", "MarketTests", "GossipTests",
  "MarketDataTests", "SettlementTests",
  "NodeCoreTests", "SimulatorTests", "ExplorerTests", "NodeAPITests", "DocsTests", "StyleTests",
]
let fuzz: Set = [
  "CSodium", "CMemory", "NodeCrypto", "Market", "Wire", "OrderBook", "Gossip", "MarketData", "Settlement", "NodeCore",
  "Transport",
  "NodeAPI", "FuzzTargets", "FuzzTests", "Fuzz",
]
let part = Context.environment["P2PNODE_ONLY"]
if part == "fuzz" {
  // libFuzzer has the `main`, so it links only where `--sanitize fuzzer` is given, as scripts/fuzz does.
  package.targets.append(
    .executableTarget(
      name: "Fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}
if part == "bench" {
  // Without the node's rows, which need the network libraries.
  for target in package.targets where target.name == "Benchmarks" {
    target.exclude = ["Node"]
    target.dependencies.removeAll { dependency in
      guard case .byNameItem(let name, _) = dependency else { return true }
      return !benchmarked.contains(name)
    }
  }
} else {
  for target in package.targets where target.name == "Benchmarks" {
    target.swiftSettings = (target.swiftSettings ?? []) + [.define("NODE_BENCHMARKS")]
  }
}
if let part, let kept = ["book": book, "bench": bench, "core": core, "fuzz": fuzz][part] {
  package.targets.removeAll { !kept.contains($0.name) }
  let products = ["core": ["simulate", "explore"], "bench": ["benchmarks", "regressions"]][part] ?? []
  package.products.removeAll { !products.contains($0.name) }
  let used = Set(
    package.targets.flatMap(\.dependencies).compactMap { dependency in
      if case .productItem(_, let package?, _, _) = dependency { package } else { nil }
    })
  package.dependencies.removeAll { dependency in
    guard case .sourceControl(_, let location, _) = dependency.kind else { return true }
    return !used.contains { location.hasSuffix("/\($0)") }
  }
}
