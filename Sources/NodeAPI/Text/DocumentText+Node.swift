import Market

extension DocumentText {
  /// The node at a glance.
  public func status(_ status: StatusDocument) -> String {
    var table = TextTable([.init(""), .init("")])
    func line(_ name: String, _ text: String, _ style: TextStyle = .plain) {
      table.append([.init(name, .dim), .init(text, style)])
    }
    line("node", status.node, .cyan)
    for key in status.predecessors ?? [] { line("before", key) }
    line("network", "\(status.networkName) (\(Self.short(status.network)))")
    let uptime = DurationText.brief(milliseconds: status.uptimeMs)
    line("state", "\(status.state) for \(uptime), version \(status.version)", state(status.state))
    if let trouble = status.trouble { line("trouble", trouble, .red) }
    line("listens on", status.listen ?? "nothing: peers cannot dial this node")
    line("peers", String(status.peers), status.peers == 0 ? .yellow : .plain)
    line("book", status.bookDigest)
    line("", "\(Self.count(status.orders, "open order")) as of \(time.short(milliseconds: status.bookTimeMs))")
    let frozen = status.frozenFeeds == 0 ? "" : ", \(Self.count(status.frozenFeeds, "feed")) frozen for fraud"
    let pruned = status.prunedEntries == 0 ? "" : " (\(status.prunedEntries) of them pruned)"
    line(
      "feeds",
      "\(Self.count(status.feeds, "feed")), \(entries(status.entries))\(pruned), own at \(status.ownSequence)\(frozen)")
    let undecided = status.undecided == 0 ? "" : ", \(status.undecided) undecided"
    line("trades", "\(status.trades) settled, \(status.ownTrades) of them yours\(undecided)")
    return table.render(colours: colours)
  }

  private func entries(_ count: Int64) -> String { count == 1 ? "1 entry" : "\(count) entries" }

  /// The connected peers.
  public func peers(_ peers: [PeerDocument]) -> String {
    guard !peers.isEmpty else {
      return "No peers are connected. The node goes on dialing those it knows; status shows where it listens."
    }
    var table = TextTable([
      .init("NODE"), .init("ADDRESS"), .init("DIRECTION"), .init("AGENT"), .init("BOOK"), .init("AGREES"),
      .init("ENTRIES", .right), .init("ROUND TRIP", .right), .init("CONNECTED", .right), .init("TRADES"),
    ])
    for peer in peers {
      let agrees: TextTable.Cell =
        switch peer.agrees {
        case true?: .init("yes", .green)
        case false?: .init("no", .yellow)
        case nil: .init("-", .dim)
        }
      table.append([
        .init(Self.short(peer.node), .cyan), .init(peer.address), .init(peer.direction), .init(peer.agent),
        .init(peer.bookDigest.map(Self.short) ?? "-"), agrees, .init(peer.entries.map { String($0) } ?? "-"),
        .init(peer.roundTripMs.map { "\($0)ms" } ?? "-"),
        .init(DurationText.brief(milliseconds: peer.connectedMs)), record(peer.record),
      ])
    }
    return table.render(colours: colours)
  }

  /// What the console says when it opens.
  public func welcome(_ status: StatusDocument) -> String {
    let node = style(Self.short(status.node), .cyan)
    let peers = Self.count(status.peers, "peer")
    return "\(style(status.networkName, .bold)): node \(node), \(peers), \(Self.count(status.orders, "open order"))\n"
      + style("Tab completes, help lists the commands, quit leaves; the node goes on.", .dim)
  }
}
