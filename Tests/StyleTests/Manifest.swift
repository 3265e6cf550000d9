/// What the style rules need of `Package.swift`: the targets in their order, and what each may import.
struct Manifest {
  /// One target.
  struct Target: Equatable {
    var name: String
    /// Where its sources are, relative to the root.
    var path: String
    /// Targets of this package that it depends on.
    var targets: [String]
    /// Products of other packages that it depends on; each is named like the module in it.
    var products: [String]
    var isTest: Bool
  }

  let targets: [Target]

  /// Reads the manifest's text: the calls `.target`, `.executableTarget`, `.testTarget` and `.systemLibrary`.
  init(_ source: String) {
    let kinds = [".target(", ".executableTarget(", ".testTarget(", ".systemLibrary("]
    let lines = source.split(separator: "\n").filter { !$0.drop { $0.isWhitespace }.hasPrefix("//") }
    var rest = lines.joined(separator: "\n")[...]
    var targets: [Target] = []
    while let start = rest.firstIndex(of: ".") {
      rest = rest[start...]
      guard let kind = kinds.first(where: { rest.hasPrefix($0) }) else {
        rest = rest.dropFirst()
        continue
      }
      rest = rest.dropFirst(kind.count)
      let arguments = Self.balanced(rest, open: "(", close: ")")
      rest = rest.dropFirst(arguments.count)
      if let target = Self.target(arguments, isTest: kind == ".testTarget(") { targets.append(target) }
    }
    self.targets = targets
  }

  /// The target to which the file at `path` belongs, or nil.
  func target(ofFile path: String) -> Target? { targets.first { path.hasPrefix($0.path + "/") } }

  /// The dependencies that do not stand above the target that has them, as `target -> dependency`.
  var upwardDependencies: [String] {
    var above: Set<String> = []
    var upward: [String] = []
    for target in targets {
      upward += target.targets.filter { !above.contains($0) }.map { "\(target.name) -> \($0)" }
      above.insert(target.name)
    }
    return upward
  }

  private static func target(_ arguments: Substring, isTest: Bool) -> Target? {
    guard let name = strings(after: "name:", in: arguments).first else { return nil }
    var list = Substring()
    if let start = range(of: "dependencies: [", in: arguments) {
      list = balanced(arguments[start...], open: "[", close: "]")
    }
    var targets: [String] = []
    var products: [String] = []
    while let quote = list.firstIndex(of: "\"") {
      let isProduct = list[..<quote].hasSuffix(".product(name: ")
      let value = list[list.index(after: quote)...].prefix { $0 != "\"" }
      list = list[value.endIndex...].dropFirst()
      if isProduct {
        products.append(String(value))
        list = list.drop { $0 != ")" }
      } else {
        targets.append(String(value))
      }
    }
    let path = strings(after: "path:", in: arguments).first ?? (isTest ? "Tests/\(name)" : "Sources/\(name)")
    return Target(name: name, path: path, targets: targets, products: products, isTest: isTest)
  }

  /// The string literals that follow each occurrence of `label`.
  private static func strings(after label: String, in text: Substring) -> [String] {
    var found: [String] = []
    var rest = text
    while let start = range(of: label + " \"", in: rest) {
      found.append(String(rest[start...].prefix { $0 != "\"" }))
      rest = rest[start...]
    }
    return found
  }

  /// Where `wanted` ends in `text`, or nil.
  private static func range(of wanted: String, in text: Substring) -> Substring.Index? {
    var rest = text
    while !rest.isEmpty {
      if rest.hasPrefix(wanted) { return rest.index(rest.startIndex, offsetBy: wanted.count) }
      rest = rest.dropFirst()
    }
    return nil
  }

  /// What stands before the bracket that closes one opened before `text`.
  private static func balanced(_ text: Substring, open: Character, close: Character) -> Substring {
    var depth = 1
    return text.prefix { character in
      if character == open { depth += 1 }
      if character == close { depth -= 1 }
      return depth > 0
    }
  }
}
