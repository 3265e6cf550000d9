import ArgumentParser
import Market
import NodeAPI
import NodeClient

/// `p2pnode export`: the node's settled trades and their receipts, for bookkeeping.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Print this node's settled trades with their receipts, for bookkeeping.",
    usage: "p2pnode export [--from <time>] [--to <time>] [--format csv|json] [--offline] [--data <dir>]",
    discussion: """
      A trade belongs to the moment at which it became final: when its maker accepted it or, of a purchase over several \
      offers, when the taker confirmed that. TIME is 2026-11-24 (the start of that day), \
      2026-11-24T14:00Z, 14:00 (the last one) or now; dates without a zone are local ones. --from is part of the span, \
      --to is not.

      Example: p2pnode export --from 2026-11-01 --to 2026-12-01 > november.csv
      """)

  /// The forms of the output.
  enum Format: String, CaseIterable, ExpressibleByArgument { case csv, json }

  @OptionGroup var data: DataOption
  @Option(help: ArgumentHelp("The first moment; all trades from the beginning when left out.", valueName: "time"))
  var from: String?
  @Option(help: ArgumentHelp("The first moment after the span; until now when left out.", valueName: "time"))
  var to: String?
  @Option(help: "The form of the output.")
  var format = Format.csv
  @Flag(help: "Read the store of a node that does not run.")
  var offline = false

  func run() async throws {
    let calendar = LocalCalendar()
    let now = CommandInterpreter.systemClock()
    let (first, end) = (try moment(from, "--from", now, calendar), try moment(to, "--to", now, calendar))
    if let first, let end, end <= first {
      throw ValidationError("--to is \(to ?? ""); allowed: later than --from, \(from ?? "")")
    }
    if let first, first > now {
      throw ValidationError("--from is \(from ?? ""); allowed: a moment that has been")
    }
    let client = NodeClient(dataDirectory: data.directory.path)
    let interpreter = CommandInterpreter(
      client: client, format: format == .json ? .json(.pretty) : .text(colours: false))
    let result = await interpreter.export(from: first, to: end, offline: offline ? data.directory.path : nil)
    await client.shutdown()
    try result.finish()
  }

  private func moment(
    _ text: String?, _ option: String, _ now: Timestamp, _ calendar: LocalCalendar
  ) throws -> Timestamp? {
    guard let text else { return nil }
    let expression = TimeExpression(text, calendar: calendar) ?? TimeExpression(text + "T00:00", calendar: calendar)
    // Trades are of the past, so a time of day is the last one.
    guard let moment = expression?.resolve(now: now, after: now - 86_400_000, calendar: calendar) else {
      throw ValidationError("\(option) is \"\(text)\"; allowed: 2026-11-24, 2026-11-24T14:00Z, 14:00 or now")
    }
    return moment
  }
}
