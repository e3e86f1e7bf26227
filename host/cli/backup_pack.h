/*
 * What a backup has in it, put together and taken apart: the copy of the store, the seed of the host's keys, who was let in,
 * the configuration as it was in force (to look at; restore does not touch the configuration), and, if wanted, the files of
 * the runs. The journals of gateways are left out: they say what devices did, and that does not become untrue by a restore.
 */
#ifndef HOST_CLI_BACKUP_PACK_H
#define HOST_CLI_BACKUP_PACK_H

#include "cli/cli.h"
#include "config/conf.h"
#include "store/copy.h"

#define BACKUP_ABOUT "hostler-backup"
#define BACKUP_STORE "store.db"

enum { BACKUP_FORMAT = 1 };

struct backup_pack {
	const struct cli *cli;
	const struct conf *conf;
	const char *file;
	int store; /* the copy, open */
	struct store_look look;
	int64_t made_us;
	bool force, files;
	int64_t bytes, all, file_count; /* so far, and of what is known beforehand */
};

/* Makes the file, whole and on disk. Returns an hst_code. */
int backup_pack(struct backup_pack *pack, hst_error *err);

/* A line on the terminal that is written over again; nothing where nobody sits there. `done` of `all` of what. */
void backup_progress(const struct cli *cli, const char *what, int64_t done, int64_t all);
void backup_progress_over(const struct cli *cli);

#endif
