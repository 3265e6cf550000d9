import Foundation
import Market
import NodeAPI

/// Mon 2026-11-23 12:00:00 UTC.
let noon = Timestamp(milliseconds: 1_795_435_200_000)
let hour: Int64 = 3_600_000
let utc = LocalCalendar(timeZone: .gmt)

let network = NetworkDocument(
  id: String(repeating: "4f", count: 32), name: "local testnet", currency: "USD", slotMs: 10_000,
  gpuClasses: ["h100-sxm-80g", "h100-nvl-94g", "h200-sxm-141g", "rtx4090-24g"].map {
    .init(id: $0, vendor: "NVIDIA", model: "M", interface: "SXM", vramMib: 81559, boardPowerWatts: 700)
  })

let parser = CommandParser(
  gpuClasses: network.gpuClasses.map(\.id), currency: network.currency, now: noon, calendar: utc)

func parse(_ line: String) throws(CommandError) -> Command { try parser.parse(CommandParser.words(of: line)) }

/// The order of a line that places one.
func order(_ line: String) throws -> OrderRequest {
  guard case .place(let request) = try parse(line) else { throw NotAnOrder() }
  return request
}

struct NotAnOrder: Error {}

/// The error that a line leads to, as a person reads it.
func message(_ line: String) -> String {
  do {
    return "understood: \(try parse(line))"
  } catch {
    return error.description
  }
}

/// An order document with the given differences from a plain offer or bid.
func orderDocument(side: String = "offer", change: (inout OrderDocument) -> Void = { _ in }) -> OrderDocument {
  var order = OrderDocument(
    id: "3f2a9c81ab" + String(repeating: "0", count: 54), side: side, state: "open",
    owner: "aabbccddee" + String(repeating: "1", count: 54), own: false, stale: false, gpuClasses: ["h100-sxm-80g"],
    gpus: 8, gpusLeft: 8, startMs: noon.milliseconds, endMs: noon.milliseconds + 12 * hour,
    durationMs: side == "bid" ? 3 * hour : nil, priceMicros: 2_100_000, minimumGpus: 1,
    minimumMs: side == "bid" ? nil : 10_000, attributes: nil, requirements: nil, placedMs: noon.milliseconds,
    expiryMs: noon.milliseconds + 12 * hour, calendar: nil)
  change(&order)
  return order
}

func text(colours: Bool = false) -> DocumentText {
  DocumentText(network: network, now: noon, calendar: utc, colours: colours)
}
