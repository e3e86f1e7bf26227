#include "store/record.h"

#include "base/mem.h"

#include <string.h>

#define COLUMN(type, kind_, member, fixed_)                                                              \
	{                                                                                                \
		.name = #member, .kind = kind_, .fixed = fixed_, .offset = offsetof(struct type, member) \
	}

static const struct record_column run_columns[] = {
	COLUMN(store_run, RECORD_INTEGER, number, true),
	COLUMN(store_run, RECORD_TEXT, id, true),
	COLUMN(store_run, RECORD_TEXT, flow, true),
	COLUMN(store_run, RECORD_TEXT, flow_digest, true),
	COLUMN(store_run, RECORD_TEXT, label, true),
	COLUMN(store_run, RECORD_TEXT, trigger, true),
	COLUMN(store_run, RECORD_TEXT, who, true),
	COLUMN(store_run, RECORD_TEXT, state, false),
	COLUMN(store_run, RECORD_TEXT, reason, false),
	COLUMN(store_run, RECORD_TEXT, text, false),
	COLUMN(store_run, RECORD_INTEGER, requested_us, true),
	COLUMN(store_run, RECORD_INTEGER, started_us, false),
	COLUMN(store_run, RECORD_INTEGER, ended_us, false),
	COLUMN(store_run, RECORD_INTEGER, origin, true),
	COLUMN(store_run, RECORD_BYTES, event, true),
};

static const struct record_column step_columns[] = {
	COLUMN(store_step, RECORD_INTEGER, id, true),
	COLUMN(store_step, RECORD_INTEGER, run, true),
	COLUMN(store_step, RECORD_INTEGER, position, true),
	COLUMN(store_step, RECORD_TEXT, name, true),
	COLUMN(store_step, RECORD_TEXT, use, true),
	COLUMN(store_step, RECORD_TEXT, state, false),
	COLUMN(store_step, RECORD_TEXT, reason, false),
	COLUMN(store_step, RECORD_TEXT, text, false),
	COLUMN(store_step, RECORD_TEXT, connection, false),
	COLUMN(store_step, RECORD_TEXT, target, false),
	COLUMN(store_step, RECORD_TEXT, device, false),
	COLUMN(store_step, RECORD_TEXT, user, false),
	COLUMN(store_step, RECORD_TEXT, mode, true),
	COLUMN(store_step, RECORD_TEXT, priority, false),
	COLUMN(store_step, RECORD_INTEGER, seq, false),
	COLUMN(store_step, RECORD_INTEGER, token, false),
	COLUMN(store_step, RECORD_INTEGER, attempt, false),
	COLUMN(store_step, RECORD_INTEGER, requested_us, true),
	COLUMN(store_step, RECORD_INTEGER, placed_us, false),
	COLUMN(store_step, RECORD_INTEGER, started_us, false),
	COLUMN(store_step, RECORD_INTEGER, ended_us, false),
	COLUMN(store_step, RECORD_INTEGER, journal, false),
	COLUMN(store_step, RECORD_INTEGER, top, false),
	COLUMN(store_step, RECORD_INTEGER, lost_us, false),
	COLUMN(store_step, RECORD_TEXT, subflow, false),
	COLUMN(store_step, RECORD_TEXT, action, false),
	COLUMN(store_step, RECORD_BYTES, inputs, true),
	COLUMN(store_step, RECORD_BYTES, outputs, false),
};

static const struct record_column happening_columns[] = {
	COLUMN(store_happening, RECORD_INTEGER, run, true),
	COLUMN(store_happening, RECORD_INTEGER, at_us, true),
	COLUMN(store_happening, RECORD_INTEGER, step, true),
	COLUMN(store_happening, RECORD_TEXT, what, true),
	COLUMN(store_happening, RECORD_TEXT, detail, true),
};

#define SHAPE(name) \
#name, sizeof(struct store_##name), name##_columns, sizeof name##_columns / sizeof *name##_columns

const struct record_shape record_run = {SHAPE(run)};
const struct record_shape record_step = {SHAPE(step)};
const struct record_shape record_happening = {SHAPE(happening)};

static void column_copy(const struct record_column *column, void *to, const void *from)
{
	if (column->kind == RECORD_INTEGER) {
		memcpy(to, from, sizeof(int64_t));
	} else if (column->kind == RECORD_TEXT) {
		*(char **)to = mem_text(*(char *const *)from);
	} else {
		const struct store_bytes *bytes = from;

		*(struct store_bytes *)to =
			(struct store_bytes){bytes->bytes ? mem_copy(bytes->bytes, bytes->length) : NULL,
					     bytes->bytes ? bytes->length : 0};
	}
}

static void column_clear(const struct record_column *column, void *at)
{
	if (column->kind == RECORD_TEXT)
		free(*(char **)at);
	else if (column->kind == RECORD_BYTES)
		free((char *)((struct store_bytes *)at)->bytes);
}

void record_copy(const struct record_shape *shape, void *to, const void *from)
{
	for (size_t i = 0; i < shape->n; i++)
		column_copy(&shape->columns[i], record_at(to, &shape->columns[i]),
			    record_at(from, &shape->columns[i]));
}

void record_clear(const struct record_shape *shape, void *record)
{
	for (size_t i = 0; i < shape->n; i++)
		column_clear(&shape->columns[i], record_at(record, &shape->columns[i]));
}

void record_replace(const struct record_shape *shape, void *to, const void *from)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct record_column *column = &shape->columns[i];
		const void *given = record_at(from, column);

		if (column->fixed ||
		    (column->kind == RECORD_BYTES && !((const struct store_bytes *)given)->bytes))
			continue;
		column_clear(column, record_at(to, column));
		column_copy(column, record_at(to, column), given);
	}
}
