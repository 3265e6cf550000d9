// The functions are declared after the library's public reference, apart from the program's own declarations, so that
// an error in one of them shows.

#define _GNU_SOURCE
#include "include/fakenvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { success = 0, uninitialized = 1, invalid_argument = 2, not_supported = 3, insufficient_size = 7,
       driver_not_loaded = 9 };
enum { maximum_gpus = 32, maximum_rules = 32, text_size = 96, link_count = 18 };

typedef int nvmlReturn_t;

typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} nvmlMemory_t;

typedef struct gpu {
  unsigned long long mebibytes;
  long milliwatts;
  int mig;
  int links;
  char name[text_size];
} *nvmlDevice_t;

static struct gpu gpus[maximum_gpus];
static unsigned gpu_count;
static char driver[text_size];
static int is_initialized;
static struct rule {
  char function[64];
  int status;
  int index;
  int hangs;
} rules[maximum_rules];
static unsigned rule_count;

static void add_rule(const char *function, int status, int index, int hangs) {
  if (rule_count == maximum_rules) abort();
  struct rule *rule = &rules[rule_count++];
  snprintf(rule->function, sizeof rule->function, "%s", function);
  rule->status = status;
  rule->index = index;
  rule->hangs = hangs;
}

static void read_line(char *line) {
  char word[64];
  int status = 0;
  int index = -1;
  struct gpu gpu;
  line[strcspn(line, "\n")] = 0;
  if (sscanf(line, "driver %95s", driver) == 1) return;
  if (sscanf(line, "gpu %llu %ld %d %d %95[^\n]", &gpu.mebibytes, &gpu.milliwatts, &gpu.mig, &gpu.links, gpu.name) == 5) {
    if (gpu_count == maximum_gpus) abort();
    gpus[gpu_count++] = gpu;
  } else if (sscanf(line, "fail %63s %d %d", word, &status, &index) >= 2) {
    add_rule(word, status, index, 0);
  } else if (sscanf(line, "hang %63s", word) == 1) {
    add_rule(word, 0, -1, 1);
  } else if (line[0] != 0) {
    fprintf(stderr, "fakenvml: not understood: %s\n", line);
    abort();
  }
}

// What the description says of a call, or success.
static nvmlReturn_t outcome(const char *function, nvmlDevice_t device) {
  for (unsigned number = 0; number < rule_count; number++) {
    struct rule *rule = &rules[number];
    if (strcmp(rule->function, function) != 0) continue;
    if (rule->index >= 0 && device != &gpus[rule->index]) continue;
    while (rule->hangs) pause();
    return rule->status;
  }
  return is_initialized ? success : uninitialized;
}

static nvmlReturn_t copy(const char *text, char *to, unsigned length) {
  if (strlen(text) >= length) return insufficient_size;
  strcpy(to, text);
  return success;
}

nvmlReturn_t nvmlInit_v2(void) {
  const char *path = getenv("FAKE_NVML");
  if (path == NULL) return driver_not_loaded;
  FILE *file = fopen(path, "r");
  if (file == NULL) abort();
  char line[512];
  gpu_count = rule_count = 0;
  while (fgets(line, sizeof line, file) != NULL) read_line(line);
  fclose(file);
  is_initialized = 1;
  nvmlReturn_t status = outcome("nvmlInit_v2", NULL);
  is_initialized = status == success;
  return status;
}

nvmlReturn_t nvmlShutdown(void) {
  nvmlReturn_t status = outcome("nvmlShutdown", NULL);
  is_initialized = 0;
  return status;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
  nvmlReturn_t status = outcome("nvmlSystemGetDriverVersion", NULL);
  return status != success ? status : copy(driver, version, length);
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
  nvmlReturn_t status = outcome("nvmlDeviceGetCount_v2", NULL);
  if (status == success) *count = gpu_count;
  return status;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
  if (index >= gpu_count) return invalid_argument;
  nvmlReturn_t status = outcome("nvmlDeviceGetHandleByIndex_v2", &gpus[index]);
  if (status == success) *device = &gpus[index];
  return status;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
  nvmlReturn_t status = outcome("nvmlDeviceGetName", device);
  return status != success ? status : copy(device->name, name, length);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
  nvmlReturn_t status = outcome("nvmlDeviceGetUUID", device);
  if (status != success) return status;
  char text[text_size];
  snprintf(text, sizeof text, "GPU-00000000-0000-4000-8000-%012ld", (long)(device - gpus));
  return copy(text, uuid, length);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  nvmlReturn_t status = outcome("nvmlDeviceGetMemoryInfo", device);
  if (status != success) return status;
  memory->total = device->mebibytes << 20;
  memory->used = 1 << 20;
  memory->free = memory->total - memory->used;
  return success;
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned int *milliwatts) {
  nvmlReturn_t status = outcome("nvmlDeviceGetEnforcedPowerLimit", device);
  if (status != success) return status;
  if (device->milliwatts < 0) return not_supported;
  *milliwatts = (unsigned)device->milliwatts;
  return success;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending) {
  nvmlReturn_t status = outcome("nvmlDeviceGetMigMode", device);
  if (status != success) return status;
  if (device->mig < 0) return not_supported;
  *current = *pending = (unsigned)device->mig;
  return success;
}

nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, unsigned int *is_active) {
  nvmlReturn_t status = outcome("nvmlDeviceGetNvLinkState", device);
  if (status != success) return status;
  if (device->links < 0) return not_supported;
  if (link >= link_count) return invalid_argument;
  // The links that are up are the last ones, so that whoever looks at the first only misses them.
  *is_active = link >= link_count - (unsigned)device->links;
  return success;
}
