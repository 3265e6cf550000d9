import Testing

@testable import Hardware

@Suite("What rocm-smi prints")
struct ROCmSMIOutputTests {
  private func read(_ text: String) throws -> ROCmSMIOutput { try ROCmSMIOutput(Array(text.utf8)) }

  @Test("cards are read in the order of their numbers, whatever the case of the names")
  func cards() throws {
    let output = try read(
      """
      {"card10": {"Card Series": "AMD Instinct MI300X OAM", "Card Model": "0x74a1", "Unique ID": "0xab",
                  "VRAM Total Memory (B)": "206141652992", "VRAM Total Used Memory (B)": "1",
                  "Max Graphics Package Power (W)": "750.0"},
       "card2": {"Card series": "0x740f", "Card model": "AMD INSTINCT MI250 (MCM) OAM AC MBA",
                 "VRAM Total Memory (B)": "68702699520", "Max Graphics Package Power (W)": "559.5"},
       "system": {"Driver version": "6.8.5"}}
      """)
    #expect(output.problems.isEmpty)
    var first = GPUDevice(
      source: .rocmSMI, index: 2, vendor: "AMD", name: "AMD INSTINCT MI250 (MCM) OAM AC MBA", memoryMiB: 65_520)
    first.driver = "6.8.5"
    first.powerCapWatts = 560
    var second = GPUDevice(
      source: .rocmSMI, index: 10, vendor: "AMD", name: "AMD Instinct MI300X OAM", memoryMiB: 196_592)
    second.driver = "6.8.5"
    second.uuid = "0xab"
    second.powerCapWatts = 750
    #expect(output.devices == [first, second])
  }

  @Test("warnings before the document are passed over")
  func warnings() throws {
    let output = try read(
      "\nWARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status\n\n"
        + "{\"card0\": {\"Card Series\": \"a\", \"VRAM Total Memory (B)\": \"1048576\"}}\n")
    #expect(output.devices.map(\.memoryMiB) == [1])
  }

  @Test("a machine without an AMD GPU has none, which is no error")
  func none() throws {
    #expect(try read("WARNING: No JSON data to report\n").devices.isEmpty)
    #expect(try read("{}").devices.isEmpty)
  }

  @Test(
    "a card that lacks what every card has is a problem of its own",
    arguments: [
      (#"{"card0": {"VRAM Total Memory (B)": "1048576"}}"#, "card 0: it has no name"),
      (#"{"card0": {"Card Series": "N/A", "VRAM Total Memory (B)": "1"}}"#, "card 0: it has no name"),
      (#"{"card0": {"Card Series": "a"}}"#, "card 0: it does not tell its memory"),
      (#"{"card0": {"Card Series": "a", "VRAM Total Memory (B)": "N/A"}}"#, "card 0: it does not tell its memory"),
      (#"{"card0": {"Card Series": "a", "VRAM Total Memory (B)": "-5"}}"#, "card 0: it does not tell its memory"),
    ])
  func incomplete(text: String, problem: String) throws {
    let output = try read(text)
    #expect(output.devices.isEmpty)
    #expect(output.problems == [problem])
  }

  @Test("a power that is no number of watts is not told", arguments: ["N/A", "", "x", "-1", "99999999", "1e9", "7.x"])
  func power(text: String) throws {
    let output = try read(
      #"{"card0": {"Card Series": "a", "VRAM Total Memory (B)": "1048576", "Max Graphics Package Power (W)": "\#(text)"}}"#
    )
    #expect(output.devices.map(\.powerCapWatts) == [nil])
  }

  @Test(
    "other output is refused by what it is",
    arguments: [
      ("", ROCmSMIOutput.OutputError.noDocument), ("ERROR:root:Driver not initialized", .noDocument),
      ("{\"card0\": {\"Card Series\": \"a\"", .malformed), ("{\"card0\": 7}", .malformed),
      ("{\"card0\": {\"Card Series\": 7}}", .malformed), ("{\u{0}", .malformed),
    ])
  func malformed(text: String, error: ROCmSMIOutput.OutputError) {
    #expect(throws: error) { try read(text) }
  }
}

@Suite("Running a program for its output")
struct CommandRunnerTests {
  private func run(_ script: String, seconds: Int = 30, maximumBytes: Int = 1000) throws -> CommandRunner.Result {
    try CommandRunner.run("/bin/sh", ["-c", script], within: .seconds(seconds), maximumBytes: maximumBytes)
  }

  @Test("output, errors and status come back")
  func output() throws {
    #expect(try run("echo a; echo b >&2; exit 3") == .init(status: 3, output: Array("a\nb\n".utf8)))
    #expect(try run("kill -9 $$").status == 137)
  }

  @Test("a program that hangs is killed with what it started, at the deadline")
  func hanging() {
    #expect(throws: CommandRunner.RunError.tooSlow(.seconds(1))) {
      try run("while :; do sleep 1000; done & wait", seconds: 1)
    }
    // Its output ended, and it goes on.
    #expect(throws: CommandRunner.RunError.tooSlow(.seconds(1))) {
      try run("exec >/dev/null 2>&1; while :; do :; done", seconds: 1)
    }
  }

  @Test("a program that prints for ever is killed")
  func endless() {
    #expect(throws: CommandRunner.RunError.tooMuch(1000)) { try run("while :; do echo line; done") }
  }

  @Test("a program that is not there is told by its error")
  func missing() {
    #expect(throws: CommandRunner.RunError.notStarted(2)) {
      try CommandRunner.run("/nowhere/rocm-smi", [], within: .seconds(1), maximumBytes: 1)
    }
  }
}

@Suite("The states of NVML's calls")
struct NVMLStatusTests {
  @Test("each is told by its name in the reference and its number")
  func names() {
    #expect(
      NVMLStatus(rawValue: 15).description == "NVML_ERROR_GPU_IS_LOST (15): the GPU has fallen off the bus")
    let known: [Int32] = Array(1...29) + [999]
    let texts = Set(known.map { NVMLStatus(rawValue: $0).description })
    #expect(texts.count == known.count)
    #expect(texts.allSatisfy { $0.hasPrefix("NVML_ERROR_") })
    #expect(NVMLStatus(rawValue: 30).description == "status 30, which NVML's reference lacks")
  }
}
