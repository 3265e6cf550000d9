import CSodium

/// What a process that holds secret keys asks of the operating system.
public enum ProcessHardening {
  /// Sets the core size limit to 0 and marks the process as not dumpable, so that neither a crash nor another process
  /// of the same user can copy its memory.
  ///
  /// - Throws: `CryptoError.coreDumpsStayEnabled` with the system's errno.
  public static func disableCoreDumps() throws(CryptoError) {
    let errno = node_disable_core_dumps()
    guard errno == 0 else { throw .coreDumpsStayEnabled(errno: errno) }
  }
}
