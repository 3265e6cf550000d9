/// Bytes that lie in one piece of memory: what the hash, signature and cipher functions read without a copy.
///
/// Arrays, slices, raw buffers, identifiers and signatures conform; an I/O layer conforms its own buffer type.
public protocol ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output
}

extension Array: ByteSource where Element == UInt8 {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try withUnsafeBufferPointer { (elements) throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
  }
}

extension ArraySlice: ByteSource where Element == UInt8 {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try withUnsafeBufferPointer { (elements) throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
  }
}

extension ContiguousArray: ByteSource where Element == UInt8 {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try withUnsafeBufferPointer { (elements) throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
  }
}

extension UnsafeRawBufferPointer: ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try body(self)
  }
}

extension UnsafeMutableRawBufferPointer: ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try body(UnsafeRawBufferPointer(self))
  }
}

extension UnsafeRawBufferPointer {
  /// The address for C functions that take `const unsigned char *` and require it even for zero bytes.
  @inline(__always)
  var octets: UnsafePointer<UInt8> {
    baseAddress?.assumingMemoryBound(to: UInt8.self) ?? ("" as StaticString).utf8Start
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The address for C functions that take `unsigned char *` and require it even for zero bytes.
  @inline(__always)
  var octets: UnsafeMutablePointer<UInt8> { UnsafeMutablePointer(mutating: UnsafeRawBufferPointer(self).octets) }

  /// The `count` bytes from `offset` on.
  @inline(__always)
  func part(from offset: Int, count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: self[offset..<(offset + count)])
  }
}

extension Array where Element == UInt8 {
  /// `withUnsafeMutableBytes` with a typed error.
  mutating func withMutableBytes<Output, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try withUnsafeMutableBufferPointer { (elements) throws(Failure) in
      try body(UnsafeMutableRawBufferPointer(elements))
    }
  }
}
