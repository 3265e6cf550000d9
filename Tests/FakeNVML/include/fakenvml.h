#ifndef P2PNODE_FAKENVML_H
#define P2PNODE_FAKENVML_H

// A stand-in for NVIDIA's management library, for tests of what reads it. A test gives its directory, in which it is
// `libnvidia-ml.so.1`, in LD_LIBRARY_PATH; the file that FAKE_NVML names describes the machine, a line each:
//
//   driver VERSION
//   gpu MIB MILLIWATTS MIG LINKS NAME…    MIG is 0, 1 or -1 for a GPU without it; LINKS that are up, or -1
//   fail FUNCTION STATUS [INDEX]          the function gives the status, of the GPU at INDEX only when it is given
//   hang FUNCTION                         the function never returns
//
// Without the variable there is a library and no driver, which is status 9.

#endif
