/*
 * Copies of stores, for backups: of one that is in use, a slice at a time between its batches; of one that nobody uses, as
 * a whole. A copy is one file, complete in itself, readable by its owner alone, and what it has is one moment of the store,
 * the one when the copy was over. Nothing here is synced: who wants to keep a copy does that.
 */
#ifndef HOST_STORE_COPY_H
#define HOST_STORE_COPY_H

#include "store/store.h"

struct store_copied {
	int64_t done, total; /* pages */
	bool over;
};

/* Takes a moment, whatever the size of the store. HST_RETRY: a batch is open; nothing was done. */
int store_copy_step(struct store_copy *copy, struct store_copied *ret, hst_error *err);
/* Before the store. One that is not over leaves no file; NULL is fine. */
void store_copy_free(struct store_copy *copy);

/* HST_RETRY while a process has the store. `from` may be of an older version and stays so. */
int store_copy_file(const char *from, const char *to, hst_error *err);

/* What a store's file has, looked at as it is. */
struct store_look {
	int64_t version;
	int64_t runs, unfinished;
	int64_t run, step, seq, token; /* counters; 0: none yet */
	char *restored;		       /* the value of the standing "restored" "host"; NULL: none. Caller frees */
};

/*
 * HST_INVALID: no store, damaged, or of a newer version. `whole`: every page is looked at. The file is not changed; a
 * write-ahead log beside it is taken into account.
 */
int store_look(const char *path, bool whole, struct store_look *ret, hst_error *err);

#endif
