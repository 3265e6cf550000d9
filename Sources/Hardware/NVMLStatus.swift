/// What a call of the NVIDIA Management Library gave (`nvmlReturn_t` in its reference).
struct NVMLStatus: RawRepresentable, Hashable, CustomStringConvertible {
  let rawValue: Int32

  static let success = NVMLStatus(rawValue: 0)
  static let invalidArgument = NVMLStatus(rawValue: 2)
  static let notSupported = NVMLStatus(rawValue: 3)
  static let driverNotLoaded = NVMLStatus(rawValue: 9)

  /// Each status by its number: the name in the reference behind `NVML_ERROR_`, and what it means.
  private static let names: [Int32: (name: String, meaning: String)] = [
    1: ("UNINITIALIZED", "the library was not initialized"),
    2: ("INVALID_ARGUMENT", "an argument is invalid"),
    3: ("NOT_SUPPORTED", "the GPU does not have this"),
    4: ("NO_PERMISSION", "this user may not ask for it"),
    5: ("ALREADY_INITIALIZED", "the library was initialized before"),
    6: ("NOT_FOUND", "there is no such thing"),
    7: ("INSUFFICIENT_SIZE", "the answer is longer than the place for it"),
    8: ("INSUFFICIENT_POWER", "the GPU's power cables are not attached"),
    9: ("DRIVER_NOT_LOADED", "the NVIDIA driver is not loaded"),
    10: ("TIMEOUT", "the driver did not answer in time"),
    11: ("IRQ_ISSUE", "the kernel has a problem with the GPU's interrupts"),
    12: ("LIBRARY_NOT_FOUND", "a library that NVML needs is missing"),
    13: ("FUNCTION_NOT_FOUND", "this driver does not have the function"),
    14: ("CORRUPTED_INFOROM", "the GPU's infoROM is corrupted"),
    15: ("GPU_IS_LOST", "the GPU has fallen off the bus"),
    16: ("RESET_REQUIRED", "the GPU needs a reset"),
    17: ("OPERATING_SYSTEM", "the operating system has blocked the driver"),
    18: ("LIB_RM_VERSION_MISMATCH", "library and driver are of different versions; a reboot helps after an upgrade"),
    19: ("IN_USE", "the GPU is in use"),
    20: ("MEMORY", "there is too little memory"),
    21: ("NO_DATA", "there is no data"),
    22: ("VGPU_ECC_NOT_SUPPORTED", "a virtual GPU does not work while ECC is on"),
    23: ("INSUFFICIENT_RESOURCES", "there are too few resources"),
    24: ("FREQ_NOT_SUPPORTED", "the frequency is not supported"),
    25: ("ARGUMENT_VERSION_MISMATCH", "the driver does not know this version of the argument"),
    26: ("DEPRECATED", "the driver no longer has the function"),
    27: ("NOT_READY", "the system is not ready"),
    28: ("GPU_NOT_FOUND", "there is no GPU"),
    29: ("INVALID_STATE", "the GPU is in a state that does not allow it"),
    999: ("UNKNOWN", "an internal error of the driver"),
  ]

  /// Whether it only says that there is nothing to tell.
  var isAbsence: Bool { self == .notSupported || rawValue == 13 || rawValue == 26 }

  /// `NVML_ERROR_GPU_IS_LOST (15): the GPU has fallen off the bus`.
  var description: String {
    guard self != .success else { return "NVML_SUCCESS (0)" }
    guard let (name, meaning) = Self.names[rawValue] else { return "status \(rawValue), which NVML's reference lacks" }
    return "NVML_ERROR_\(name) (\(rawValue)): \(meaning)"
  }
}
