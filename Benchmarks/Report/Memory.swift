import CMalloc

/// The memory of this process.
enum Memory {
  /// Bytes that the program has asked of the C library's allocator and not given back, the allocator's own headers and
  /// rounding included: `mallinfo2`'s blocks in use and mapped blocks. It counts what is reserved, touched or not, and
  /// does not depend on what earlier work left in the process, as the resident size does.
  static var allocatedBytes: Int {
    let info = mallinfo2()
    return Int(info.uordblks) + Int(info.hblkhd)
  }
}
