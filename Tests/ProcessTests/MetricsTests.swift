import Foundation
import Testing

extension NodeProcessTests {
  @Suite("Metrics of a running node", .timeLimit(.minutes(5)))
  struct MetricsTests {
    /// Reads what Prometheus' own Python client makes of the text: the families, whether each is whole, and the samples.
    private static let program = """
      import json, sys
      from prometheus_client.parser import text_string_to_metric_families

      families = list(text_string_to_metric_families(open(sys.argv[1], encoding="utf-8").read()))
      names = [family.name for family in families]
      faults = [f"{name} twice" for name in set(names) if names.count(name) > 1]
      samples = {}
      for family in families:
          if not family.documentation or family.type == "unknown":
              faults.append(f"{family.name} has no HELP or TYPE")
          buckets = {}
          for sample in family.samples:
              labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
              if f"{sample.name}|{labels}" in samples:
                  faults.append(f"{sample.name} {labels} twice")
              samples[f"{sample.name}|{labels}"] = sample.value
              if family.type == "histogram":
                  key = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
                  if sample.name.endswith("_bucket"):
                      buckets.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
                  elif sample.name.endswith("_count") and buckets[key][-1][1] != sample.value:
                      faults.append(f"{family.name} counts {sample.value}, its last bucket {buckets[key][-1]}")
          for bounds in buckets.values():
              if bounds != sorted(bounds) or [b for _, b in bounds] != sorted(b for _, b in bounds):
                  faults.append(f"{family.name} is not cumulative")
      print(json.dumps({"faults": faults, "families": names, "samples": samples}))
      """

    private struct Parsed: Decodable {
      let faults: [String]
      let families: [String]
      let samples: [String: Double]
    }

    @Test(
      "prometheus_client reads the metrics of two nodes that have traded, and they say so",
      .enabled(
        if: TestPython.isInstalled, "scripts/setup --tests installs prometheus_client where PyPI can be reached"))
    func parsed() async throws {
      try await TestMarket.with { market in
        let provider = try market.node("provider")
        let renter = try market.node("renter")
        try await provider.start()
        try await renter.start(peers: [try await provider.address()])
        _ = try await provider.client.place(.offer(gpus: 4, priceMicros: 2_000_000))
        try await agreement(of: [provider, renter])
        _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 2_100_000))
        try await agreement(of: [provider, renter], trades: 1)
        _ = try await renter.command("bid", "0 h100-sxm-80g at 2.40 for 3h")

        for node in [provider, renter] {
          let answer = try RawRequest.get("/metrics", from: node)
          #expect(answer.status == 200)
          #expect(answer.head.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
          let parsed = try await parse(answer.body)
          #expect(parsed.faults == [])
          #expect(parsed.families.count > 50)
          func value(_ name: String) -> Double { parsed.samples[name] ?? -1 }
          #expect(value("p2pnode_ready|") == 1)
          #expect(value("p2pnode_state|state=running") == 1 && value("p2pnode_state|state=frozen") == 0)
          #expect(value("p2pnode_peers|") == 1)
          #expect(value("p2pnode_commands_total|command=place,result=done") == 1)
          #expect(value("p2pnode_command_seconds_count|command=place") >= 1)
          #expect(value("p2pnode_operations_total|operation=place,origin=own") == 1)
          #expect(value("p2pnode_operations_total|operation=place,origin=other") == 1)
          #expect(value("p2pnode_entries_verified_total|result=valid") >= 2)
          #expect(value("p2pnode_signatures_verified_total|result=invalid") == 0)
          #expect(value("p2pnode_own_entry_seconds_count|") >= 2)
          #expect(value("p2pnode_store_commit_seconds_count|") >= 2)
          #expect(value("p2pnode_traffic_bytes_total|direction=received") > 100)
          #expect(value("p2pnode_trades_settled|") == 1)
          #expect(value("process_resident_memory_bytes|") > 1e6)
          #expect(value("process_start_time_seconds|") > 1.7e9)
          #expect(!answer.body.contains(TestNode.passphrase))
        }
        let provided = try await parse(try RawRequest.get("/metrics", from: provider).body).samples
        let rented = try await parse(try RawRequest.get("/metrics", from: renter).body).samples
        #expect(provided["p2pnode_settlement_seconds_count|step=decide"] == 1)
        #expect(rented["p2pnode_settlement_seconds_count|step=answer"] == 1)
        #expect(rented["p2pnode_settlement_seconds_count|step=copy"] == 1)
        #expect(rented["p2pnode_dials_total|result=connected"] == 1)
      }
    }

    private func parse(_ text: String) async throws -> Parsed {
      let output = try await TestPython.run(Self.program, on: text)
      return try JSONDecoder().decode(Parsed.self, from: Data(output.utf8))
    }
  }
}
