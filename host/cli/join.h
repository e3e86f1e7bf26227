/* The parts of `gateway join`: what stands in the configuration, what the host says, and what the gateway has come to. */
#ifndef HOST_CLI_JOIN_H
#define HOST_CLI_JOIN_H

#include "cli/cli.h"
#include "config/conf.h"
#include "wire/invitation.h"

struct join {
	struct cli *cli;
	struct invitation invitation;
	char *path;	  /* of the configuration, absolute */
	char *before;	  /* what stood there; NULL: there was no such file */
	bool written;	  /* the [gateway] is new */
	struct conf *conf; /* with it */
};

/* All return an exit status and have said what was wrong; CLI_DONE is 0. */

/* join_file.c: finds the file, and refuses one that belongs to something else. */
int join_look(struct join *join);
/* Writes the [gateway], unless the very same stands there, and checks the whole; what is wrong is not left behind. */
int join_write(struct join *join);
/* Where hostlerd finds the invitation. */
int join_leave_invitation(struct join *join);

/* join_wait.c: true when the gateway of this file works already. */
bool join_is_online(struct join *join);
/* Waits until the host shows the devices, then tells what there is and what is missing. */
int join_wait(struct join *join);
void join_forget_now(const struct join *join); /* what an earlier gateway has left */

#endif
