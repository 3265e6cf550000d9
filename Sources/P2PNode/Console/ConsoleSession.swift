import NodeAPI
import NodeClient

/// Runs the lines of a source one after the other.
struct ConsoleSession: Sendable {
  let interpreter: CommandInterpreter
  /// What reaches a person who is typing.
  var feed = ConsoleFeed()
  /// Where text goes: the stream, and the text without a line break at its end. False when it was not taken: then nobody is
  /// there any more, and the session ends.
  let write: @Sendable (Terminal.Stream, String) -> Bool

  /// Talks with a person, who has the prompt to see the node's state by. ^C while a command runs ends the wait for its
  /// answer.
  ///
  /// - Returns: whether there was a node to talk to when the session began.
  func converse(_ lines: some LineSource) async -> Bool {
    let status: StatusDocument
    do {
      status = try await interpreter.client.status()
    } catch {
      _ = write(.error, "error: \(TerminalText.clean(error.description))")
      return false
    }
    if let text = try? await interpreter.documentText(), !write(.output, text.welcome(status)) { return false }
    let listener = Task { [interpreter, feed] in await FillListener(interpreter: interpreter, feed: feed).run() }
    defer { listener.cancel() }
    let interrupts = InterruptHandler()
    while let line = await nextLine(lines) {
      let result = await interrupts.run { await interpreter.run(line: line) }
      guard show(result, line: nil) else { return false }
      if result.endsSession { return true }
    }
    // ^D leaves the cursor behind the prompt.
    _ = write(.output, "")
    return true
  }

  /// Runs a script to its end, whatever fails.
  ///
  /// - Returns: whether every line succeeded.
  func runScript(_ lines: some LineSource) async -> Bool {
    var isSuccess = true
    var number = 0
    while let line = await lines.next(prompt: "", completion: CommandCompletion()) {
      number += 1
      let result = await interpreter.run(line: line)
      guard show(result, line: number) else { return false }
      isSuccess = isSuccess && result.isSuccess
      if result.endsSession { break }
    }
    return isSuccess
  }

  private func show(_ result: CommandResult, line: Int?) -> Bool {
    let isShown = result.output.isEmpty || write(.output, result.output)
    if let failure = result.failure { _ = write(.error, line.map { "line \($0): \(failure)" } ?? failure) }
    return isShown
  }

  private func nextLine(_ lines: some LineSource) async -> String? {
    let client = interpreter.client
    async let status = try? client.status()
    async let orders = try? client.orders(.mine)
    async let network = try? interpreter.network()
    let completion = CommandCompletion(
      gpuClasses: await network?.gpuClasses.map(\.id) ?? [], orders: await orders ?? [])
    return await lines.next(prompt: prompt(await status), completion: completion)
  }

  /// `local testnet> `, and the state in between when it is not the usual one.
  func prompt(_ status: StatusDocument?) -> String {
    let colours = interpreter.colours
    guard let status else { return TextStyle.red.apply(to: "no node", colours: colours) + "> " }
    let name = TextStyle.bold.apply(to: TerminalText.clean(status.networkName), colours: colours)
    let state = status.trouble == nil ? status.state : "trouble"
    let style: TextStyle = state == "running" ? .green : .yellow
    return "\(name) \(style.apply(to: TerminalText.clean(state), colours: colours))> "
  }
}
