// A machine that breaks on request, for one process: see faults.h.
//
// What SQLite calls is here, and what it does not call (mapped database files, vectors of buffers, renames) is not. The
// real calls are made by number, so that the library needs nothing of the one that it stands in front of.

#define _GNU_SOURCE
#include "include/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { sector_size = 512, maximum_files = 64 };

// A file in the directory that this process has opened.
struct tracked {
  dev_t device;
  ino_t inode;
  char name[NAME_MAX + 1];
  // Whether `disk/` is to hold it.
  bool is_mirrored;
  // A descriptor to read it by; -1 while there is none. It stays open: closing any descriptor of a file would end the
  // locks that the process has on it.
  int live;
  // Its copy in `disk/`; -1 while there is none.
  int mirror;
  // One byte for each sector: whether it was written since the last sync.
  unsigned char *dirty;
  size_t dirty_count;
};

static struct p2pfaults_control *control;
static char root[PATH_MAX];
static size_t root_length;
static char disk[PATH_MAX];
static struct tracked files[maximum_files];
static size_t file_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void stop_with(const char *what, const char *path) {
  dprintf(STDERR_FILENO, "faults: %s %s: %s\n", what, path, strerror(errno));
  abort();
}

// The path of `name` in `directory`.
static void join(char path[PATH_MAX], const char *directory, const char *name) {
  if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX) {
    errno = ENAMETOOLONG;
    stop_with(directory, name);
  }
}

static int raw_open(const char *path, int flags, mode_t mode) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((constructor)) static void start(void) {
  const char *directory = getenv("P2PFAULTS_ROOT");
  const char *state = getenv("P2PFAULTS_STATE");
  if (directory == NULL || state == NULL) return;
  char path[PATH_MAX];
  if (realpath(directory, root) == NULL) stop_with("realpath", directory);
  root_length = strlen(root);
  join(disk, state, "disk");
  join(path, state, "control");
  int descriptor = raw_open(path, O_RDWR | O_CLOEXEC, 0);
  if (descriptor < 0) stop_with("open", path);
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) stop_with("mmap", path);
  close(descriptor);
  control = mapped;
}

static int64_t load(int64_t *field) { return __atomic_load_n(field, __ATOMIC_SEQ_CST); }

static void count(int64_t *field) { __atomic_add_fetch(field, 1, __ATOMIC_SEQ_CST); }

static int fail(int code) {
  count(&control->failures);
  errno = code;
  return -1;
}

// The file's name when `path` names one right in the directory, or NULL.
static const char *name_in_root(const char *path) {
  if (control == NULL || path == NULL || strncmp(path, root, root_length) != 0) return NULL;
  const char *name = path + root_length;
  if (*name++ != '/') return NULL;
  return *name == 0 || strchr(name, '/') != NULL || strlen(name) > NAME_MAX ? NULL : name;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

// MARK: What is on the disk

static void mark(struct tracked *file, off_t offset, off_t length) {
  if (length <= 0) return;
  size_t end = (size_t)(offset + length - 1) / sector_size + 1;
  if (end > file->dirty_count) {
    size_t grown = end * 2;
    unsigned char *dirty = realloc(file->dirty, grown);
    if (dirty == NULL) stop_with("realloc", file->name);
    memset(dirty + file->dirty_count, 0, grown - file->dirty_count);
    file->dirty = dirty;
    file->dirty_count = grown;
  }
  for (size_t sector = (size_t)offset / sector_size; sector < end; sector++) file->dirty[sector] = 1;
}

static int open_mirror(const char *name, int flags) {
  char path[PATH_MAX];
  join(path, disk, name);
  int descriptor = raw_open(path, flags | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno != ENOENT) stop_with("open", path);
  return descriptor;
}

static off_t size_of(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) stop_with("fstat", "");
  return status.st_size;
}

// Marks where the file differs from its copy: a process that was killed has written it and not synced.
static void mark_differences(struct tracked *file) {
  char live[1 << 16], copy[1 << 16];
  off_t size = size_of(file->live);
  for (off_t offset = 0; offset < size; offset += (off_t)sizeof live) {
    ssize_t count = pread(file->live, live, sizeof live, offset);
    ssize_t held = file->mirror < 0 ? 0 : pread(file->mirror, copy, sizeof copy, offset);
    for (ssize_t place = 0; place < count; place += sector_size) {
      ssize_t length = count - place < sector_size ? count - place : sector_size;
      if (place + length > held || memcmp(live + place, copy + place, (size_t)length) != 0) {
        mark(file, offset + place, length);
      }
    }
  }
}

// Puts what was written since the last sync into the copy.
static void copy_to_mirror(struct tracked *file) {
  char buffer[sector_size];
  if (file->mirror < 0) file->mirror = open_mirror(file->name, O_CREAT);
  off_t size = size_of(file->live);
  for (size_t sector = 0; sector < file->dirty_count; sector++) {
    off_t offset = (off_t)sector * sector_size;
    if (!file->dirty[sector] || offset >= size) continue;
    ssize_t length = pread(file->live, buffer, sector_size, offset);
    if (length < 0 || syscall(SYS_pwrite64, file->mirror, buffer, length, offset) != length) {
      stop_with("copying", file->name);
    }
  }
  if (syscall(SYS_ftruncate, file->mirror, size) != 0) stop_with("ftruncate", file->name);
  if (file->dirty != NULL) memset(file->dirty, 0, file->dirty_count);
}

// What was created and deleted in the directory is so for good.
static void sync_names(void) {
  for (size_t index = 0; index < file_count; index++) {
    struct tracked *file = &files[index];
    if (!file->is_mirrored) continue;
    char path[PATH_MAX];
    struct stat status;
    join(path, root, file->name);
    bool is_there = stat(path, &status) == 0;
    if (is_there && file->mirror < 0) file->mirror = open_mirror(file->name, O_CREAT);
    if (!is_there) {
      join(path, disk, file->name);
      syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    }
  }
}

// MARK: Which file a descriptor is of

static struct tracked *find(int descriptor, struct stat *status) {
  if (control == NULL || fstat(descriptor, status) != 0) return NULL;
  for (size_t index = 0; index < file_count; index++) {
    if (files[index].inode == status->st_ino && files[index].device == status->st_dev) return &files[index];
  }
  return NULL;
}

static void adopt(int descriptor, const char *name, bool is_truncated) {
  struct stat status;
  struct tracked *file = find(descriptor, &status);
  if (!S_ISREG(status.st_mode)) return;
  if (file != NULL && strcmp(file->name, name) == 0) {
    if (is_truncated && file->is_mirrored) mark_differences(file);
    return;
  }
  // A number of a file that is deleted, which the system has given to this one.
  if (file != NULL) file->inode = 0;
  file = NULL;
  for (size_t index = 0; file == NULL && index < file_count; index++) {
    if (strcmp(files[index].name, name) == 0) file = &files[index];
  }
  if (file == NULL) {
    if (file_count == maximum_files) stop_with("too many files at", name);
    file = &files[file_count++];
    strcpy(file->name, name);
    file->is_mirrored = !ends_with(name, "-shm") && strcmp(name, "lock") != 0;
    file->mirror = file->is_mirrored ? open_mirror(name, 0) : -1;
    file->live = -1;
  }
  file->device = status.st_dev;
  file->inode = status.st_ino;
  if (file->dirty != NULL) memset(file->dirty, 0, file->dirty_count);
  if (!file->is_mirrored) return;
  char path[PATH_MAX];
  join(path, root, name);
  if (file->live >= 0) close(file->live);
  file->live = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (file->live < 0) stop_with("open", path);
  mark_differences(file);
}

// MARK: The calls

static int open_file(int directory, const char *path, int flags, mode_t mode) {
  const char *name = name_in_root(path);
  if (name != NULL && load(&control->is_read_only) && ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))) {
    return fail(EROFS);
  }
  int descriptor = (int)syscall(SYS_openat, directory, path, flags, mode);
  if (name != NULL && descriptor >= 0 && !(flags & O_PATH)) {
    pthread_mutex_lock(&mutex);
    adopt(descriptor, name, flags & O_TRUNC);
    pthread_mutex_unlock(&mutex);
  }
  return descriptor;
}

#define MODE_ARGUMENT(flags)                           \
  mode_t mode = 0;                                     \
  if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
    va_list arguments;                                 \
    va_start(arguments, flags);                        \
    mode = va_arg(arguments, mode_t);                  \
    va_end(arguments);                                 \
  }

int open(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_file(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_file(directory, path, flags, mode);
}

static ssize_t write_file(int descriptor, const void *bytes, size_t length, off_t offset, bool is_at_offset) {
  struct stat status;
  struct tracked *file = NULL;
  if (control != NULL) {
    pthread_mutex_lock(&mutex);
    file = find(descriptor, &status);
    if (file == NULL) pthread_mutex_unlock(&mutex);
  }
  if (file == NULL) {
    return is_at_offset ? syscall(SYS_pwrite64, descriptor, bytes, length, offset)
                        : syscall(SYS_write, descriptor, bytes, length);
  }
  ssize_t written;
  off_t place = is_at_offset ? offset : lseek(descriptor, 0, SEEK_CUR);
  if (!is_at_offset && (fcntl(descriptor, F_GETFL) & O_APPEND) != 0) place = status.st_size;
  bool grows = place + (off_t)length > status.st_size;
  // What still fits is written, as a real disk does.
  if (load(&control->is_full) && grows && place < status.st_size) length = (size_t)(status.st_size - place);
  if (load(&control->is_read_only)) {
    written = fail(EROFS);
  } else if (load(&control->is_full) && grows && place >= status.st_size) {
    written = fail(ENOSPC);
  } else {
    written = is_at_offset ? syscall(SYS_pwrite64, descriptor, bytes, length, offset)
                           : syscall(SYS_write, descriptor, bytes, length);
    // What lies between the old end and the place is new, too.
    off_t first = place < status.st_size ? place : status.st_size;
    if (written > 0 && file->is_mirrored) mark(file, first, place + written - first);
  }
  int code = errno;
  pthread_mutex_unlock(&mutex);
  errno = code;
  return written;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  return write_file(descriptor, bytes, length, 0, false);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  return write_file(descriptor, bytes, length, offset, true);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
  return write_file(descriptor, bytes, length, offset, true);
}

static int truncate_file(int descriptor, off_t size) {
  struct stat status;
  if (control == NULL) return (int)syscall(SYS_ftruncate, descriptor, size);
  pthread_mutex_lock(&mutex);
  struct tracked *file = find(descriptor, &status);
  int result;
  if (file != NULL && load(&control->is_read_only)) {
    result = fail(EROFS);
  } else {
    result = (int)syscall(SYS_ftruncate, descriptor, size);
    if (result == 0 && file != NULL && file->is_mirrored) {
      off_t first = size < status.st_size ? size : status.st_size;
      off_t end = size < status.st_size ? status.st_size : size;
      mark(file, first, end - first);
    }
  }
  int code = errno;
  pthread_mutex_unlock(&mutex);
  errno = code;
  return result;
}

int ftruncate(int descriptor, off_t size) { return truncate_file(descriptor, size); }

int ftruncate64(int descriptor, off_t size) { return truncate_file(descriptor, size); }

// Whether this sync is the one that is to fail.
static bool fails_now(void) {
  int64_t left = load(&control->failing_sync);
  while (left > 0) {
    if (__atomic_compare_exchange_n(&control->failing_sync, &left, left - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      return left == 1;
    }
  }
  return false;
}

static void delay(void) {
  int64_t microseconds = load(&control->sync_delay_us);
  struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  if (microseconds > 0) nanosleep(&time, NULL);
}

// The bookkeeping of a sync of one of the store's files: whether it fails.
static bool begin_sync(struct tracked *file) {
  count(&control->syncs);
  if (!fails_now()) return true;
  // The pages count as clean now, though they never came to the disk.
  if (file->dirty != NULL) memset(file->dirty, 0, file->dirty_count);
  return false;
}

static bool is_root(const struct stat *status) {
  struct stat directory;
  return S_ISDIR(status->st_mode) && stat(root, &directory) == 0 && directory.st_ino == status->st_ino
      && directory.st_dev == status->st_dev;
}

static int sync_file(int descriptor, long number) {
  struct stat status;
  if (control == NULL) return (int)syscall(number, descriptor);
  pthread_mutex_lock(&mutex);
  struct tracked *file = find(descriptor, &status);
  bool is_mirrored = file != NULL && file->is_mirrored;
  bool is_well = !is_mirrored || begin_sync(file);
  pthread_mutex_unlock(&mutex);
  if (is_mirrored) delay();
  if (!is_well) return fail(EIO);
  // A process writes and syncs a store from one thread at a time, so what is copied is what was synced.
  int result = (int)syscall(number, descriptor);
  if (result != 0) return result;
  pthread_mutex_lock(&mutex);
  if (is_mirrored) copy_to_mirror(file);
  if (file == NULL && is_root(&status)) sync_names();
  pthread_mutex_unlock(&mutex);
  return 0;
}

int fsync(int descriptor) { return sync_file(descriptor, SYS_fsync); }

int fdatasync(int descriptor) { return sync_file(descriptor, SYS_fdatasync); }

int unlink(const char *path) {
  const char *name = name_in_root(path);
  if (name != NULL && load(&control->is_read_only)) return fail(EROFS);
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

// MARK: The clock

static bool is_wall_clock(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && control != NULL && is_wall_clock(clock)) {
    int64_t offset = load(&control->clock_offset_ms);
    int64_t nanoseconds = time->tv_nsec + offset % 1000 * 1000000;
    int64_t carry = nanoseconds < 0 ? -1 : nanoseconds >= 1000000000 ? 1 : 0;
    time->tv_sec += offset / 1000 + carry;
    time->tv_nsec = nanoseconds - carry * 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
