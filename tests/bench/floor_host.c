/*
 * The floor's host. It keeps runs in SQLite (WAL, synchronous=FULL): INSERT and UPDATE to running are
 * committed before a run is started, UPDATE to done before its notice. A commit is shared by everything that
 * waits: drain the socket, one COMMIT, then send. The order of what waits for a slot is a heap in memory.
 */
#include "floor.h"

#include "samples.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define STORE "floor.db"

/* The order of waiting runs: (priority, number), smallest first */

struct waiting {
	int64_t priority;
	struct note note;
};

struct heap {
	struct waiting **at;
	size_t n, size;
};

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->note.number < b->note.number;
}

static void heap_push(struct heap *heap, struct waiting *item)
{
	size_t i = heap->n++;

	if (heap->n > heap->size) {
		heap->size = heap->size ? 2 * heap->size : 1024;
		heap->at = realloc(heap->at, heap->size * sizeof *heap->at);
		if (!heap->at)
			abort();
	}
	for (; i > 0 && before(item, heap->at[(i - 1) / 2]); i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = item;
}

static struct waiting *heap_pop(struct heap *heap)
{
	struct waiting *top = heap->at[0], *last = heap->at[--heap->n];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
		if (child + 1 < heap->n && before(heap->at[child + 1], heap->at[child]))
			child++;
		if (!before(heap->at[child], last))
			break;
		heap->at[i] = heap->at[child];
	}
	heap->at[i] = last;
	return top;
}

/* Runs */

enum sql { SQL_BEGIN, SQL_COMMIT, SQL_INSERT, SQL_RUNNING, SQL_DONE, SQL_COUNT };

static const char *const statements[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_INSERT] = "INSERT INTO run(number, priority, state, pressed_us, inputs) VALUES(?1, ?2, "
		       "'queued', ?3, ?4)",
	[SQL_RUNNING] = "UPDATE run SET state = 'running', placed_us = ?2 WHERE number = ?1",
	[SQL_DONE] = "UPDATE run SET state = 'done', ended_us = ?2, outputs = ?3 WHERE number = ?1",
};

static const char schema[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	"CREATE TABLE run(number INTEGER PRIMARY KEY, priority INTEGER, state TEXT,"
	" pressed_us INTEGER, placed_us INTEGER, ended_us INTEGER, inputs BLOB, outputs BLOB)";

struct host {
	void *socket;
	sqlite3 *db;
	sqlite3_stmt *sql[SQL_COUNT];
	struct heap waiting;
	int64_t slots; /* free ones of the gateway */
	struct {
		const char *to;
		struct note note;
	} * out; /* what is sent after the commit */
	size_t out_count, out_size;
};

static void run_sql(struct host *host, enum sql which)
{
	if (sqlite3_step(host->sql[which]) != SQLITE_DONE)
		fail(statements[which], sqlite3_errmsg(host->db));
	sqlite3_reset(host->sql[which]);
}

static void say(struct host *host, const char *to, const struct note *note, enum word word)
{
	if (host->out_count == host->out_size) {
		host->out_size = host->out_size ? 2 * host->out_size : 1024;
		host->out = realloc(host->out, host->out_size * sizeof *host->out);
		if (!host->out)
			abort();
	}
	host->out[host->out_count].to = to;
	host->out[host->out_count].note = *note;
	host->out[host->out_count++].note.word = word;
}

static void pressed(struct host *host, const struct note *note)
{
	struct waiting *item = malloc(sizeof *item);

	if (!item)
		abort();
	*item = (struct waiting){.note = *note};
	sqlite3_bind_int64(host->sql[SQL_INSERT], 1, note->number);
	sqlite3_bind_int64(host->sql[SQL_INSERT], 2, item->priority);
	sqlite3_bind_int64(host->sql[SQL_INSERT], 3, note->pressed_us);
	sqlite3_bind_blob(host->sql[SQL_INSERT], 4, item->note.body, sizeof item->note.body, SQLITE_STATIC);
	run_sql(host, SQL_INSERT);
	heap_push(&host->waiting, item);
}

static void ended(struct host *host, const struct note *note)
{
	sqlite3_bind_int64(host->sql[SQL_DONE], 1, note->number);
	sqlite3_bind_int64(host->sql[SQL_DONE], 2, now_us());
	sqlite3_bind_blob(host->sql[SQL_DONE], 3, note->body, sizeof note->body, SQLITE_STATIC);
	run_sql(host, SQL_DONE);
	host->slots++;
	say(host, "client", note, DONE);
}

static void place(struct host *host)
{
	while (host->slots > 0 && host->waiting.n > 0) {
		struct waiting *item = heap_pop(&host->waiting);

		sqlite3_bind_int64(host->sql[SQL_RUNNING], 1, item->note.number);
		sqlite3_bind_int64(host->sql[SQL_RUNNING], 2, now_us());
		run_sql(host, SQL_RUNNING);
		host->slots--;
		say(host, "gateway", &item->note, START);
		free(item);
	}
}

/* One turn: whatever has come, one transaction, then whatever there is to say. */
static void host_turn(struct host *host)
{
	bool begun = false;
	char from[16];

	while (zmq_recv(host->socket, from, sizeof from, ZMQ_DONTWAIT) >= 0) {
		struct note note;

		if (!floor_take(host->socket, &note))
			fail("a message", "it has no body");
		if (!begun)
			run_sql(host, SQL_BEGIN);
		begun = true;
		if (note.word == PRESS)
			pressed(host, &note);
		else if (note.word == ENDED)
			ended(host, &note);
		else if (note.word == READY)
			host->slots += note.number;
	}
	if (!begun)
		return;
	place(host);
	run_sql(host, SQL_COMMIT);
	for (size_t i = 0; i < host->out_count; i++) {
		zmq_send(host->socket, host->out[i].to, strlen(host->out[i].to), ZMQ_SNDMORE);
		zmq_send(host->socket, &host->out[i].note, sizeof host->out[i].note, 0);
	}
	host->out_count = 0;
}

void be_host(const struct settings *settings)
{
	struct host host = {.socket = floor_socket(ZMQ_ROUTER, NULL)};

	(void)settings;
	if (sqlite3_open(STORE, &host.db) != SQLITE_OK ||
	    sqlite3_exec(host.db, schema, NULL, NULL, NULL) != SQLITE_OK)
		fail(STORE, sqlite3_errmsg(host.db));
	for (int i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v2(host.db, statements[i], -1, &host.sql[i], NULL) != SQLITE_OK)
			fail(statements[i], sqlite3_errmsg(host.db));
	for (;;) {
		zmq_pollitem_t item = {.socket = host.socket, .events = ZMQ_POLLIN};

		if (zmq_poll(&item, 1, -1) > 0)
			host_turn(&host);
	}
}
