/*
 * The host as the command line sees it: the real hub on a socket of its own, with answers that a test puts
 * there; and the real program hostler, started beside it with a home, a key and a configuration of its own.
 */
#ifndef TESTS_FAKES_FAKE_DESK_H
#define TESTS_FAKES_FAKE_DESK_H

#include "base/table.h"
#include "base/text.h"
#include "loop/loop.h"
#include "wire/hub.h"

#include <stdbool.h>

enum { DESK_TEXT_MAX = 256 << 10, DESK_FOLLOW_MAX = 16 };

/* What happens in the run that is followed; `payload` NULL ends the list. */
struct desk_happening {
	const char *what, *payload;
	bool ended;
};

struct fake_desk {
	char folder[64]; /* below /tmp: hostler.ini, the key, run_dir; the program works in work/ */
	struct loop *loop;
	void *zmq;
	struct hub *hub; /* NULL: nobody is there */
	struct key_ring ring, operator_ring;

	/* Answers. */
	struct table answers; /* question -> JSON */
	const char *accepted; /* to press and run; NULL: refused as below */
	int refusal_code;
	hst_error refusal;
	const struct desk_happening *happenings; /* to follow */
	size_t away_after;  /* the host goes away after so many of them, once; 0: it stays */
	size_t unanswered;  /* it goes away instead of answering so many questions or presses */
	int busy_ms; /* so long it does nothing at all, once, as one that waits for its disk */
	struct table files; /* "STEP/NAME" -> text */
	const char *fields; /* to whom; NULL: there is no secret field */
	const struct text *directions; /* and its items */
	const char *given; /* standard input of the program; NULL: nothing */

	/* What was asked. */
	enum word word; /* the last of press and run */
	char name[128]; /* trigger or flow */
	char payload[4096];
	char sealed[4096]; /* what came sealed with it */
	size_t sealed_length;
	char filters[4096]; /* of the last question */
	size_t follows;
	bool leaving; /* to go away when the turn is over */

	/* What the program left. */
	int status;
	char out[DESK_TEXT_MAX], err[DESK_TEXT_MAX];
};

void fake_desk_start(struct fake_desk *desk);
void fake_desk_end(struct fake_desk *desk);

void fake_desk_open(struct fake_desk *desk);  /* the hub */
void fake_desk_close(struct fake_desk *desk); /* and its socket */

/* A desk with its hub open for each test: DESK_TEST(name) instead of cmocka_unit_test(name); *state is the desk. */
int fake_desk_setup(void **state);
int fake_desk_teardown(void **state);
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, fake_desk_setup, fake_desk_teardown)

/* Runs hostler with these words (ends with NULL) until it has ended; its exit status, its texts in `out` and
 * `err`. */
int fake_desk_run(struct fake_desk *desk, const char *const *words);
#define DESK_RUN(desk, ...) fake_desk_run((desk), (const char *const[]){__VA_ARGS__, NULL})

/* A file in the folder; `text` NULL: only its path. Lives until the next call. */
const char *fake_desk_file(struct fake_desk *desk, const char *name, const char *text);

void fake_desk_said(const struct fake_desk *desk, const char *part); /* part of `out`, else the test fails */
void fake_desk_not_said(const struct fake_desk *desk, const char *part);
void fake_desk_complained(const struct fake_desk *desk, const char *part); /* of `err` */

#endif
