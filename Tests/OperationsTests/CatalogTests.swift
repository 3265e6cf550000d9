import Foundation
import Gossip
import Market
import NodeCore
import NodeCrypto
import NodeMetrics
import Settlement
import Testing
import Transport

@testable import P2PNode

@Suite("The tables of docs/OPERATIONS.md, and the dashboard")
struct CatalogTests {
  private static let document = "docs/OPERATIONS.md"

  @Test("the table of metrics is that of the node")
  func metrics() throws {
    let rows = try Repository.table("| metric | type | labels | what it tells |", in: Self.document)
    let known = NodeMetricsCatalog.all.sorted { $0.name < $1.name }.map { metric in
      [
        "`\(metric.name)`", metric.kind.name, metric.labels.map { "`\($0.name)`" }.joined(separator: ", "),
        metric.help,
      ]
    }
    #expect(known.count > 50)
    #expect(rows == known)
  }

  @Test("the table of settings is that of the node")
  func settings() throws {
    let rows = try Repository.table("| key | default | allowed | what it does |", in: Self.document)
    let known = ConfigurationKey.all.map { key in
      ["`\(key.name)`", key.standard.map { "`\($0)`" } ?? "-", key.allowed, key.summary]
    }
    #expect(rows == known)
  }

  @Test("metrics follow Prometheus' conventions")
  func conventions() {
    for metric in NodeMetricsCatalog.all {
      #expect(metric.name.hasPrefix("p2pnode_") || metric.name.hasPrefix("process_"), "\(metric.name)")
      #expect(metric.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(metric.name)")
      #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
      if metric.kind == .histogram(.seconds) { #expect(metric.name.hasSuffix("_seconds"), "\(metric.name)") }
      #expect(!metric.help.isEmpty && !metric.help.contains("\n") && !metric.help.contains("|"), "\(metric.name)")
      for label in metric.labels { #expect(Set(label.values).count == label.values.count, "\(metric.name)") }
    }
    #expect(Set(NodeMetricsCatalog.all.map(\.name)).count == NodeMetricsCatalog.all.count)
  }

  @Test("every expression of the dashboard and of the alerts refers to metrics that there are")
  func expressions() throws {
    let dashboard = try JSONSerialization.jsonObject(with: Repository.data("Packaging/grafana/p2pnode.json"))
    let shown = Self.strings(named: ["expr", "definition"], in: dashboard)
    let alerts = try Repository.table("| alert | expression | why |", in: Self.document).map { $0[1] }
    #expect(shown.count > 30)
    #expect(alerts.count > 5)
    let known = Set(
      NodeMetricsCatalog.all.flatMap { metric -> [String] in
        if case .histogram = metric.kind { return ["_bucket", "_sum", "_count"].map { metric.name + $0 } }
        return [metric.name]
      })
    for expression in shown + alerts {
      let names = expression.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        .filter { $0.hasPrefix("p2pnode_") || $0.hasPrefix("process_") }
      #expect(!names.isEmpty, "\(expression)")
      for name in names { #expect(known.contains(String(name)), "\(name) in \(expression)") }
      for (name, value) in Self.matchers(expression) where name != "instance" {
        let metric = NodeMetricsCatalog.all.first { metric in
          names.contains { $0.hasPrefix(metric.name) } && metric.labels.contains { $0.name == name }
        }
        #expect(metric?.labels.first { $0.name == name }?.values.contains(value) == true, "\(value) in \(expression)")
      }
    }
  }

  @Test("every reason that the node can give is one of its metric's")
  func labels() {
    let transport: [DisconnectReason] = [
      .closedByPeer, .closedLocally(""), .shutdown, .connectionReset, .networkError(""), .truncatedFrame(byteCount: 1),
      .emptyFrame, .frameTooLong(byteCount: 1, limit: 1), .handshakeTimeout(limitMilliseconds: 1), .selfConnection,
      .idle(limitMilliseconds: 1), .slowPeer(queuedByteCount: 1, limit: 1),
      .congested(queuedByteCount: 1, limitMilliseconds: 1), .tooManyConnections(limit: 1),
      .tooManyConnectionsFromAddress(limit: 1), .handshakeRefused(.authenticationFailed),
      .sessionFailed(.authenticationFailed),
    ]
    #expect(Set(transport.map(\.label)).union([MetricDefinition.other]) == Set(NodeMetricsCatalog.disconnectReasons))
    let causes: [DisconnectCause] = [
      .misbehaved(""), .duplicate, .banned, .full(maximum: 1), .silent(milliseconds: 1), .unreliable, .idle, .refused,
      .evicted, .replaced, .surplus, .probed, .unlinked, .givenUp,
    ]
    #expect(causes.map(\.metricLabel) == NodeMetricsCatalog.disconnectCauses)
    let reasons = [RejectReason.orderClosed, .noCapacity, .badTerms, .stopping, .noHold].map(\.metricLabel)
    let rejects = NodeMetricsCatalog.all.first { $0.name == "p2pnode_trade_rejects_total" }
    #expect(reasons == rejects?.labels.last?.values)
    let (id, node) = (OrderID(word0: 1, word1: 2, word2: 3, word3: 4), NodeID(word0: 1, word1: 2, word2: 3, word3: 4))
    let refusals: [CommandRefusal] = [
      .tooManyOrders(maximum: 1), .notWriting(.recovering), .notWriting(.stopping), .notWriting(.rotated),
      .notWriting(.frozen), .storeFailing(""), .notDurableYet(""), .stillOpen(""), .staleHandover(sequence: 1),
      .policy(PolicyViolation(rule: "", value: "", allowed: "")), .order(.field("", value: "", allowed: "")),
      .newcomer(gpus: 1, openGPUs: 1, maximum: 1, settled: 0, trades: 1), .noSuchOrder(id),
      .wouldTake(counterOrder: id, price: Price(micros: 1)), .badHandover(successor: node),
    ]
    #expect(Set(refusals.map(\.metricLabel)) == Set(NodeMetricsCatalog.refusals))
  }

  /// The texts under the given keys anywhere in a JSON document.
  private static func strings(named keys: Set<String>, in value: Any) -> [String] {
    if let list = value as? [Any] { return list.flatMap { strings(named: keys, in: $0) } }
    guard let object = value as? [String: Any] else { return [] }
    return object.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
      if keys.contains(key), let text = value as? String { return [text] }
      return strings(named: keys, in: value)
    }
  }

  /// The labels that an expression names with their values.
  private static func matchers(_ expression: String) -> [(String, String)] {
    expression.matches(of: /(\w+)="(\w+)"/).map { (String($0.output.1), String($0.output.2)) }
  }
}
