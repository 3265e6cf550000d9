import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite(
    "The console on a terminal", .sharedMarket,
    .enabled(if: TerminalSession.obstacle == nil, Comment(rawValue: TerminalSession.obstacle ?? "")),
    .timeLimit(.minutes(5)))
  struct TerminalTests {
    private let seller: TestNode
    private let buyer: TestNode

    init() throws {
      let shared = try #require(SharedMarket.current)
      (seller, buyer) = (shared.first, shared.second)
    }

    private func console(of node: TestNode, columns: Int = 100) async throws -> TerminalSession {
      let session = try await TerminalSession(
        Self.shell("\"$@\"; echo left with $?; exec cat", NodeBinary.path, "console", "--data", node.directory),
        columns: columns)
      try await session.see("the prompt") { $0.last?.hasSuffix("running>") == true }
      return session
    }

    /// A shell that runs `script`, in which `$@` is a command.
    private static func shell(_ script: String, _ command: String...) -> [String] {
      ["sh", "-c", script, "sh"] + command
    }

    /// The prompt with what is typed behind it; where a line ends, its blanks do not show.
    /// What is typed before the editor reads may stand on its line once more.
    private func isTyping(_ text: String) -> ([String]) -> Bool {
      let text = text.filter { $0 != " " }
      return {
        let screen = $0.joined().filter { $0 != " " }
        return screen.contains("running>" + text) && screen.hasSuffix(text)
      }
    }

    @Test("a fill is told of above the line that is being typed, which goes on where it was", arguments: [100, 46])
    func notice(columns: Int) async throws {
      let session = try await console(of: seller, columns: columns)
      let half = "offer 3 a100-sxm-80g at 77.77 for 1h in EU-"
      try await session.type(half)
      try await session.see("the half-typed line", isTyping(half))
      let price: Int64 = columns == 100 ? 3_330_000 : 3_340_000
      try await Self.trade(seller, buyer, priceMicros: price)
      let isTold: (String) -> Bool = { $0.hasPrefix("sold 2 x h100-sxm-80g at 3.3") }
      let screen = try await session.see("the fill above the line") {
        $0.contains(where: isTold) && isTyping(half)($0)
      }
      let told = try #require(screen.firstIndex(where: isTold))
      let prompt = try #require(screen.lastIndex { $0.contains("running>") })
      #expect(told < prompt)
      #expect(screen.count { $0.contains("running>") } == 1)
      try await session.type("FR")
      try await session.press("Enter")
      try await session.see("the offer as understood") {
        $0.joined().contains("77.77") && $0.last?.hasSuffix("running>") == true
      }
      let orders: [OrderDocument] = try await seller.client.orders(.mine)
      #expect(orders.contains { $0.priceMicros == 77_770_000 && $0.gpus == 3 && $0.attributes?.region == "EU-FR" })
    }

    /// Lets two nodes trade.
    private static func trade(_ seller: TestNode, _ buyer: TestNode, priceMicros: Int64) async throws {
      let before = try await buyer.client.trades(.mine).count
      let offer = try await seller.client.place(.offer(gpus: 2, priceMicros: priceMicros))
      try await eventually("the offer reaches the buyer") { try await buyer.client.order(offer.id).state == "open" }
      _ = try await buyer.client.place(.bid(gpus: 2, priceMicros: priceMicros))
      try await eventually("they trade") {
        try await buyer.client.trades(.mine).filter { $0.state == "settled" }.count > before
      }
    }

    @Test("Tab completes commands, classes and the ids of open orders, also of one that came after the prompt")
    func completion() async throws {
      let session = try await console(of: seller)
      try await session.type("dep")
      try await session.press("Tab")
      try await session.type("h1")
      try await session.press("Tab")
      try await session.see("the whole command", isTyping("depth h100-sxm-80g"))
      try await session.press("C-u")
      let order = try await seller.client.place(.offer(gpus: 1, priceMicros: 9_000_000))
      // Events come when they come, so Tab is pressed until the order is among what it offers.
      try await eventually("the new order is offered") {
        try await session.press("C-u")
        try await session.type("why \(order.id.prefix(6))")
        try await session.press("Tab")
        return try await session.screen().joined().hasSuffix("why \(order.id.prefix(10))")
      }
      try await session.press("Enter")
      try await session.see("the explanation") {
        $0.contains { $0.contains(order.id.prefix(10)) && !$0.contains("why") }
      }
    }

    @Test("watch shows the book live, and q and ^C leave the screen as it was", arguments: ["q", "C-c"])
    func watch(key: String) async throws {
      let session = try await console(of: buyer)
      try await session.type("watch book a100-sxm-80g")
      let before = try await session.see("the command", isTyping("watch book a100-sxm-80g"))
      try await session.press("Enter")
      try await session.see("the live screen") { $0.first?.hasPrefix("book a100-sxm-80g  q leaves") == true }
      let price = key == "q" ? "41.41" : "42.42"
      var offer = OrderRequest(
        side: "offer", gpuClasses: ["a100-sxm-80g"], gpus: 5, priceMicros: key == "q" ? 41_410_000 : 42_420_000)
      offer.durationMs = 3_600_000
      let order = try await seller.client.place(offer)
      try await session.see("the new offer") { $0.contains { $0.contains(price) } }
      _ = try await seller.client.cancel(order.id)
      try await session.see("that it has gone") { !$0.contains { $0.contains(price) } }
      try await session.press(key)
      let after = try await session.see("the prompt") { $0.last?.hasSuffix("running>") == true }
      // See isTyping.
      let command = "watch book a100-sxm-80g"
      let typed = try #require(before.last)
      #expect([before[...], (before.dropLast() + [typed + command])[...]].contains(after.dropLast()))
      try await session.type("status")
      try await session.see("what is typed", isTyping("status"))
    }

    @Test("watch from the shell leaves with exit status 0, and a signal that ends it gives the terminal back too")
    func oneShot() async throws {
      let script = "echo before; \"$@\"; echo left with $?; stty -a; exec cat"
      let words = Self.shell(script, NodeBinary.path, "watch", "status", "--data", buyer.directory)
      for (signal, status) in [(nil, 0), (SIGTERM, 128 + SIGTERM), (SIGHUP, 128 + SIGHUP)] as [(Int32?, Int32)] {
        let session = try await TerminalSession(words)
        try await session.see("the live screen") { $0.first?.hasPrefix("status  q leaves") == true }
        if let signal { try await session.send(signal) } else { try await session.press("q") }
        let screen = try await session.see("the shell") { $0.contains { $0.contains("icanon") } }
        #expect(screen.first == "before")
        #expect(screen.contains("left with \(status)"))
        let settings = screen.joined(separator: " ").split(separator: " ")
        #expect(settings.contains("icanon") && settings.contains("echo") && settings.contains("isig"))
      }
    }

    @Test("the history outlives the console and is the owner's alone")
    func history() async throws {
      let first = try await console(of: buyer)
      try await first.type("why 0123456789")
      try await first.press("Enter")
      try await first.see("the answer") { $0.contains { $0.contains("no order begins") } }
      try await first.type("quit")
      try await first.press("Enter")
      try await first.see("the end") { $0.contains("left with 0") }
      let attributes = try FileManager.default.attributesOfItem(atPath: buyer.file("history"))
      #expect((attributes[.posixPermissions] as? Int) == 0o600)
      let second = try await console(of: buyer)
      try await second.press("Up", "Up")
      try await second.see("the older line", isTyping("why 0123456789"))
    }

    @Test("a script and a pipe have no screen, and say so")
    func noScreen() async throws {
      let script = try await buyer.command("console", input: "watch book a100-sxm-80g\nclasses\n")
      #expect(script.exit == .status(1))
      #expect(
        script.error
          == "line 1: error: watch needs a terminal, and no --json; allowed here: book a100-sxm-80g\n")
      #expect(script.output.contains("a100-sxm-80g"))
      let command = try await buyer.command("watch", "book")
      #expect(command == .failure("error: watch needs a terminal, and no --json; allowed here: book"))
      let near = try await buyer.command("console", input: "watch bok\nhelp wath\n")
      #expect(near.error.contains("\"bok\" is not understood; did you mean book?"))
      #expect(near.error.contains("\"wath\" is not a command; did you mean watch?"))
    }
  }
}
