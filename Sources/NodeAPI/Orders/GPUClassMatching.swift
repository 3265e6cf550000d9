/// Which class of a network a GPU is of, by what its driver calls it.
///
/// A class fixes vendor, model, interface and memory. The driver's name for a board has the model in it, among words for
/// the brand, the memory and, for some boards, the interface; the memory that it tells is less than the class's where
/// error correction takes a part of it.
public enum GPUClassMatching {
  /// Words of a board's name that do not tell models apart.
  private static let noise: Set<String> = [
    "nvidia", "tesla", "geforce", "quadro", "amd", "instinct", "radeon", "generation", "edition", "blackwell", "hbm3",
    "hbm3e", "mcm", "ac", "mba",
  ]
  /// Boards whose names tell that they are PCIe or NVL, and say nothing of it when they are SXM.
  private static let modulesByDefault: Set<String> = ["h20", "h100", "h200", "h800", "b100", "b200", "b300"]

  /// The id of the class that `device` is of; nil when the network has none, or when its name leaves it open between
  /// two.
  ///
  /// - Complexity: O(classes x length of a name).
  public static func gpuClass(
    of device: DeviceDocument, among classes: [NetworkDocument.GPUClassDocument]
  ) -> String? {
    let board = Board(device.name)
    let model = board.words
    let interface = board.interface ?? (model.count == 1 && modulesByDefault.contains(model[0]) ? "sxm" : nil)
    let candidates = classes.filter { gpuClass in
      gpuClass.vendor.lowercased() == device.vendor.lowercased() && Board(gpuClass.model).words == model
        && isNear(device.vramMib, to: gpuClass.vramMib)
        && (interface == nil || interface == Board(gpuClass.interface).interface)
    }
    guard Set(candidates.map { $0.interface.lowercased() }).count == 1 else { return nil }
    return candidates.min { difference(device, $0) < difference(device, $1) }?.id
  }

  /// A board's name in parts.
  private struct Board {
    /// What tells its model.
    private(set) var words: [String] = []
    /// Its interface, in small letters and without a generation; nil where the name does not say it.
    private(set) var interface: String?

    init(_ name: String) {
      for word in name.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init) {
        if let interface = Self.interface(word) {
          self.interface = interface
        } else if !noise.contains(word), !Self.isMemory(word) {
          words.append(word)
        }
      }
    }

    private static func interface(_ word: String) -> String? {
      if word.hasPrefix("sxm"), word.dropFirst(3).allSatisfy(\.isNumber) { return "sxm" }
      return ["pcie", "nvl", "oam"].contains(word) ? word : nil
    }

    private static func isMemory(_ word: String) -> Bool {
      word.hasSuffix("gb") && word.count > 2 && word.dropLast(2).allSatisfy(\.isNumber)
    }
  }

  /// Whether a board with `vramMib` can be of a class with `classMib`: they differ by a tenth at most.
  private static func isNear(_ vramMib: Int64, to classMib: Int64) -> Bool {
    let (tenfold, overflow) = abs(vramMib - classMib).multipliedReportingOverflow(by: 10)
    return !overflow && tenfold <= classMib
  }

  private static func difference(_ device: DeviceDocument, _ gpuClass: NetworkDocument.GPUClassDocument) -> Int64 {
    abs(device.vramMib - gpuClass.vramMib)
  }
}
