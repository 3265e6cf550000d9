#ifndef P2PNODE_FAULTS_H
#define P2PNODE_FAULTS_H

#include <stdint.h>

/// What is broken of one process's machine, for the process into which the library is preloaded (LD_PRELOAD).
///
/// | variable | |
/// |---|---|
/// | `P2PFAULTS_ROOT` | the directory whose files the library looks after: those right in it, by absolute path |
/// | `P2PFAULTS_STATE` | a directory with `control`, this structure, and `disk/`, what would be left after a loss of power |
///
/// `control` is mapped, so what is written to the file holds at once. The process itself only counts.
///
/// `disk/` has each file as of its last successful sync: a sync copies what was written since then. A file that was never
/// synced, and whose directory was not, is not there; one that was deleted is there until its directory is synced. The
/// lock, the socket and SQLite's shared memory (`-shm`) are not among them: they mean nothing after a restart.
struct p2pfaults_control {
  /// Added to the machine's clock, in milliseconds.
  int64_t clock_offset_ms;
  /// How many syncs there are to be until one fails with EIO, that one counted; 0: none fails. After a failure what it
  /// was to sync counts as synced for the process, as on Linux, but is not in `disk/`.
  int64_t failing_sync;
  /// 1: no file grows any more (ENOSPC).
  int64_t is_full;
  /// 1: nothing can be written (EROFS).
  int64_t is_read_only;
  /// How much longer a sync takes, in microseconds: what was written waits that long to be on the disk.
  int64_t sync_delay_us;
  /// Syncs so far, failed ones among them.
  int64_t syncs;
  /// Calls that failed because of this structure.
  int64_t failures;
};

#endif
