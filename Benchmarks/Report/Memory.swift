import CMalloc
import Foundation

/// The memory of processes.
enum Memory {
  /// This process's bytes that are resident when the allocator has given back what it keeps of what was freed. Address
  /// space that holds nothing yet does not count, what the kernel rounds up to whole pages does.
  static var residentBytes: Int {
    malloc_trim(0)
    guard let bytes = try? residentBytes(of: "self"), bytes > 0 else {
      preconditionFailure("/proc/self/statm cannot be read")
    }
    return bytes
  }

  /// The bytes of a process that are resident, by its name in `/proc`; 0 when it has ended.
  ///
  /// - Throws: when there is no such process.
  static func residentBytes(of process: String) throws -> Int {
    let words = try String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8).split(separator: " ")
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
  }
}
