import CoreMetrics

/// The process's metrics: a factory for swift-metrics that knows all series beforehand.
///
/// Every series with listed labels is there from the start, at zero: a rate over it is right from its first event, the
/// number of series never grows, and finding one needs no lock. What is not defined is taken and ignored. Gauges are not
/// kept: whoever renders asks for them then.
public final class MetricsRegistry: MetricsFactory {
  struct Series: Hashable {
    let name: String
    let values: [String]
  }

  /// The definitions, ascending by name.
  public let definitions: [MetricDefinition]
  private let counters: [Series: CounterCell]
  private let histograms: [Series: HistogramCell]
  private let byName: [String: MetricDefinition]

  /// A registry of metrics with different names.
  public init(_ definitions: [MetricDefinition]) {
    self.definitions = definitions.sorted { $0.name < $1.name }
    byName = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
    var counters: [Series: CounterCell] = [:]
    var histograms: [Series: HistogramCell] = [:]
    for definition in definitions {
      for values in definition.combinations {
        let series = Series(name: definition.name, values: values)
        switch definition.kind {
        case .counter: counters[series] = CounterCell()
        case .histogram(let buckets): histograms[series] = HistogramCell(buckets)
        case .gauge: break
        }
      }
    }
    self.counters = counters
    self.histograms = histograms
  }

  /// What a counter has come to, over all its series; 0 when there is none.
  public func total(of name: String) -> Int64 {
    byName[name]?.combinations.reduce(0) { $0 + (counters[Series(name: name, values: $1)]?.value ?? 0) } ?? 0
  }

  /// What one series of a counter has come to; 0 when there is none.
  public func value(of name: String, _ labels: [String]) -> Int64 {
    counters[Series(name: name, values: labels)]?.value ?? 0
  }

  /// The metrics in Prometheus' text format 0.0.4, in the order of their names.
  ///
  /// - Parameter samples: gauges, and counters that are kept elsewhere. A sample without a definition is left out, and
  ///   so is a definition without a series.
  public func text(adding samples: [MetricSample] = []) -> String {
    let sampled = Dictionary(grouping: samples, by: \.name)
    var text = PrometheusText()
    for definition in definitions {
      var lines: [PrometheusText.Line] = []
      for values in definition.combinations {
        let series = Series(name: definition.name, values: values)
        if let histogram = histograms[series] {
          lines += PrometheusText.lines(of: histogram, definition, values)
        } else if let counter = counters[series], sampled[definition.name] == nil {
          lines.append(.init(definition.name, definition.labels.map(\.name), values, .integer(counter.value)))
        }
      }
      for sample in sampled[definition.name] ?? [] {
        lines.append(.init(definition.name, definition.labels.map(\.name), sample.labels, sample.value))
      }
      text.add(definition, lines)
    }
    return text.text
  }

  private func series(_ label: String, _ dimensions: [(String, String)]) -> Series? {
    guard let definition = byName[label] else { return nil }
    var values: [String] = []
    for label in definition.labels {
      guard let value = dimensions.first(where: { $0.0 == label.name })?.1 else { return nil }
      values.append(label.values.contains(value) ? value : MetricDefinition.other)
    }
    return Series(name: definition.name, values: values)
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramCell? {
    series(label, dimensions).flatMap { histograms[$0] }
  }

  // MARK: swift-metrics

  /// A counter's series.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions).flatMap { counters[$0] } ?? IgnoredMetric()
  }

  /// Nothing: the node counts whole things.
  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    IgnoredMetric()
  }

  /// Nothing: gauges are asked for when the metrics are rendered.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { IgnoredMetric() }

  /// A histogram's series.
  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    histogram(label, dimensions) ?? IgnoredMetric()
  }

  /// A histogram's series.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions) ?? IgnoredMetric()
  }

  /// Nothing: a series lives as long as the process.
  public func destroyCounter(_ handler: any CounterHandler) {}
  /// Nothing: a series lives as long as the process.
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  /// Nothing: a series lives as long as the process.
  public func destroyMeter(_ handler: any MeterHandler) {}
  /// Nothing: a series lives as long as the process.
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Nothing: a series lives as long as the process.
  public func destroyTimer(_ handler: any TimerHandler) {}
}
