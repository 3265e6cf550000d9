import ArgumentParser
import Explorer

@main
struct Explore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore",
    abstract: "Goes through everything that may happen in small markets of real nodes.",
    discussion: "Prints the number of different states, or the steps to the first in which a rule does not hold.")

  @Flag(help: "The large scenarios, which take from minutes to hours, instead of the ones of the tests.")
  var deep = false

  @Option(help: "Only this scenario; may be given several times.")
  var scenario: [String] = []

  @Option(help: "Ends each scenario after so many states.")
  var states = Int.max

  @Flag(help: "Prints a JSON document.")
  var json = false

  func validate() throws {
    let names = Set(scenarios.map(\.name))
    for name in scenario where !names.contains(name) {
      throw ValidationError("no scenario is named \(name); there are \(names.sorted().joined(separator: ", "))")
    }
  }

  private var scenarios: [Scenario] { deep ? Scenario.deep : Scenario.quick }

  func run() throws {
    var reports: [String] = []
    var hasFailed = false
    for chosen in scenarios where scenario.isEmpty || scenario.contains(chosen.name) {
      let begin = ContinuousClock.now
      var exploration = Exploration(chosen, maximumStates: states)
      let outcome = exploration.run()
      let report = Report(outcome: outcome, seconds: (ContinuousClock.now - begin) / .seconds(1))
      hasFailed = hasFailed || outcome.failure != nil
      if json { reports.append(report.json) } else { print(report.text) }
    }
    if json { print("[\(reports.joined(separator: ","))]") }
    if hasFailed { throw ExitCode(1) }
  }
}
