/*
 * Putting a backup in the place of what is there. What is there is not removed but kept aside, in a folder beside it. While
 * it is being done the file `restoring` says so, and hostlerd does not start: a restore that was interrupted is begun again.
 */
#ifndef HOST_CLI_RESTORE_PLACE_H
#define HOST_CLI_RESTORE_PLACE_H

#include "config/conf.h"

struct restore_place {
	const struct conf *conf;
	char *staging; /* where the backup is read to */
	char *store;   /* the store in it */
	char *aside;   /* where goes what is there */
};

int restore_place_open(struct restore_place *place, const struct conf *conf, int64_t now_us, hst_error *err);
int restore_place_exchange(struct restore_place *place, hst_error *err);
void restore_place_close(struct restore_place *place); /* what is left in the staging folder is removed */

#endif
