import Foundation
import Hardware
import Market
import NodeAPI
import NodeClient
import Synchronization

/// Runs command lines on a node and renders the answers: the one grammar and the one renderer behind the console,
/// scripts and the one-shot commands.
final class CommandInterpreter: Sendable {
  /// How results are printed.
  enum Format: Equatable, Sendable {
    /// For a person.
    case text(colours: Bool)
    /// For a program: one document for each command.
    case json(NodeJSON.Layout)
  }

  /// How long a node may take to stop.
  static let stopDeadline = Duration.seconds(60)

  let client: any NodeAPIClient
  let format: Format
  private let calendar: LocalCalendar
  /// Where `watch` shows what it watches; nil where there is none.
  let screen: (any LiveScreen)?
  private let readsStandardInput: Bool
  private let pollInterval: Duration
  private let clock: @Sendable () -> Timestamp
  /// What reads this machine's GPUs.
  let probe: @Sendable () async -> HardwareReport
  /// A network never changes, so it is asked for once.
  private let knownNetwork = Mutex<NetworkDocument?>(nil)

  /// An interpreter of lines for `client`'s node.
  ///
  /// - Parameters:
  ///   - screen: where `watch` shows what it watches; nil without a terminal.
  ///   - readsStandardInput: whether `verify -` may read it: not when it is where the lines come from.
  ///   - pollInterval: how often a stopping node is asked whether it is still there.
  ///   - clock: the moment at which a line is written.
  ///   - probe: what reads this machine's GPUs.
  init(
    client: any NodeAPIClient, format: Format, calendar: LocalCalendar = LocalCalendar(),
    screen: (any LiveScreen)? = nil, readsStandardInput: Bool = false, pollInterval: Duration = .milliseconds(50),
    clock: @escaping @Sendable () -> Timestamp = CommandInterpreter.systemClock,
    probe: @escaping @Sendable () async -> HardwareReport = { await HardwareProbe.read() }
  ) {
    self.client = client
    self.format = format
    self.calendar = calendar
    self.screen = screen
    self.readsStandardInput = readsStandardInput
    self.pollInterval = pollInterval
    self.clock = clock
    self.probe = probe
  }

  /// The system's clock.
  static func systemClock() -> Timestamp {
    Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
  }

  var colours: Bool { format == .text(colours: true) }

  /// Runs one line of a console or script; an empty line or a comment does nothing.
  func run(line: String) async -> CommandResult {
    do {
      let words = try CommandParser.words(of: line)
      return words.isEmpty ? CommandResult() : await run(words)
    } catch {
      return failure(error)
    }
  }

  /// Runs the command that `words`, of which there is at least one, spell.
  func run(_ words: [String]) async -> CommandResult {
    do throws(CommandFailure) {
      let command = try await parse(words)
      if case .watch(let watched) = command { return await watch(watched, words: words.dropFirst()) }
      return try await perform(command)
    } catch {
      return failure(error)
    }
  }

  /// Runs a command that was understood before.
  func run(_ command: Command) async -> CommandResult {
    do throws(CommandFailure) { return try await perform(command) } catch { return failure(error) }
  }

  private func failure(_ error: CommandFailure) -> CommandResult {
    switch error {
    case .line(let error): failure(error)
    case .node(let error): failure(error.problem)
    case .file(let error):
      failure(kind: "bad-file", title: "The file was not read", status: 400, detail: error.description)
    case .hardware(let error):
      failure(
        kind: "hardware", title: "The machine has not what the offer says", status: 400, detail: error.description)
    }
  }

  /// The network, asked for once.
  func network() async throws(NodeClientError) -> NetworkDocument {
    if let network = knownNetwork.withLock({ $0 }) { return network }
    let network = try await client.network()
    knownNetwork.withLock { $0 = network }
    return network
  }

  private func parse(_ words: [String]) async throws(CommandFailure) -> Command {
    var gpuClasses: [String] = []
    var currency = ""
    let name = CommandName(word: words[0])
    switch name == .watch ? words.dropFirst().first.flatMap(CommandName.init(word:)) : name {
    case .offer, .bid, .amend, .quote, .book, .depth, .candles:
      let network = try await ask { () async throws(NodeClientError) in try await self.network() }
      gpuClasses = network.gpuClasses.map(\.id)
      currency = network.currency
    default: break
    }
    let parser = CommandParser(gpuClasses: gpuClasses, currency: currency, now: clock(), calendar: calendar)
    do { return try parser.parse(words) } catch { throw .line(error) }
  }

  private func perform(_ command: Command) async throws(CommandFailure) -> CommandResult {
    switch command {
    case .quit: return CommandResult(endsSession: true)
    case .help(let name): return help(name)
    case .verify(let file): return try await verify(file)
    case .stop: return try await stop()
    case .amend(let id, let draft): return try await amend(id, draft)
    case .devices: return await devices()
    case .offerHardware(let offer):
      return try await perform(.place(try await complete(offer)))
    default: break
    }
    return try await ask { () async throws(NodeClientError) in
      let text = try await self.documentText()
      return switch command {
      case .place(let request): self.show(try await self.client.place(request), text.order)
      case .quote(let request): self.show(try await self.client.quote(request), text.quote)
      case .depth(let id, let span, let gpus):
        self.show(try await self.client.depth(gpuClass: id, spanMs: span, gpus: gpus), text.depth)
      case .index: self.show(try await self.client.index(), text.index)
      case .candles(let id, let range):
        self.show(try await self.client.candles(gpuClass: id, range)) {
          text.candles($0, gpuClass: id, range: range)
        }
      case .cancel(let id): self.show(try await self.cancel(id), text.order)
      case .summary: self.show(try await self.client.book(), text.summary)
      case .book(let id, let limit): self.show(try await self.client.book(gpuClass: id, limit: limit), text.book)
      case .orders(let scope):
        self.show(try await self.client.orders(scope)) { text.orders($0, scope: scope) }
      case .trades(let scope):
        self.show(try await self.client.trades(scope)) { text.trades($0, scope: scope) }
      case .receipts(let scope): self.receipts(try await self.client.receipts(scope), scope: scope)
      case .why(let id): self.show(try await self.client.why(id), text.why)
      case .proofs: self.show(try await self.client.proofs(), text.proofs)
      case .record(let node): self.show(try await self.client.record(node), text.record)
      case .peers: self.show(try await self.client.peers(), text.peers)
      case .status: self.show(try await self.client.status(), text.status)
      case .classes:
        self.show(try await self.network().gpuClasses) { DocumentText.classes($0, colours: self.colours) }
      case .quit, .help, .verify, .stop, .amend, .watch, .devices, .offerHardware: CommandResult()
      }
    }
  }

  /// Makes requests, and their failure one of the command.
  private func ask<Answer>(
    _ requests: () async throws(NodeClientError) -> Answer
  ) async throws(CommandFailure) -> Answer {
    do { return try await requests() } catch { throw .node(error) }
  }

  /// What the machine makes of an offer from the hardware.
  private func complete(_ offer: HardwareOffer) async throws(CommandFailure) -> OrderRequest {
    let network = try await ask { () async throws(NodeClientError) in try await self.network() }
    let machine = await machine(classes: network.gpuClasses)
    do { return try offer.request(from: machine, network: network.gpuClasses) } catch { throw .hardware(error) }
  }

  /// The first digits of an id are completed by asking for the order, so that what is cancelled is what was meant.
  private func cancel(_ id: String) async throws(NodeClientError) -> OrderDocument {
    try await client.cancel(try await client.order(id).id)
  }

  /// What an order can have depends on its side, so the order is asked for first.
  private func amend(_ id: String, _ draft: AmendDraft) async throws(CommandFailure) -> CommandResult {
    let order = try await ask { () async throws(NodeClientError) in try await self.client.order(id) }
    let changes: AmendRequest
    do { changes = try draft.request(for: order.side) } catch { throw .line(error) }
    return try await ask { () async throws(NodeClientError) in
      let text = try await self.documentText()
      return self.show(try await self.client.amend(order.id, changes), text.amended)
    }
  }

  func documentText() async throws(NodeClientError) -> DocumentText {
    DocumentText(network: try await network(), now: clock(), calendar: calendar, colours: colours)
  }

  private func help(_ name: CommandName?) -> CommandResult {
    let names = name.map { [$0] } ?? CommandName.allCases
    return show(names.map(CommandDocument.init)) { _ in
      name.map { DocumentText.help($0, colours: colours) } ?? DocumentText.help(colours: colours)
    }
  }

  private func verify(_ path: String) async throws(CommandFailure) -> CommandResult {
    var verdicts: [ReceiptVerdict]
    do { verdicts = try ReceiptFile.check(path, readsStandardInput: readsStandardInput) } catch { throw .file(error) }
    await noteHandovers(&verdicts)
    var result = show(verdicts) { DocumentText.verdicts($0, time: offlineTime, colours: colours) }
    result.isSuccess = verdicts.allSatisfy(\.valid)
    return result
  }

  /// A list of receipts, wherever it was read.
  func receipts(_ receipts: [ReceiptDocument], scope: ListScope) -> CommandResult {
    show(receipts) { DocumentText.receipts($0, scope: scope, time: offlineTime, colours: colours) }
  }

  private var offlineTime: TimeText { TimeText(calendar: calendar, now: clock(), showsSeconds: true) }

  /// Asks the node to stop, and returns when nothing answers any more.
  private func stop() async throws(CommandFailure) -> CommandResult {
    do throws(NodeClientError) {
      try await client.stop()
    } catch {
      // A node that stops at once may close the connection before its answer is through.
      guard case .connectionLost = error else { throw .node(error) }
    }
    let start = ContinuousClock.now
    while true {
      do throws(NodeClientError) {
        _ = try await client.status()
      } catch {
        switch error {
        case .noNode: return show(StateDocument(state: "stopped")) { _ in "The node has stopped." }
        case .connectionLost, .timeout, .problem: break
        default: throw .node(error)
        }
      }
      guard ContinuousClock.now - start < Self.stopDeadline else {
        throw .node(.timeout(request: "stop", seconds: Self.stopDeadline.components.seconds))
      }
      try? await Task.sleep(for: pollInterval)
      guard !Task.isCancelled else { throw .node(.cancelled(request: "stop")) }
    }
  }

  func show<Document: Encodable>(_ document: Document, _ text: (Document) -> String) -> CommandResult {
    switch format {
    case .text: CommandResult(output: text(document))
    case .json(let layout): CommandResult(output: Self.json(document, layout))
    }
  }

  private static func json(_ document: some Encodable, _ layout: NodeJSON.Layout) -> String {
    do {
      return try NodeJSON.text(document, layout: layout)
    } catch {
      preconditionFailure("a document does not encode: \(error)")
    }
  }

  /// The result of a line that was not understood.
  private func failure(_ error: CommandError) -> CommandResult {
    let result = failure(
      kind: "bad-command", title: "The command was not understood", status: 400, detail: error.description)
    guard case .text = format, error.words.count > 1 else { return result }
    var pointed = result
    pointed.failure = error.pointer + "\n" + (result.failure ?? "")
    return pointed
  }

  /// The result of a command that failed for a reason of the client's own.
  func failure(kind: String, title: String, status: Int, detail: String) -> CommandResult {
    failure(ProblemDocument(type: "urn:p2pnode:\(kind)", title: title, status: status, detail: detail))
  }

  func failure(_ problem: ProblemDocument) -> CommandResult {
    let isColoured = colours && Terminal.showsColours(.error)
    let label = TextStyle.red.apply(to: "error:", colours: isColoured)
    var result = CommandResult(failure: "\(label) \(TerminalText.clean(problem.detail))", isSuccess: false)
    if case .json(let layout) = format { result.output = Self.json(problem, layout) }
    return result
  }
}

/// Why a command did not succeed.
private enum CommandFailure: Error {
  case line(CommandError)
  case node(NodeClientError)
  case file(ReceiptFileReadError)
  case hardware(HardwareOfferError)
}

/// A command as `help --json` prints it.
private struct CommandDocument: Encodable {
  let command: String
  let usage: String
  let summary: String

  init(_ name: CommandName) {
    command = name.rawValue
    usage = name.usage
    summary = name.summary
  }
}

/// What became of the node.
private struct StateDocument: Encodable {
  let state: String
}
