/* SQLite's store from within: its statements, which are prepared once, and how a record gets into and out of
 * one. */
#ifndef HOST_STORE_SQLITE_H
#define HOST_STORE_SQLITE_H

#include "base/id.h"
#include "base/text.h"
#include "store/record.h"
#include "store/sqlite_rows.h"

#include <sqlite3.h>

enum sqlite_statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_INSERT_RUN,
	SQL_BECOME_RUN,
	SQL_OPEN_RUN,
	SQL_CLOSE_RUN,
	SQL_SETTLE_RUNS,
	SQL_SETTLE,
	SQL_PUT_SETTLED,
	SQL_PUT_ENDED,
	SQL_INSERT_STEP,
	SQL_BECOME_STEP,
	SQL_LAST_HAPPENING,
	SQL_PUT_HAPPENING,
	SQL_PUT_SEALED,
	SQL_PUT_EVENT,
	SQL_PUT_FLOW,
	SQL_PUT_COUNTER,
	SQL_PUT_STATE,
	SQL_PUT_PACKAGE,
	SQL_PUT_STANDING,
	SQL_REMOVE_STANDING,
	SQL_COUNTERS,
	SQL_GET_FLOW,
	SQL_GET_STATE,
	SQL_GET_EVENT,
	SQL_STANDINGS,
	SQL_UNFINISHED_RUNS,
	SQL_UNFINISHED_STEPS,
	SQL_RUNS,
	SQL_RUN,
	SQL_STEPS,
	SQL_HAPPENINGS,
	SQL_SEALED,
	SQL_LATELY,
	SQL_ENDED_BEFORE,
	SQL_COUNT_ENDED,
	SQL_FIND_LAST,
	SQL_FIND_NUMBER,
	SQL_FIND_STEP,
	SQL_FIND_ID,
	SQL_FIND_ENDING,
	SQL_COUNT,
};

/* What this batch tells of a run. */
struct sqlite_piece {
	int64_t run, at_us; /* of the latest happening in it */
	bool taken;	    /* it is written */
	struct text told;
};

/* Where what happens next to a run goes, for the runs that something happened to lately. */
struct sqlite_place {
	int64_t run;
	int64_t key;	   /* of its next row; 0: not known */
	int64_t row_bytes; /* that it has in the run's own rows; -1: there is no room, or it is not known */
	size_t piece;	   /* one more than where its piece is; 0: it has none */
	bool first, whole; /* its first row is there; and was not, when the store was opened */
	uint64_t steps;	   /* those of the first 64 positions whose first rows are there; with `whole` no others are */
};

/* Keys of steps and of what happened begin with the run's number; the same bits stand in the statements. */
enum { SQLITE_PLACES = 4096, SQLITE_KEY_BITS = 24 };
#define SQLITE_RUNS_MAX (INT64_C(1) << (62 - SQLITE_KEY_BITS))

enum { SQLITE_NEW_BITS = 11, SQLITE_BLOCKS = 4 };

/* What is known of runs that will be settled: how many were put since the store was opened, and what `settled` will have of them. */
struct sqlite_block {
	int64_t from, runs; /* those that follow number `from` */
	char least[ID_SIZE], most[ID_SIZE];
	int64_t ended_from, ended_to;
	uint64_t ended[(1 << SQLITE_NEW_BITS) / 64]; /* a bit for each */
};

/* What is put next of runs and steps, into their first rows and into their second ones. */
enum sqlite_list { LIST_RUN, LIST_RUN_NOW, LIST_STEP, LIST_STEP_NOW, LIST_COUNT };

struct sqlite_store {
	struct store store; /* first: a store of this kind is this */
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[SQL_COUNT];
	int64_t wal_bytes; /* in the write-ahead log and not yet in the file */
	int64_t page_bytes;
	bool in_batch, spoiled;			   /* a put of this batch has failed */
	const struct store_work *meanwhile;	   /* what is left to be done in a commit */
	int64_t last_run;			   /* no run has a greater number */
	char *pruned_instance, *pruned_key; /* up to here keys of events were looked at; NULL: begin anew */
	struct sqlite_place places[SQLITE_PLACES]; /* by run, the last one that asked has the place */
	struct sqlite_rows rows[LIST_COUNT];
	struct sqlite_block blocks[SQLITE_BLOCKS]; /* by number, the last one that asked has the place */
	struct sqlite_piece *pieces;
	size_t piece_count, piece_size;
};

/* sqlite.c: a statement of a batch that returns no rows. One that fails takes its batch with it. */
int sqlite_put(struct sqlite_store *store, enum sqlite_statement which, hst_error *err);

/* sqlite_settle.c */
int64_t sqlite_settled(int64_t newest); /* runs up to this number have their places, where this is the newest */
void sqlite_settle_later(struct sqlite_store *store, const struct store_run *run, bool new);
int sqlite_settle_until(struct sqlite_store *store, int64_t last, hst_error *err); /* `last`: the newest before this batch */
int sqlite_put_settled(struct sqlite_store *store, const struct store_run *run, bool there, hst_error *err); /* it has its place, or gets it late */
void sqlite_settle_forget(struct sqlite_store *store);

/* sqlite_gather.c: the name of the VFS by which the store is opened; and where it stands what is to be
 * done while a file of it is synced next: it is NULL before it is done, and when there is nothing. */
const char *sqlite_gather(void);
void sqlite_gather_meanwhile(sqlite3_file *file, const struct store_work **meanwhile);

/* sqlite_put.c */
int sqlite_put_runs(struct store *store, const struct store_run *runs, size_t n, hst_error *err);
int sqlite_put_steps(struct store *store, const struct store_step *steps, size_t n, hst_error *err);

/* sqlite_log.c: how long the write-ahead log is */
void sqlite_log_watch(struct sqlite_store *store);
void sqlite_log_meanwhile(struct sqlite_store *store); /* its next sync looks at store->meanwhile */
void sqlite_log_safe(struct sqlite_store *store); /* after a batch: it is not let grow without end */
bool sqlite_log_idle(struct sqlite_store *store); /* store_idle */

/* sqlite_told.c */
int sqlite_put_happening(struct store *store, const struct store_happening *happening, hst_error *err);
struct sqlite_place *sqlite_place(struct sqlite_store *store, int64_t run); /* of 0 and more; what is not known of it is 0 */
void sqlite_told_new(struct sqlite_store *store, int64_t run);	       /* nothing has happened to this one before */
const char *sqlite_told_take(struct sqlite_store *store, int64_t run); /* what is to be added to the run's rows */
int sqlite_told_write(struct sqlite_store *store, hst_error *err);     /* all that is left of this batch */
void sqlite_told_gone(struct sqlite_store *store, int64_t run);	       /* it was removed */
void sqlite_told_forget(struct sqlite_store *store);		       /* the batch was taken back */
void sqlite_told_clear(struct sqlite_store *store);

/*
 * The newest few thousand runs are quickly looked through. Older ones are settled, 2048 at a time: `settled` has of each such
 * block the least and the greatest id, since ids begin with their time, and when the first and the last of those ended that
 * had ended by then. `unfinished` has those that had not, which are few, since most runs end soon; it may have some that have ended
 * since. `ended` has by their times those that ended later, also by a time that is no longer theirs, since a run may go on again.
 */
#define SQLITE_SETTLED "(SELECT coalesce(max(up_to), 0) FROM settled)"
#define SQLITE_UNFINISHED                                                                                     \
	"(SELECT number FROM unfinished UNION ALL SELECT number FROM run WHERE ended_us = 0 AND number > " SQLITE_SETTLED ")"
#define SQLITE_THEN(after, before) "run_now.ended_us > " after " AND run_now.ended_us < " before
#define SQLITE_ENDED(after, before)                                                                           \
	"(SELECT ended_us, number FROM ended JOIN run_now USING(ended_us, number) WHERE " SQLITE_THEN(after, before)  \
	" UNION SELECT ended_us, number FROM run_now WHERE " SQLITE_THEN(after, before) " AND number > " SQLITE_SETTLED \
	" UNION SELECT ended_us, number FROM settled JOIN run_now ON number > up_to - 2048 AND number <= up_to"        \
	" WHERE ended_to > " after " AND ended_from < " before " AND " SQLITE_THEN(after, before) ")"

/* sqlite_statement.c */
int sqlite_prepare(struct sqlite_store *store, hst_error *err);
int sqlite_fail(const struct sqlite_store *store,
		hst_error *err); /* what SQLite says, with the code it means */
void sqlite_bind_text(sqlite3_stmt *statement, int at, const char *text);
void sqlite_bind_bytes(sqlite3_stmt *statement, int at,
		       struct store_bytes bytes); /* as text, so that people can read it in SQL */
void sqlite_read_record(sqlite3_stmt *statement, const struct record_shape *shape,
			void *ret); /* pointers live until the next step */

/* sqlite_copy.c */
int sqlite_copy(struct store *store, const char *path, struct store_copy **ret, hst_error *err);

/* sqlite_prune.c */
int sqlite_prune(struct store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err);

/* sqlite_query.c */
int sqlite_counters(struct store *store, bool (*visit)(void *arg, const char *name, int64_t value), void *arg,
		    hst_error *err);
int sqlite_get_flow(struct store *store, const char *digest, char **ret_text, size_t *ret_length,
		    hst_error *err);
int sqlite_get_state(struct store *store, const char *instance, const char *name, char **ret_bytes,
		     size_t *ret_length, hst_error *err);
int sqlite_get_event(struct store *store, const char *instance, const char *key, int64_t *ret_run, int64_t *ret_runs,
		     hst_error *err);
int sqlite_standings(struct store *store, bool (*visit)(void *arg, const struct store_standing *standing),
		     void *arg, hst_error *err);
int sqlite_unfinished(struct store *store, bool (*run)(void *arg, const struct store_run *run),
		      bool (*step)(void *arg, const struct store_step *step), void *arg, hst_error *err);
int sqlite_runs(struct store *store, const struct store_filter *filter,
		bool (*visit)(void *arg, const struct store_run *run), void *arg, hst_error *err);
int sqlite_run(struct store *store, int64_t number, bool (*visit)(void *arg, const struct store_run *run),
	       void *arg, hst_error *err);
int sqlite_steps(struct store *store, int64_t run, bool (*visit)(void *arg, const struct store_step *step),
		 void *arg, hst_error *err);
int sqlite_happenings(struct store *store, int64_t run,
		      bool (*visit)(void *arg, const struct store_happening *happening), void *arg,
		      hst_error *err);
int sqlite_sealed(struct store *store, int64_t run, int64_t step,
		  bool (*visit)(void *arg, const struct store_sealed *sealed), void *arg, hst_error *err);
int sqlite_lately(struct store *store, const struct store_span *span,
		  bool (*visit)(void *arg, const struct store_told *told), void *arg, hst_error *err);
int sqlite_find_run(struct store *store, const char *said, int64_t *ret_number, hst_error *err);

#endif
