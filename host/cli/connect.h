/*
 * The way to the host: configuration, operator key, one link. Every function that returns an exit status has
 * said what was wrong; CLI_DONE is 0.
 */
#ifndef HOST_CLI_CONNECT_H
#define HOST_CLI_CONNECT_H

#include "cli/cli.h"
#include "config/conf.h"
#include "loop/loop.h"
#include "seal/operator_key.h"
#include "wire/keys.h"
#include "wire/link.h"

/*
 * How long is waited: for a host that is not there; for one that is being started; for one that is there and says nothing, since
 * an engine that hangs is replaced within half a minute, and one whose disk is slow goes on.
 */
enum { CONNECT_REACH_MS = 3000, CONNECT_START_MS = 10000, CONNECT_ANSWER_MS = 30000, CONNECT_REST_MS = 2000 };

struct connect {
	const struct cli *cli;
	struct conf *conf;
	char *key_path, *endpoint;
	struct operator_key key; /* of whoever calls, opened */
	struct key_ring ring;
	struct loop *loop;
	void *zmq;
	struct link *link;
	bool starting; /* hostlerd is there, so its engine is or will be */
	bool up;
	uint64_t ups; /* how often the host has welcomed us */

	/* Who wants to hear what is no answer; NULL: nobody. */
	void (*heard)(void *arg, const struct message *message);
	void *heard_arg;
};

/* The configuration that is meant: -c FILE and the places after it. Loaded and checked by itself alone; where it is wrong and
 * its house runs, what is in force there, with a warning on stderr. */
int connect_configuration(const struct cli *cli, struct conf **ret);

/* Where the key of whoever runs this is looked for; caller frees. */
char *connect_key_path(void);

/* Closed by connect_close whatever is returned. */
int connect_open(struct connect *connect, const struct cli *cli);
void connect_close(struct connect *connect);

/* An answer, whole, in the arena of the command. */
struct connect_answer {
	struct message head;
	const char *payload;
	size_t length;
};

/* Sends and waits. An `error` is said as cli_fail_as says it. */
int connect_request(struct connect *connect, struct message *message, int64_t timeout_ms,
		    struct connect_answer *ret);

/* A question of the list in the engine's answers; `filters` NULL: none. */
int connect_ask(struct connect *connect, const char *what, const hst_value *filters, const hst_value **ret);

/* One word with JSON arguments and a JSON answer, on a connection of its own: `steer`, `manage`. With --json the answer is
 * printed as it is. */
int connect_tell(struct cli *cli, enum word word, const char *what, const hst_value *arguments, const hst_value **ret);

#endif
