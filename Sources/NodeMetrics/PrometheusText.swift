/// One value of a metric, read when the metrics are rendered.
public struct MetricSample: Hashable, Sendable {
  /// The metric's name.
  public let name: String
  /// The labels' values, in the definition's order.
  public let labels: [String]
  /// The value.
  public let value: MetricValue

  /// A whole number of a metric without labels.
  public init(_ name: String, _ value: some BinaryInteger) { self.init(name, [], value) }

  /// A whole number.
  public init(_ name: String, _ labels: [String], _ value: some BinaryInteger) {
    self.name = name
    self.labels = labels
    self.value = .integer(Int64(clamping: value))
  }

  /// 1 for what is true, else 0.
  public init(_ name: String, _ labels: [String] = [], isTrue: Bool) {
    self.name = name
    self.labels = labels
    value = .integer(isTrue ? 1 : 0)
  }

  /// Nanoseconds, shown in seconds.
  public init(_ name: String, _ labels: [String] = [], nanoseconds: Int64) {
    self.name = name
    self.labels = labels
    value = .nanoseconds(nanoseconds)
  }
}

/// A value as it is shown.
public enum MetricValue: Hashable, Sendable {
  /// A whole number.
  case integer(Int64)
  /// A duration, shown in seconds.
  case nanoseconds(Int64)

  /// The value in the text format, exactly.
  var text: String {
    switch self {
    case .integer(let value): return "\(value)"
    case .nanoseconds(let value):
      let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
      let sign = value < 0 ? "-" : ""
      guard rest != 0 else { return "\(sign)\(whole)" }
      var digits = String(1_000_000_000 + rest).dropFirst()
      while digits.last == "0" { digits.removeLast() }
      return "\(sign)\(whole).\(digits)"
    }
  }
}

/// Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusText {
  /// A line of one series.
  struct Line {
    let name: String
    let labels: [(name: String, value: String)]
    let value: MetricValue

    init(_ name: String, _ labels: [String], _ values: [String], _ value: MetricValue) {
      self.name = name
      self.labels = zip(labels, values).map { ($0, $1) }
      self.value = value
    }
  }

  private(set) var text = ""

  /// Adds a metric with its series; nothing when it has none.
  mutating func add(_ definition: MetricDefinition, _ lines: [Line]) {
    guard !lines.isEmpty else { return }
    text += "# HELP \(definition.name) \(Self.escapeHelp(definition.help))\n"
    text += "# TYPE \(definition.name) \(definition.kind.name)\n"
    for line in lines {
      text += line.name
      if !line.labels.isEmpty {
        let labels = line.labels.map { "\($0.name)=\"\(Self.escapeLabel($0.value))\"" }
        text += "{\(labels.joined(separator: ","))}"
      }
      text += " \(line.value.text)\n"
    }
  }

  /// A histogram's lines: the buckets, each with all that is at most its bound, the sum and the count.
  static func lines(of histogram: HistogramCell, _ definition: MetricDefinition, _ values: [String]) -> [Line] {
    let labels = definition.labels.map(\.name)
    let (counts, sum) = histogram.snapshot
    func value(_ number: Int64) -> MetricValue {
      histogram.buckets.unit == .seconds ? .nanoseconds(number) : .integer(number)
    }
    var total: Int64 = 0
    var lines: [Line] = []
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < histogram.buckets.bounds.count ? value(histogram.buckets.bounds[index]).text : "+Inf"
      lines.append(Line("\(definition.name)_bucket", labels + ["le"], values + [bound], .integer(total)))
    }
    lines.append(Line("\(definition.name)_sum", labels, values, value(sum)))
    lines.append(Line("\(definition.name)_count", labels, values, .integer(total)))
    return lines
  }

  /// A label's value, with what would end it or its line escaped.
  static func escapeLabel(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  private static func escapeHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }
}
