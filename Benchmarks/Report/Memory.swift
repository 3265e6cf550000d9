import CMalloc
import Foundation

/// The memory of this process.
enum Memory {
  /// The bytes that are resident when the allocator has given back what it keeps of what was freed. Address space that
  /// holds nothing yet does not count, what the kernel rounds up to whole pages does.
  static var residentBytes: Int {
    malloc_trim(0)
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { preconditionFailure("/proc/self/statm cannot be read") }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
