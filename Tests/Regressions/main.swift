import CCounters

// Prints what each measurement costs, one to a line: its name, how many operations, allocations for one. Under
// `valgrind --tool=callgrind --instr-atstart=no` each leaves a profile with its name as well. scripts/regressions reads
// both.
for measurement in try Measurements().all {
  let cost = measurement.measure()
  print(cost.name, cost.operations, cost.allocations)
}
