/*
 * An engine as a worker sees it: the real hub on a socket of its own, and a real hostler-worker started with what the
 * supervisor hands down. Everything a test waits for it waits for by turning the loop; ten seconds without it fail the test.
 */
#ifndef TESTS_FAKES_FAKE_ENGINE_H
#define TESTS_FAKES_FAKE_ENGINE_H

#include "base/text.h"
#include "loop/loop.h"
#include "wire/hub.h"

#include <stdbool.h>
#include <sys/types.h>

enum { FAKE_HEARD_MAX = 64, FAKE_TEXT_MAX = 1024, FAKE_SEALED_MAX = 8192 };

/* What the worker said, in order. */
struct fake_heard {
	enum word word;
	uint64_t id;
	int64_t code;        /* of an error */
	char reason[64];     /* of an error */
	char key[64];        /* of fired */
	char payload[FAKE_TEXT_MAX];
	unsigned char sealed[FAKE_SEALED_MAX];
	size_t sealed_length;
};

struct fake_engine {
	char folder[64]; /* below /tmp; state, sockets, plugins, configuration */
	struct loop *loop;
	void *zmq;
	struct hub *hub;
	struct hub_link *link; /* of the worker; NULL: it is not there */
	struct key_ring ring;
	uint8_t seed[SEED_BYTES];
	const char *instance;

	pid_t pid;
	int said_fd, life_fd;
	struct fake_heard heard[FAKE_HEARD_MAX];
	size_t heard_count;
	char kept[2048]; /* state "done", as the worker put it last; "" none */
	size_t kept_length; /* 0: up to its end as a text */
	const char *roster; /* its text, for the worker's keys; NULL: it gets none, and no pairs to seal with */
	const char *file; /* the bytes of any file that is fetched; NULL: there is none */
	size_t file_length;
	bool file_damaged; /* its sum is another one */
	struct text put;   /* of each part that was put: STEP/TOKEN NAME OFFSET+LENGTH/TOTAL, and " sum" with the last one, a line each */
	const struct text *directions; /* items, for who asks whom to seal to; NULL: none */
	uint64_t next_id;
};

/* Makes the folder and the hub; `sections` follows [host] in the configuration. `instance`: "connector/odd". */
void fake_engine_start(struct fake_engine *engine, const char *instance, const char *sections);
void fake_engine_end(struct fake_engine *engine);

void fake_engine_spawn(struct fake_engine *engine); /* the worker */
void fake_engine_expect_said(struct fake_engine *engine, const char *line); /* on fd 3, up to its length */
void fake_engine_kill(struct fake_engine *engine); /* and waits for its end */
int fake_engine_wait_status(struct fake_engine *engine); /* as from waitpid, once it has ended */
void fake_engine_wait_link(struct fake_engine *engine);
char *fake_engine_printed(struct fake_engine *engine); /* what it wrote to stdout and stderr so far; the caller frees */

/* Sends and returns the id. */
uint64_t fake_engine_call(struct fake_engine *engine, int64_t step, const char *action, int64_t timeout_ms,
                          const char *inputs);
uint64_t fake_engine_fire(struct fake_engine *engine, const char *inputs);

/* With what is sealed; `run` and `name` of a call's step. */
uint64_t fake_engine_call_sealed(struct fake_engine *engine, int64_t step, const char *action, const char *run, const char *inputs,
                                 const struct text *sealed);
uint64_t fake_engine_fire_sealed(struct fake_engine *engine, const char *inputs, const struct text *sealed);
uint64_t fake_engine_probe(struct fake_engine *engine, const struct text *sealed);
uint64_t fake_engine_cancel(struct fake_engine *engine, int64_t step);

/* fake_engine_files.c */
void fake_engine_file_fetch(void *arg, struct hub_link *from, const struct message *message);
void fake_engine_file_put(void *arg, struct hub_link *from, const struct message *message);

/* The worker's answer to a message, or the first message of that word with id 0. */
const struct fake_heard *fake_engine_answer(struct fake_engine *engine, uint64_t id);
const struct fake_heard *fake_engine_heard(struct fake_engine *engine, enum word word, size_t which);

#endif
