/* The records of store.h as tables of columns: from these SQLite's statements are made, and copies in memory.
 */
#ifndef HOST_STORE_RECORD_H
#define HOST_STORE_RECORD_H

#include "store/store.h"

enum record_kind { RECORD_INTEGER, RECORD_TEXT, RECORD_BYTES };

struct record_column {
	const char *name;
	enum record_kind kind;
	bool fixed; /* says what it is and stays as it was first put; the others say what becomes of it */
	size_t offset;
};

struct record_shape {
	const char *table;
	size_t size;			     /* of the struct */
	const struct record_column *columns;
	size_t n;
};

extern const struct record_shape record_run, record_step, record_happening;

static inline void *record_at(const void *record, const struct record_column *column)
{
	return (char *)record + column->offset;
}

/* Texts and bytes become the record's own, and are given up again. The struct itself is the caller's. */
void record_copy(const struct record_shape *shape, void *to, const void *from);
void record_clear(const struct record_shape *shape, void *record);

/* What put_runs and put_steps say: everything that is not fixed is replaced, payloads only by payloads. */
void record_replace(const struct record_shape *shape, void *to, const void *from);

#endif
