import Foundation

/// What `rocm-smi --json` printed: an object for each card, `card0` and so on, and one for the system, of texts by
/// names. Names differ in case from release to release.
struct ROCmSMIOutput {
  let devices: [GPUDevice]
  let problems: [String]

  /// Why the output is not understood.
  enum OutputError: Error, Equatable, CustomStringConvertible {
    case noDocument
    case malformed

    var description: String {
      switch self {
      case .noDocument: "no JSON document"
      case .malformed: "a JSON document that is not an object of objects of texts"
      }
    }
  }

  /// Reads the output. Warnings may stand in lines before the document.
  init(_ output: [UInt8]) throws(OutputError) {
    let lines = output.split(separator: 0x0A, omittingEmptySubsequences: true)
    guard let start = lines.firstIndex(where: { $0.first == UInt8(ascii: "{") }) else {
      // What it says, with success, on a machine without an AMD GPU.
      guard String(decoding: output, as: UTF8.self).contains("No JSON data to report") else { throw .noDocument }
      devices = []
      problems = []
      return
    }
    let document: [String: [String: String]]
    do {
      let text = Data(lines[start...].joined(separator: [0x0A]))
      document = try JSONDecoder().decode([String: [String: String]].self, from: text)
    } catch {
      throw .malformed
    }
    let driver = document["system"].flatMap { Self.value("driver version", in: $0) }
    var devices: [GPUDevice] = []
    var problems: [String] = []
    let cards = document.compactMap { key, card in
      key.hasPrefix("card") ? Int(key.dropFirst(4)).map { (number: $0, card: card) } : nil
    }
    for (number, card) in cards.sorted(by: { $0.number < $1.number }) {
      guard let name = Self.name(of: card) else {
        problems.append("card \(number): it has no name")
        continue
      }
      guard let bytes = Self.value("vram total memory (b)", in: card).flatMap({ Int64($0) }), bytes > 0 else {
        problems.append("card \(number): it does not tell its memory")
        continue
      }
      var device = GPUDevice(source: .rocmSMI, index: number, vendor: "AMD", name: name, memoryMiB: bytes >> 20)
      device.uuid = Self.value("unique id", in: card)
      device.driver = driver
      device.powerCapWatts = Self.value("max graphics package power (w)", in: card).flatMap(Self.watts)
      devices.append(device)
    }
    self.devices = devices
    self.problems = problems
  }

  /// The first line that says something, cut to a sentence's length.
  static func firstLine(of output: [UInt8]) -> String? {
    let text = String(decoding: output.prefix(4096), as: UTF8.self)
    return text.split(separator: "\n").first { $0.contains { $0.isLetter } }.map { String($0.prefix(200)) }
  }

  /// The first of the names that is one; older releases give the number of the model for one or the other.
  private static func name(of card: [String: String]) -> String? {
    ["card series", "device name", "card model"].lazy.compactMap { value($0, in: card) }.first { !$0.hasPrefix("0x") }
  }

  /// What the card says under `name`; nil for nothing or for "not available".
  private static func value(_ name: String, in card: [String: String]) -> String? {
    let value = card.first { $0.key.lowercased() == name }?.value.trimmingCharacters(in: .whitespaces)
    return value.flatMap { $0.isEmpty || $0.uppercased() == "N/A" ? nil : $0 }
  }

  /// Whole watts, rounded up, of a number such as `750.0`.
  private static func watts(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard
      let whole = Int64(parts[0]), (0...1_000_000).contains(whole),
      parts.count == 1 || parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let watts = parts.count == 2 && parts[1].contains { $0 != "0" } ? whole + 1 : whole
    return watts > 0 ? watts : nil
  }
}
