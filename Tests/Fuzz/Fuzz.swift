import FuzzTargets

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What libFuzzer calls. One program for all targets: `P2PNODE_FUZZ` names the one to run.
private let target: FuzzTarget = {
  let allowed = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
  guard let name = getenv("P2PNODE_FUZZ").map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name) else {
    fatalError("P2PNODE_FUZZ names no target; allowed: \(allowed)")
  }
  return target
}()

/// Runs one input; a trap and a broken property end the program, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do throws(BrokenProperty) {
    _ = try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("broken property: \(error)")
  }
  return 0
}
