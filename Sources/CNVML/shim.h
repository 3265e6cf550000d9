// The part of the NVIDIA Management Library's binary interface that is called here, declared after its public
// reference (NVML API Reference Guide). Nothing is linked: the functions are looked up in `libnvidia-ml.so.1`, which
// comes with the driver. A status is 0 for success.

/// A GPU, opaque.
typedef struct p2pnvml_device_s *p2pnvml_device;

/// What `nvmlDeviceGetMemoryInfo` fills, in bytes.
typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} p2pnvml_memory;

/// `nvmlInit_v2`, `nvmlShutdown`.
typedef int (*p2pnvml_call)(void);
/// `nvmlSystemGetDriverVersion`: a text of at most `length` bytes with its final zero.
typedef int (*p2pnvml_system_text)(char *text, unsigned int length);
/// `nvmlDeviceGetCount_v2`.
typedef int (*p2pnvml_count)(unsigned int *count);
/// `nvmlDeviceGetHandleByIndex_v2`.
typedef int (*p2pnvml_handle)(unsigned int index, p2pnvml_device *device);
/// `nvmlDeviceGetName`, `nvmlDeviceGetUUID`.
typedef int (*p2pnvml_device_text)(p2pnvml_device device, char *text, unsigned int length);
/// `nvmlDeviceGetMemoryInfo`.
typedef int (*p2pnvml_device_memory)(p2pnvml_device device, p2pnvml_memory *memory);
/// `nvmlDeviceGetEnforcedPowerLimit`, in milliwatts.
typedef int (*p2pnvml_device_number)(p2pnvml_device device, unsigned int *number);
/// `nvmlDeviceGetMigMode`: 0 is off, 1 is on.
typedef int (*p2pnvml_device_mig)(p2pnvml_device device, unsigned int *current, unsigned int *pending);
/// `nvmlDeviceGetNvLinkState`: 0 is inactive, 1 is active.
typedef int (*p2pnvml_device_link)(p2pnvml_device device, unsigned int link, unsigned int *state);

/// The longest texts with their final zero.
enum { p2pnvml_text_bytes = 96 };
/// How many NVLinks a GPU has at most.
enum { p2pnvml_links = 18 };
