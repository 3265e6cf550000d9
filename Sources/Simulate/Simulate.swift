import ArgumentParser
import Simulator

@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs real nodes by the thousand on a virtual clock, network and disk.",
    subcommands: [Seeds.self, Figures.self, Report.self], defaultSubcommand: Seeds.self)
}
