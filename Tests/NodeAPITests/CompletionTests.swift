import NodeAPI
import Testing

@Suite("Completion")
struct CompletionTests {
  private let completion = CommandCompletion(
    gpuClasses: ["h100-sxm-80g", "h100-nvl-94g", "h200-sxm-141g"], ownOrders: ["3f2a9c81ab", "3f2b000000"])

  private func words(_ line: String) -> [String] { completion.candidates(before: line).words }

  @Test(
    "the next word depends on those before",
    arguments: [
      ("o", ["offer", "orders"]), ("  of", ["offer"]), ("OFF", ["offer"]), ("offer ", ["from-hardware"]),
      ("offer 8", []),
      ("offer from-hardware h2", ["h200-sxm-141g"]), ("offer from-hardware 4 a", ["at"]),
      ("offer from-hardware h200-sxm-141g a", ["at"]), ("offer from-hardware at ", []),
      ("offer from-hardware at 2 f", ["for", "from", "fok"]),
      ("offer from-hardware 4 h200-sxm-141g at 2 for 1h f", ["from", "fok"]),
      ("offer 8 h2", ["h200-sxm-141g"]), ("offer 8 h100-sxm-80g ", ["at"]), ("offer 8 h100-sxm-80g a", ["at"]),
      ("offer 8 h100-sxm-80g at ", []), ("offer 8 h100-sxm-80g at 2 f", ["for", "from", "fok"]),
      ("offer 8 h100-sxm-80g at 2 for ", []), ("offer 8 h100-sxm-80g at 2 for 1h f", ["from", "fok"]),
      ("offer 8 h100-sxm-80g at 2 w", ["watts"]), ("bid 8 h100-sxm-80g at 2 w", ["within", "watts"]),
      ("offer 8 h100-sxm-80g at 2 lease ", ["at"]), ("offer 8 h100-sxm-80g at 2 lease at ", ["least"]),
      ("offer 8 h100-sxm-80g at 2 lease at least ", []), ("bid 1 h100-sxm-80g at 2 watts at ", ["most"]),
      ("bid 1 h100-sxm-80g at 2 pieces ", ["of"]), ("bid 1 h100-sxm-80g at 2 pieces of ", []),
      ("bid 1 h100-sxm-80g at 2 expires ", ["in", "at"]), ("bid 1 h100-sxm-80g at 2 expires in ", []),
      ("bid 1 h100-sxm-80g,h2", ["h200-sxm-141g"]), ("bid 1 h100-sxm-80g, h2", ["h200-sxm-141g"]),
      ("cancel ", ["3f2a9c81ab", "3f2b000000"]), ("why 3f2a", ["3f2a9c81ab"]), ("cancel 3f2a ", []),
      ("book h1", ["h100-sxm-80g", "h100-nvl-94g"]), ("book h100-sxm-80g ", ["top"]), ("trades ", ["all"]),
      ("help sta", ["status"]), ("status ", []), ("nonsense ", []),
    ])
  func candidates(line: String, expected: [String]) {
    #expect(words(line) == expected)
  }

  @Test("an empty line may become every command")
  func everything() {
    #expect(words("") == CommandName.allCases.map(\.rawValue))
  }

  @Test("what all candidates share is typed for the person")
  func commonPrefix() {
    #expect(completion.candidates(before: "book h1").commonPrefix == "h100-")
    #expect(completion.candidates(before: "book x").commonPrefix == "x")
    #expect(completion.candidates(before: "bid 1 h100-sxm-80g,h2").typed == "h2")
  }
}

@Suite("Completion of orders in full")
struct OrderCompletionTests {
  private let completion = CommandCompletion(gpuClasses: ["h100-sxm-80g"], ownOrders: ["3f2a9c81ab"])

  @Test(
    "flags, demands, amend, quote and depth are completed",
    arguments: [
      ("am", ["amend"]), ("q", ["quote", "quit"]), ("dep", ["depth"]), ("bid 4 a", ["any"]), ("offer 4 a", []),
      ("bid 4 any ", ["at"]), ("bid 4 h100-sxm-80g at 2 p", ["pieces", "probed", "providers", "post-only"]),
      ("bid 4 h100-sxm-80g at 2 ioc p", ["pieces", "probed", "providers"]),
      ("bid 4 h100-sxm-80g at 2 providers 3f2a not", []), ("bid 4 h100-sxm-80g at 2 not", ["not-providers"]),
      ("bid 4 h100-sxm-80g at 2 fok s", ["split"]), ("bid 4 h100-sxm-80g at 2 s", ["split"]),
      ("bid 4 h100-sxm-80g at 2 vram ", ["at"]), ("bid 4 h100-sxm-80g at 2 vram at ", ["least"]),
      ("bid 4 h100-sxm-80g at 2 failures at ", ["most"]), ("bid 4 h100-sxm-80g at 2 trades at least ", []),
      ("bid 4 h100-sxm-80g at 2 providers ", []), ("bid 4 h100-sxm-80g at 2 providers 3f2a, ", []),
      ("amend ", ["3f2a9c81ab"]), ("amend 3f2a g", ["gpus", "gtc"]), ("amend 3f2a gpus ", []),
      ("amend 3f2a at ", []), ("amend 3f2a at 2 wi", ["within", "without"]), ("amend 3f2a io", []),
      ("amend 3f2a without wa", ["watts"]), ("amend 3f2a without region,wa", ["watts"]),
      ("amend 3f2a class ", ["h100-sxm-80g", "any"]), ("quote 4 h100-sxm-80g a", ["at", "all-or-none"]),
      ("quote 4 h100-sxm-80g f", ["for", "from", "failures"]),
      ("quote 4 h100-sxm-80g at 2 f", ["for", "from", "failures"]),
      ("quote 4 h100-sxm-80g for 3h wi", ["within"]), ("depth h", ["h100-sxm-80g"]),
      ("depth h100-sxm-80g ", ["for", "gpus"]), ("depth h100-sxm-80g for ", []),
      ("depth h100-sxm-80g for 2h ", ["gpus"]),
    ])
  func candidates(line: String, expected: [String]) {
    #expect(completion.candidates(before: line).words == expected)
  }
}
