import Foundation
import Market
import NodeAPI

/// An input is a line as it is typed at the console.
///
/// A line becomes a command, or an error that points at one of its words or behind the last; what it places is an order
/// or an error, as if it had come as JSON; and completing it adds to what is typed.
enum ConsoleCheck {
  private static let classes = FuzzMarket.genesis.gpuClasses.map(\.id)
  private static let parser = CommandParser(
    gpuClasses: classes, currency: FuzzMarket.genesis.currency, now: FuzzMarket.start,
    calendar: LocalCalendar(timeZone: .gmt))
  private static let completion = CommandCompletion(gpuClasses: classes, ownOrders: ["40cb1c75", "fa6b1f80"])

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let line = String(decoding: input, as: UTF8.self)
    let candidates = completion.candidates(before: line)
    for word in candidates.words {
      try require(word.hasPrefix(candidates.typed), "a completion does not begin with what is typed")
    }
    let command: Command
    do throws(CommandError) {
      let words = try CommandParser.words(of: line)
      guard !words.isEmpty else { return .refused }
      command = try parser.parse(words)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      try require((0...error.words.count).contains(error.position), "an error points nowhere")
      try require(error.pointer.hasSuffix("^"), "an error points nowhere")
      return .refused
    }
    switch command {
    case .place(let request): return try APIBodyCheck.place(request)
    case .amend(_, let draft):
      for side in ["offer", "bid"] {
        guard let request = try? draft.request(for: side) else { continue }
        try require(request != AmendRequest(), "an amend without a change")
      }
      return .accepted
    default: return .accepted
    }
  }
}
