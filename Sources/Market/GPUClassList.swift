/// The GPU classes that an order names, in the order in which it names them: nearly always one, which needs no memory of
/// its own, so that copying such an order touches no reference count.
public struct GPUClassList: Hashable, Sendable {
  private let only: GPUClassIndex?
  private let several: Several?

  private final class Several: Sendable {
    let classes: [GPUClassIndex]
    init(_ classes: [GPUClassIndex]) { self.classes = classes }
  }

  /// The list of one class.
  public init(_ gpuClass: GPUClassIndex) {
    only = gpuClass
    several = nil
  }

  /// The list of `classes`.
  public init(_ classes: some Sequence<GPUClassIndex>) {
    let classes = Array(classes)
    only = classes.count == 1 ? classes[0] : nil
    several = classes.count > 1 ? Several(classes) : nil
  }

  /// Equal classes in equal order.
  public static func == (left: Self, right: Self) -> Bool {
    if left.only != right.only { return false }
    guard let one = left.several, let other = right.several else {
      return left.several == nil && right.several == nil
    }
    return one === other || one.classes == other.classes
  }

  /// Feeds the classes to `hasher`.
  public func hash(into hasher: inout Hasher) {
    for gpuClass in self { hasher.combine(gpuClass) }
  }
}

extension GPUClassList: RandomAccessCollection, ExpressibleByArrayLiteral {
  /// A list of the classes in the literal.
  public init(arrayLiteral classes: GPUClassIndex...) { self.init(classes) }

  /// The position of the first class.
  public var startIndex: Int { 0 }
  /// The number of classes.
  public var endIndex: Int { only != nil ? 1 : several?.classes.count ?? 0 }

  /// The first class; nil for an empty list.
  public var first: GPUClassIndex? { only ?? several?.classes[0] }

  /// Whether the list names exactly one class, as nearly all do.
  public var isSingle: Bool { only != nil }

  /// The class at `position`.
  public subscript(position: Int) -> GPUClassIndex {
    if let several { return several.classes[position] }
    guard let only, position == 0 else { preconditionFailure("a class at \(position) of \(endIndex)") }
    return only
  }
}
