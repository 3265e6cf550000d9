#ifndef P2PNODE_VERSION_H
#define P2PNODE_VERSION_H

/// The commit of which this was built, or `development` where the build was not told.
const char *p2pnode_commit(void);

#endif
