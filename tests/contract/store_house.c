#include "store_house.h"

void opened(struct room *room)
{
	hst_error err;

	if (store_open_sqlite(room->path, &room->store, &err))
		fail_msg("%s", err.text);
}

int setup_sqlite(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	strcpy(room->directory, "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(room->directory));
	snprintf(room->path, sizeof room->path, "%s/store.db", room->directory);
	opened(room);
	*state = room;
	return 0;
}

int setup_memory(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	room->store = store_new_memory();
	*state = room;
	return 0;
}

int teardown(void **state)
{
	struct room *room = *state;
	static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".v1", ".v2", ".v3", ".v4", ".v5"};
	char path[160];

	if (room->store)
		OPS(room)->free(room->store);
	for (size_t i = 0; room->path[0] && i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s%s", room->path, endings[i]);
		unlink(path);
	}
	if (room->directory[0])
		assert_int_equal(rmdir(room->directory), 0);
	free(room);
	return 0;
}

void begin(struct room *room)
{
	assert_int_equal(OPS(room)->begin(room->store, NULL), HST_OK);
}

void commit(struct room *room)
{
	hst_error err;

	if (OPS(room)->commit(room->store, NULL, &err))
		fail_msg("%s", err.text);
}

/* Ids as they are made, so that endings are tried on the real form; they differ in their last characters. */
struct store_run a_run(int64_t number, char id[32])
{
	snprintf(id, 32, "r-0123456789abcdefghjkm%05d", (int)number);
	return (struct store_run){.number = number,
				  .id = id,
				  .flow = number % 2 ? "odd" : "even",
				  .state = "running",
				  .requested_us = number * 1000};
}

void put_runs(struct room *room, int64_t from, int64_t to)
{
	begin(room);
	for (int64_t number = from; number <= to; number++) {
		char id[32];
		struct store_run run = a_run(number, id);

		assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
	}
	commit(room);
}

bool see_run(void *arg, const struct store_run *run)
{
	struct seen *seen = arg;

	record_copy(&record_run, &seen->runs[seen->run_count++], run);
	snprintf(seen->order + strlen(seen->order), 20, "#%d ", (int)run->number);
	return seen->run_count != seen->stop_after;
}

bool see_step(void *arg, const struct store_step *step)
{
	struct seen *seen = arg;

	record_copy(&record_step, &seen->steps[seen->step_count++], step);
	snprintf(seen->order + strlen(seen->order), 20, "%d ", (int)step->id);
	return seen->step_count != seen->stop_after;
}

bool see_happening(void *arg, const struct store_happening *happening)
{
	struct seen *seen = arg;

	record_copy(&record_happening, &seen->happenings[seen->happening_count++], happening);
	return seen->happening_count != seen->stop_after;
}

void seen_clear(struct seen *seen)
{
	for (size_t i = 0; i < seen->run_count; i++)
		record_clear(&record_run, &seen->runs[i]);
	for (size_t i = 0; i < seen->step_count; i++)
		record_clear(&record_step, &seen->steps[i]);
	for (size_t i = 0; i < seen->happening_count; i++)
		record_clear(&record_happening, &seen->happenings[i]);
	*seen = (struct seen){0};
}

static void assert_same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

/* Every column, by the table of columns: one that is added is compared too. */
void assert_same(const struct record_shape *shape, const void *a, const void *b)
{
	for (size_t i = 0; i < shape->n; i++) {
		const void *left = record_at(a, &shape->columns[i]),
			   *right = record_at(b, &shape->columns[i]);

		if (shape->columns[i].kind == RECORD_INTEGER) {
			assert_true(*(const int64_t *)left == *(const int64_t *)right);
		} else if (shape->columns[i].kind == RECORD_TEXT) {
			assert_same_text(*(char *const *)left, *(char *const *)right);
		} else {
			const struct store_bytes *x = left, *y = right;

			assert_int_equal(!x->bytes, !y->bytes);
			assert_int_equal(x->length, y->length);
			if (x->length)
				assert_memory_equal(x->bytes, y->bytes, x->length);
		}
	}
}

/* A record with something different in every column; the names of the columns serve as texts. */
void fill(const struct record_shape *shape, void *record)
{
	memset(record, 0, shape->size);
	for (size_t i = 0; i < shape->n; i++) {
		void *member = record_at(record, &shape->columns[i]);

		if (shape->columns[i].kind == RECORD_INTEGER)
			*(int64_t *)member = INT64_C(1000000000000) + (int64_t)i;
		else if (shape->columns[i].kind == RECORD_TEXT)
			*(const char **)member = shape->columns[i].name;
		else
			*(struct store_bytes *)member =
				(struct store_bytes){shape->columns[i].name, strlen(shape->columns[i].name)};
	}
}

bool see_counter(void *arg, const char *name, int64_t value)
{
	char *text = arg;

	snprintf(text + strlen(text), 64, "%s=%lld ", name, (long long)value);
	return true;
}

void assert_found(struct room *room, const char *said, int64_t expected)
{
	int64_t number = -1;
	hst_error err = {0};

	if (OPS(room)->find_run(room->store, said, &number, &err))
		fail_msg("%s: %s", said, err.text);
	assert_int_equal(number, expected);
}
