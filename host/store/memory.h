/* The store in memory from within. memory.c puts, memory_query.c looks up. */
#ifndef HOST_STORE_MEMORY_H
#define HOST_STORE_MEMORY_H

#include "base/table.h"
#include "store/record.h"

struct memory_run {
	struct store_run run;
	bool there;		  /* false: only steps or happenings of it were put so far */
	struct store_step *steps; /* by position */
	size_t step_count, step_room;
	struct store_happening *happenings;
	size_t happening_count, happening_room;
	struct store_sealed *sealed; /* by step, then by name */
	size_t sealed_count, sealed_room;
};

struct memory_event {
	int64_t at_us, run, runs;
};

struct memory_bytes {
	size_t length;
	char *bytes;
};

struct memory_package {
	char *name, *version;
	int64_t at_us;
};

struct memory_standing {
	char *kind, *name, *value;
	size_t length;
};

struct memory_store {
	struct store store;	  /* first: a store of this kind is this */
	struct memory_run **runs; /* by number */
	size_t n, room;
	struct table events;   /* "INSTANCE\nKEY" to struct memory_event */
	struct table flows;    /* digest to struct memory_bytes */
	struct table states;   /* "INSTANCE\nNAME" to struct memory_bytes */
	struct table counters; /* name to int64_t */
	struct table packages; /* digest to struct memory_package */
	struct memory_standing *standings; /* by kind, then by name */
	size_t standing_count, standing_room;
	bool in_batch;
};

static inline struct memory_store *memory_of(struct store *store)
{
	return (struct memory_store *)store;
}

/* Position of the first run that has this number or a greater one. */
size_t memory_position(const struct memory_store *store, int64_t number);

void memory_free_run(struct memory_run *run);
void memory_forget_sealed(struct memory_run *run);

/* memory_prune.c */
int memory_prune(struct store *base, const struct store_prune *what, struct store_pruned *ret, hst_error *err);

/* memory_query.c */
int memory_unfinished(struct store *base, bool (*visit_run)(void *arg, const struct store_run *run),
		      bool (*visit_step)(void *arg, const struct store_step *step), void *arg,
		      hst_error *err);
int memory_runs(struct store *base, const struct store_filter *filter,
		bool (*visit)(void *arg, const struct store_run *run), void *arg, hst_error *err);
int memory_run(struct store *base, int64_t number, bool (*visit)(void *arg, const struct store_run *run),
	       void *arg, hst_error *err);
int memory_steps(struct store *base, int64_t number, bool (*visit)(void *arg, const struct store_step *step),
		 void *arg, hst_error *err);
int memory_happenings(struct store *base, int64_t number,
		      bool (*visit)(void *arg, const struct store_happening *happening), void *arg,
		      hst_error *err);
int memory_sealed(struct store *base, int64_t number, int64_t step,
		  bool (*visit)(void *arg, const struct store_sealed *sealed), void *arg, hst_error *err);
int memory_lately(struct store *base, const struct store_span *span,
		  bool (*visit)(void *arg, const struct store_told *told), void *arg, hst_error *err);
int memory_standings(struct store *base, bool (*visit)(void *arg, const struct store_standing *standing),
		     void *arg, hst_error *err);
int memory_find_run(struct store *base, const char *text, int64_t *ret_number, hst_error *err);

#endif
