import CNVML
import Glibc

/// The functions of NVIDIA's management library that are called here, found at run time: a machine without an NVIDIA
/// driver does not have it.
struct NVMLLibrary {
  /// What the dynamic loader looks for, in `LD_LIBRARY_PATH` and the system's places.
  static let fileName = "libnvidia-ml.so.1"

  let initialize: p2pnvml_call
  let shutDown: p2pnvml_call
  let count: p2pnvml_count
  let handle: p2pnvml_handle
  let name: p2pnvml_device_text
  let memory: p2pnvml_device_memory
  // What follows some driver lacks.
  let driverVersion: p2pnvml_system_text?
  let uuid: p2pnvml_device_text?
  let powerLimit: p2pnvml_device_number?
  let migMode: p2pnvml_device_mig?
  let linkState: p2pnvml_device_link?

  /// Why there is no library to call.
  enum LoadError: Error, Equatable {
    /// It is not installed.
    case absent
    /// It is installed and cannot be used; why.
    case unusable(String)
  }

  /// Loads the library, for the rest of the process's life: the driver may have started threads in it.
  ///
  /// - Parameter path: a file's name that the dynamic loader looks for, or a path.
  init(path: String = fileName) throws(LoadError) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "\(path) was not loaded"
      // The loader tells in words only whether the file itself is missing or one that it needs.
      throw reason.hasPrefix("\(path): ") && reason.hasSuffix("No such file or directory") ? .absent : .unusable(reason)
    }
    func required<Function>(_ symbol: String, as type: Function.Type) throws(LoadError) -> Function {
      guard let function = Self.function(symbol, of: library, as: type) else {
        throw .unusable("\(path) has no function \(symbol)")
      }
      return function
    }
    initialize = try required("nvmlInit_v2", as: p2pnvml_call.self)
    shutDown = try required("nvmlShutdown", as: p2pnvml_call.self)
    count = try required("nvmlDeviceGetCount_v2", as: p2pnvml_count.self)
    handle = try required("nvmlDeviceGetHandleByIndex_v2", as: p2pnvml_handle.self)
    name = try required("nvmlDeviceGetName", as: p2pnvml_device_text.self)
    memory = try required("nvmlDeviceGetMemoryInfo", as: p2pnvml_device_memory.self)
    driverVersion = Self.function("nvmlSystemGetDriverVersion", of: library, as: p2pnvml_system_text.self)
    uuid = Self.function("nvmlDeviceGetUUID", of: library, as: p2pnvml_device_text.self)
    powerLimit = Self.function("nvmlDeviceGetEnforcedPowerLimit", of: library, as: p2pnvml_device_number.self)
    migMode = Self.function("nvmlDeviceGetMigMode", of: library, as: p2pnvml_device_mig.self)
    linkState = Self.function("nvmlDeviceGetNvLinkState", of: library, as: p2pnvml_device_link.self)
  }

  private static func function<Function>(
    _ symbol: String, of library: UnsafeMutableRawPointer, as type: Function.Type
  ) -> Function? {
    dlsym(library, symbol).map { unsafeBitCast($0, to: type) }
  }
}
