import Metrics
import NodeMetrics
import Testing

@Suite("The metrics registry")
struct MetricsTests {
  private static let definitions = [
    MetricDefinition("b_total", .counter, labels: [.init("kind", ["x", "y", "other"])], "Counts \\ and\nlines"),
    MetricDefinition("a_seconds", .histogram(.init(unit: .seconds, bounds: [1_000, 2_500_000])), "Times"),
    MetricDefinition("c", .gauge, labels: [.init("name")], "Shows"),
    MetricDefinition("d_total", .counter, "Is kept elsewhere"),
    MetricDefinition("e", .gauge, "Is not shown without a sample"),
  ]

  @Test("counters and histograms are rendered by name, all series from the start, cumulative, in seconds")
  func text() {
    let registry = MetricsRegistry(Self.definitions)
    Counter(label: "b_total", dimensions: [("kind", "y")], factory: registry).increment(by: 3)
    let timer = Timer(label: "a_seconds", factory: registry)
    for nanoseconds in [1, 1_000, 1_001, 2_500_001] as [Int64] { timer.recordNanoseconds(nanoseconds) }
    #expect(
      registry.text(adding: [MetricSample("d_total", 7)]) == """
        # HELP a_seconds Times
        # TYPE a_seconds histogram
        a_seconds_bucket{le="0.000001"} 2
        a_seconds_bucket{le="0.0025"} 3
        a_seconds_bucket{le="+Inf"} 4
        a_seconds_sum 0.002502003
        a_seconds_count 4
        # HELP b_total Counts \\\\ and\\nlines
        # TYPE b_total counter
        b_total{kind="x"} 0
        b_total{kind="y"} 3
        b_total{kind="other"} 0
        # HELP d_total Is kept elsewhere
        # TYPE d_total counter
        d_total 7

        """)
  }

  @Test("a label's value with quotes, backslashes and line breaks stays one value")
  func escaping() {
    let text = MetricsRegistry(Self.definitions).text(adding: [MetricSample("c", ["a\"b\\c\nd"], 1)])
    #expect(text.contains("c{name=\"a\\\"b\\\\c\\nd\"} 1\n"))
  }

  @Test("a value that a label does not list counts as another one, and what is not defined counts nowhere")
  func unlisted() {
    let registry = MetricsRegistry(Self.definitions)
    Counter(label: "b_total", dimensions: [("kind", "z")], factory: registry).increment()
    Counter(label: "b_total", dimensions: [], factory: registry).increment()
    Counter(label: "z_total", factory: registry).increment()
    #expect(registry.value(of: "b_total", ["other"]) == 1)
    #expect(registry.total(of: "b_total") == 1)
    #expect(registry.total(of: "z_total") == 0)
    #expect(registry.text(adding: [MetricSample("z", 1)]).contains("z") == false)
  }

  @Test(
    "durations are shown exactly",
    arguments: [(0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (-250_000_000, "-0.25")])
  func durations(_ nanoseconds: Int64, _ text: String) {
    let rendered = MetricsRegistry(Self.definitions).text(adding: [MetricSample("e", nanoseconds: nanoseconds)])
    #expect(rendered.hasSuffix("\ne \(text)\n"))
  }

  @Test("what many threads count is all there")
  func threads() async {
    let registry = MetricsRegistry(Self.definitions)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let counter = Counter(label: "b_total", dimensions: [("kind", "x")], factory: registry)
          let timer = Timer(label: "a_seconds", factory: registry)
          for _ in 0..<1000 {
            counter.increment()
            timer.recordNanoseconds(10)
          }
        }
      }
    }
    #expect(registry.value(of: "b_total", ["x"]) == 8000)
    #expect(registry.text().contains("a_seconds_count 8000\n"))
    #expect(registry.text().contains("a_seconds_sum 0.00008\n"))
  }
}
