import Explorer

/// What one exploration found, for people and for programs.
struct Report {
  let outcome: Exploration.Outcome
  let seconds: Double

  private var rounded: Double { (seconds * 10).rounded() / 10 }

  var text: String {
    var lines = [
      "\(outcome.scenario): \(outcome.states) states\(outcome.isCut ? " (cut there)" : ""), \(outcome.steps) steps, "
        + "depth \(outcome.depth), \(outcome.ends) ends, \(outcome.entries) entries signed, \(rounded) s; settled "
        + outcome.settled.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }.joined(separator: ", ")
    ]
    if let failure = outcome.failure {
      lines.append("  \(failure.breach), after \(failure.steps.count) steps:")
      lines += failure.steps.map { "    \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  var json: String {
    let rule = outcome.failure.map { #""\#($0.breach.rule.rawValue)""# } ?? "null"
    return #"{"scenario":"\#(outcome.scenario)","states":\#(outcome.states),"steps":\#(outcome.steps),"#
      + #""depth":\#(outcome.depth),"ends":\#(outcome.ends),"cut":\#(outcome.isCut),"seconds":\#(rounded),"#
      + #""steps_to_failure":\#(outcome.failure.map { "\($0.steps.count)" } ?? "null"),"rule":\#(rule)}"#
  }
}
