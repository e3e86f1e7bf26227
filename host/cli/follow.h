/* Following a run live: a line for each thing that happens, until it has ended. */
#ifndef HOST_CLI_FOLLOW_H
#define HOST_CLI_FOLLOW_H

#include "cli/connect.h"

enum { FOLLOW_PATIENCE_MS = 60000 }; /* how long a host that went away is waited for */

/* `quiet`: prints nothing. CLI_DONE: it has ended, however. A host that goes away meanwhile is asked again.
 */
int follow_run(struct connect *connect, int64_t run, bool quiet);

#endif
