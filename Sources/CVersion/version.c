#include "include/version.h"

#ifndef P2PNODE_COMMIT
#define P2PNODE_COMMIT "development"
#endif

const char *p2pnode_commit(void) { return P2PNODE_COMMIT; }
