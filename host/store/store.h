/*
 * The store: what has been accepted and what became of it. One writer, one transaction per batch; what was
 * put between store_begin and store_commit is there whole or not at all, and durable once store_commit has
 * returned. Two homes behind one interface: SQLite for real, memory for tests and the simulator. Used by the
 * engine's thread alone.
 *
 * Records are plain structs of borrowed pointers: a put copies what it needs before it returns, a visitor
 * must copy what it keeps, and calls nothing of the store. Texts may be NULL. Times are microseconds of the
 * wall clock, 0: not yet. Payloads are JSON bytes.
 *
 * Changing a record: raise STORE_VERSION, add a migration step to sqlite_schema.c and a fixture of the old
 * version.
 */
#ifndef HOST_STORE_STORE_H
#define HOST_STORE_STORE_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_VERSION = 6 };

struct store_bytes {
	const char *bytes;
	size_t length;
};

struct store_run {
	int64_t number; /* key; "#4711" */
	const char *id, *flow, *flow_digest, *label, *trigger, *who;
	const char *state, *reason, *text;
	int64_t requested_us, started_us, ended_us;
	int64_t origin; /* number of the first run of a chain of resubmits; 0: this is no resubmit */
	struct store_bytes event;
};

struct store_step {
	int64_t id; /* a number of the host's, never reused */
	int64_t run, position; /* key: the run's number, and where in its flow it is, from 0, below 16 million */
	const char *name, *use, *state, *reason, *text;
	const char *connection, *target, *device, *user, *mode, *priority;
	int64_t seq, token, attempt; /* place in the queue; the last offer's or call's token */
	int64_t requested_us, placed_us, started_us, ended_us;
	int64_t journal; /* identity of the gateway's journal it was offered to; 0: not said */
	int64_t top;	 /* which of the moves to the top was its; 0: none */
	int64_t lost_us; /* since when nobody knows its outcome; 0: it is not lost */
	const char *subflow, *action; /* last progress */
	struct store_bytes inputs, outputs;
};

struct store_happening {
	int64_t at_us, run, step; /* step 0: the run itself */
	const char *what;	  /* "queued", "offered", "refused", "running", "progress", "ended" … */
	const char *detail;	  /* JSON or NULL */
	int64_t run_us;		  /* to be put: when the run was requested; 0: not at hand, or the house. What is read has 0. */
};

/* What stands until somebody takes it back: a flow that is disabled, a device that is drained, a connection that is
 * blocked. */
struct store_standing {
	const char *kind, *name; /* key */
	struct store_bytes value;
};

/* A sealed value of a run: an envelope, which nobody here can open. */
struct store_sealed {
	int64_t run, step; /* key, with the name; step 0: of the run's event */
	const char *name;
	struct store_bytes bytes;
};

struct store_event { /* what a trigger emitted; (instance, key) is unique where key is not NULL */
	const char *instance, *key;
	int64_t at_us;
	int64_t run, runs; /* the first that it made, and how many, whose numbers follow each other; 0: that was not kept */
};

struct store_filter { /* NULL and 0: any */
	const char *flow, *state, *label, *reason;
	int64_t since_us, limit;
};

/* A happening with the names that belong to it. */
struct store_told {
	struct store_happening happening;
	const char *run_id, *flow, *step; /* step NULL: the run itself; all NULL: the house, which is run 0 */
};

struct store_span { /* NULL and 0: any */
	int64_t run;
	const char *flow;
	int64_t since_us;
	int64_t limit; /* at least 1 */
};

/* Retention. Of runs that have ended, and of the house itself; times are of the wall clock. */
struct store_prune {
	int64_t rows_before_us;	  /* runs that ended before, with their steps and happenings; keys of events that came before */
	int64_t values_before_us; /* events, inputs, outputs and what is sealed of runs that ended before; their rows stay */
	int64_t limit;		  /* so many runs at once */
};

struct store_pruned {
	int64_t runs, emptied;
	bool more; /* there may be more to remove */
};

struct store;
struct store_copy;

/* What uses no store, and lets nothing out that follows from what is being committed. */
struct store_work {
	void (*work)(void *arg);
	void *arg;
};

/* Every visitor returns true to go on. */
struct store_ops {
	void (*free)(struct store *store);
	int (*begin)(struct store *store, hst_error *err);
	/* `meanwhile` may be NULL; else it is done once before this succeeds, if it can be while the disk is at it. On failure, also
	 * of a put before it, nothing of the batch is kept. */
	int (*commit)(struct store *store, const struct store_work *meanwhile, hst_error *err);
	bool (*idle)(struct store *store); /* store_idle */

	/* A copy at `path`, which is replaced, made by store_copy_step (copy.h) while the store goes on. One at a time. */
	int (*copy)(struct store *store, const char *path, struct store_copy **ret, hst_error *err);

	/* Insert, or replace by key. What a run or step is stays as it was first put; what becomes of it is replaced
	 * (record.c says which column is which), but for payloads whose bytes are NULL. A run has ended when its
	 * ended_us is not 0. All of a batch at once costs least, and what happened to a run when it is put before the run. */
	int (*put_runs)(struct store *store, const struct store_run *runs, size_t n, hst_error *err);
	int (*put_steps)(struct store *store, const struct store_step *steps, size_t n, hst_error *err);
	int (*put_happening)(struct store *store, const struct store_happening *happening, hst_error *err);
	int (*put_sealed)(struct store *store, const struct store_sealed *sealed,
			  hst_error *err); /* HST_INVALID: that is no envelope */
	int (*put_event)(struct store *store, const struct store_event *event, bool *ret_new,
			 hst_error *err); /* false: the key was there */
	int (*put_flow)(struct store *store, const char *digest, struct store_bytes text, hst_error *err);
	int (*put_counter)(struct store *store, const char *name, int64_t value, hst_error *err);
	int (*put_state)(struct store *store, const char *instance, const char *name,
			 struct store_bytes bytes, hst_error *err);
	int (*put_package)(struct store *store, const char *digest, const char *name, const char *version,
			   int64_t at_us, hst_error *err);

	int (*put_standing)(struct store *store, const char *kind, const char *name, struct store_bytes value,
			    hst_error *err); /* value.bytes NULL: it no longer stands */

	/* In a batch: removes what is old enough, a little of it. Never anything of a run that has not ended. The counter
	 * "emptied_us" says afterwards up to which end of a run there are no values any more. */
	int (*prune)(struct store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err);

	int (*counters)(struct store *store, bool (*visit)(void *arg, const char *name, int64_t value),
			void *arg, hst_error *err);
	int (*get_flow)(struct store *store, const char *digest, char **ret_text, size_t *ret_length,
			hst_error *err); /* caller frees */
	int (*get_state)(struct store *store, const char *instance, const char *name, char **ret_bytes,
			 size_t *ret_length, hst_error *err);
	/* The runs of the event that was put under this key; HST_NOT_FOUND: there was none. */
	int (*get_event)(struct store *store, const char *instance, const char *key, int64_t *ret_run, int64_t *ret_runs,
			 hst_error *err);

	int (*standings)(struct store *store, bool (*visit)(void *arg, const struct store_standing *standing),
			 void *arg, hst_error *err); /* by kind, then by name */

	/* Runs that have not ended, oldest first, each followed by its steps. */
	int (*unfinished)(struct store *store, bool (*run)(void *arg, const struct store_run *run),
			  bool (*step)(void *arg, const struct store_step *step), void *arg, hst_error *err);

	/* Newest first, by number. `label` fits when it is a part of the run's label, the others when they
	 * are equal. Looks at the newest 1,000,000 runs. */
	int (*runs)(struct store *store, const struct store_filter *filter,
		    bool (*visit)(void *arg, const struct store_run *run), void *arg, hst_error *err);
	int (*run)(struct store *store, int64_t number, bool (*visit)(void *arg, const struct store_run *run),
		   void *arg, hst_error *err); /* HST_NOT_FOUND */
	int (*steps)(struct store *store, int64_t run,
		     bool (*visit)(void *arg, const struct store_step *step), void *arg, hst_error *err);
	int (*happenings)(struct store *store, int64_t run,
			  bool (*visit)(void *arg, const struct store_happening *happening), void *arg,
			  hst_error *err);

	/* What is sealed of a run, by step and name. `step` -1: of all of it. */
	int (*sealed)(struct store *store, int64_t run, int64_t step,
		      bool (*visit)(void *arg, const struct store_sealed *sealed), void *arg, hst_error *err);

	/* What happened lately in the runs that are there, and to the house, newest first; of one moment and run what was put last comes
	 * first. */
	int (*lately)(struct store *store, const struct store_span *span,
		      bool (*visit)(void *arg, const struct store_told *told), void *arg, hst_error *err);

	/* What people say for a run: "#12", "12", "last", "last:FLOW", an id or a unique ending of one (at
	 * least 4 characters; looked for among the newest 100,000 runs). HST_NOT_FOUND; HST_INVALID: several
	 * fit, the text names two. */
	int (*find_run)(struct store *store, const char *said, int64_t *ret_number, hst_error *err);
};

struct store {
	const struct store_ops *ops;
};

/*
 * `path` is a file; its folder must exist. The file is made, or made to be, readable by its owner alone. One
 * process at a time: HST_RETRY while another has it. HST_INVALID: of a newer version, or no store; an older
 * one is brought forward after a copy, "PATH.v1" for version 1.
 */
int store_open_sqlite(const char *path, struct store **ret, hst_error *err);
struct store *store_new_memory(void);

static inline int store_put_run(struct store *store, const struct store_run *run, hst_error *err)
{
	return store->ops->put_runs(store, run, 1, err);
}

static inline int store_put_step(struct store *store, const struct store_step *step, hst_error *err)
{
	return store->ops->put_steps(store, step, 1, err);
}

/* In idle time, outside of a batch: moves the write-ahead log into the file once there is much of it, and makes room in a new one
 * a piece at a time. True: there is more to be done soon. Memory: nothing. */
static inline bool store_idle(struct store *store)
{
	return store->ops->idle(store);
}

#endif
