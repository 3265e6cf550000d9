import Foundation
import NodeAPI
import NodeMetrics

/// What the operating system says of the process and of the disk under its data.
struct MachineFigures: Sendable {
  private let directory: String

  init(directory: String) { self.directory = directory }

  /// The store and the disk that it is on.
  var disk: DiskDocument {
    let store = DataDirectory(path: directory).storeFile
    let bytes = [store, store + "-wal", store + "-shm"].reduce(Int64(0)) { $0 + Self.size($1) }
    var system = statvfs()
    let isKnown = statvfs(directory, &system) == 0
    return DiskDocument(
      storeBytes: bytes, freeBytes: isKnown ? Int64(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize)) : 0)
  }

  /// Memory that is resident; 0 where the system does not tell.
  var residentBytes: Int64 {
    let pages = Self.words("/proc/self/statm").dropFirst().first.flatMap { Int64($0) } ?? 0
    return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The metrics of the process and of the disk.
  var samples: [MetricSample] {
    let disk = disk
    var samples = [
      MetricSample("p2pnode_store_bytes", disk.storeBytes), MetricSample("p2pnode_disk_free_bytes", disk.freeBytes),
      MetricSample("process_resident_memory_bytes", residentBytes),
      MetricSample("process_cpu_seconds_total", nanoseconds: Self.processorNanoseconds),
      MetricSample("process_start_time_seconds", nanoseconds: Self.startNanoseconds),
    ]
    if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      samples.append(MetricSample("process_open_fds", open))
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      samples.append(MetricSample("process_max_fds", limit.rlim_cur))
    }
    return samples
  }

  private static var processorNanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// When the process started, since the Unix epoch: the 22nd field of its line counts from the machine's start.
  private static let startNanoseconds: Int64 = {
    let fields = words("/proc/self/stat", behind: ")")
    let ticks = fields.dropFirst(19).first.flatMap { Int64($0) } ?? 0
    let sinceStart = ticks * (1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    var now = timespec()
    var uptime = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    clock_gettime(CLOCK_BOOTTIME, &uptime)
    let booted = (Int64(now.tv_sec) - Int64(uptime.tv_sec)) * 1_000_000_000 + Int64(now.tv_nsec) - Int64(uptime.tv_nsec)
    return booted + sinceStart
  }()

  private static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// The words of a file of `/proc`, behind the last `mark`.
  private static func words(_ path: String, behind mark: Character? = nil) -> [Substring] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    let text = String(decoding: data, as: UTF8.self)
    let start = mark.flatMap { text.lastIndex(of: $0) }.map { text.index(after: $0) } ?? text.startIndex
    return text[start...].split(whereSeparator: \.isWhitespace)
  }
}
