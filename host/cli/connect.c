#include "cli/connect.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/hidden.h"
#include "cli/pin.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "schema/value.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { KEY_FILE_MAX = 4096, HASTY_MS = 500, RESTS_MAX = 60, ASKED_MAX = 5 };

#define KEY_BELOW_HOME ".config/hostler/operator.key"

/* To reach a house that runs, what is in force there is enough, however wrong the file is by now. */
static struct conf *in_force_instead(const struct cli *cli, const char *path, size_t wrong)
{
	struct conf *conf = conf_load_in_force(path);

	if (conf && !cli->kept)
		fprintf(stderr, "hostler: warning: %s has %zu error%s (`hostler check` lists them); going on with what is in force\n",
			path, wrong, wrong == 1 ? "" : "s");
	return conf;
}

int connect_configuration(const struct cli *cli, struct conf **ret)
{
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct problems problems;
	int status = CLI_DONE;

	if (!path)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration",
				"there is no configuration: name one with -c FILE, or write ./hostler.ini");
	problems_init(&problems);
	*ret = conf_load(path, &problems);
	if (!*ret)
		*ret = in_force_instead(cli, path, problems.n + problems.dropped);
	if (!*ret && cli->json && problems.n > 0) {
		AUTO_FREE char *line = problem_line(&problems.at[0]);

		status = cli_fail(cli, CLI_USAGE, "ConfigurationInvalid", "%s", line);
	} else if (!*ret) {
		status = cli_fail_problems(cli, path, &problems);
	}
	problems_clear(&problems);
	return status;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/*
 * $HOSTLER_KEY; else the one in the home directory. Under sudo the key is the one of the person who called:
 * root's own comes first, because a host that root has started as root gave it to root.
 */
char *connect_key_path(void)
{
	const char *named = getenv("HOSTLER_KEY"), *home = getenv("HOME"), *caller = getenv("SUDO_USER");
	const struct passwd *self = getpwuid(getuid()), *person;
	char *path, *other;

	if (named && *named)
		return mem_text(named);
	path = files_join(home && *home ? home : self ? self->pw_dir : "/", KEY_BELOW_HOME);
	if (geteuid() != 0 || is_there(path) || !caller || !*caller)
		return path;
	person = getpwnam(caller);
	other = person ? files_join(person->pw_dir, KEY_BELOW_HOME) : NULL;
	if (!other || !is_there(other)) {
		free(other);
		return path;
	}
	free(path);
	return other;
}

static int read_key(struct connect *connect)
{
	hst_error err = {0};
	int code;

	connect->key_path = connect_key_path();
	code = operator_key_read(connect->key_path, &connect->key, &err);
	if (code == HST_NOT_FOUND)
		return cli_fail(connect->cli, CLI_AWAY, "NoOperatorKey",
				"there is no operator key at %s; the first `hostler up` makes it",
				connect->key_path);
	if (code == HST_OK && connect->key.has_host)
		memcpy(connect->ring.host, connect->key.host, KEY_BYTES);
	return code == HST_OK ? CLI_DONE : cli_fail_as(connect->cli, code, &err);
}

/* Nobody is asked for a passphrase by what only looks whether there is an answer at once, such as completion. */
static int open_key(struct connect *connect)
{
	struct key_ring *ring = &connect->ring;
	int status = CLI_DONE;

	if (connect->key.locked && (connect->cli->hasty || connect->cli->kept))
		return cli_fail(connect->cli, CLI_AWAY, "KeyLocked", "the key %s is behind a passphrase", connect->key_path);
	status = hidden_unlock(connect->cli, &connect->key, connect->key_path);
	ring->name = mem_text(connect->key.name);
	memcpy(ring->self.public_key, connect->key.wire_public, KEY_BYTES);
	memcpy(ring->self.secret_key, connect->key.wire_secret, KEY_BYTES);
	return status;
}

/* The host's own public key, where this user can read it; else the one that stands in the key file. */
static int read_host(struct connect *connect)
{
	AUTO_FREE char *path = files_join(connect->conf->state_dir, "host.pub");
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};
	int code;

	if (files_read(path, KEY_FILE_MAX, &bytes, &length, &err) != HST_OK)
		return CLI_DONE;
	code = keys_parse(&connect->ring, path, bytes, length, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(connect->cli, code, &err);
}

static void on_up(void *arg)
{
	struct connect *connect = arg;

	connect->up = true;
	connect->ups++;
}

static void on_down(void *arg)
{
	struct connect *connect = arg;

	connect->up = false;
}

static void on_message(void *arg, const struct message *message)
{
	struct connect *connect = arg;

	if (connect->heard)
		connect->heard(connect->heard_arg, message);
}

/* What the socket's own file tells without waiting: no host there, or not for this user. */
static int look_at_socket(struct connect *connect)
{
	const char *path = connect->endpoint + strlen("ipc://");
	AUTO_FREE char *children = files_join(connect->conf->state_dir, "children");
	int why = access(path, R_OK | W_OK) == 0 ? 0 : errno;

	connect->starting = access(children, F_OK) == 0;
	/* Not yet there: its engine is just being started anew. */
	if (!why || (why == ENOENT && connect->starting))
		return CLI_DONE;
	if (why == EACCES)
		return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
				"%s is not open to this user: join the group hostler, or use sudo", path);
	return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
			"the host is not running (there is no %s); start it with `hostler up`", path);
}

/* It may change while it is waited: who listened may die, and another come. */
static int64_t patience_ms(const struct connect *connect)
{
	if (connect->cli->hasty)
		return HASTY_MS;
	if (!link_nobody(connect->link))
		return CONNECT_ANSWER_MS;
	return connect->starting ? CONNECT_START_MS : CONNECT_REACH_MS;
}

static int not_reached(const struct connect *connect)
{
	hst_error why = {0};

	link_why(connect->link, &why);
	if (strcmp(why.reason, "KeyDenied") == 0)
		return cli_fail(connect->cli, CLI_AWAY, why.reason, "the host does not know the key %s",
				connect->key_path);
	return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
			"no answer from the host within %lld s: %s; look whether it runs, or start it with "
			"`hostler up`",
			(long long)patience_ms(connect) / 1000, why.text);
}

/* A host that starts anew at this moment is waited for; one that refuses is not. */
static int reach(struct connect *connect)
{
	const int64_t began_us = clock_steady_us();
	static const struct link_role role = {.up = on_up, .down = on_down, .message = on_message};
	struct link_role own = role;
	hst_error err = {0};
	int64_t left_ms;
	int code;

	own.arg = connect;
	code = link_new(connect->loop, connect->zmq, connect->endpoint, &connect->ring, &own, &connect->link,
			&err);
	if (code != HST_OK)
		return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable", "%s", err.text);
	while (!connect->up && (left_ms = patience_ms(connect) - (clock_steady_us() - began_us) / 1000) > 0 &&
	       link_why(connect->link, NULL) != HST_DENIED)
		loop_turn(connect->loop, left_ms);
	return connect->up ? CLI_DONE : not_reached(connect);
}

int connect_open(struct connect *connect, const struct cli *cli)
{
	int status;

	*connect = (struct connect){.cli = cli};
	status = connect_configuration(cli, &connect->conf);
	if (status)
		return status;
	if (!connect->conf->has_host)
		return cli_fail(cli, CLI_USAGE, "NoHost",
				"%s has no [host] section: ask on the machine of the host",
				connect->conf->path);
	status = read_key(connect);
	if (!status)
		status = read_host(connect);
	if (status)
		return status;
	connect->endpoint = conf_engine_endpoint(connect->conf);
	status = look_at_socket(connect);
	if (!status)
		status = open_key(connect);
	if (status)
		return status;
	connect->loop = loop_new(loop_wait_zmq);
	connect->zmq = zmq_ctx_new();
	status = reach(connect);
	if (!status)
		pin_refresh(connect);
	return status;
}

void connect_close(struct connect *connect)
{
	link_free(connect->link);
	if (connect->zmq)
		zmq_ctx_term(connect->zmq);
	if (connect->loop)
		loop_free(connect->loop);
	keys_clear(&connect->ring);
	operator_key_clear(&connect->key);
	conf_free(connect->conf);
	free(connect->key_path);
	free(connect->endpoint);
}

/* One request under way. It lies in the command's arena, since the link calls back also when nobody waits any
 * more. */
struct waiting {
	hst_arena *arena;
	struct connect_answer *answer; /* NULL: nobody waits */
	bool over, answered;
};

static void on_reply(void *arg, const struct message *reply)
{
	struct waiting *waiting = arg;

	waiting->over = true;
	if (!reply || !waiting->answer)
		return;
	waiting->answered = true;
	waiting->answer->head = *reply;
	waiting->answer->payload =
		arena_copy(waiting->arena, reply->payload ? reply->payload : "", reply->payload_length);
	waiting->answer->length = reply->payload_length;
	message_set_payload(&waiting->answer->head, waiting->answer->payload, waiting->answer->length);
	message_set_sealed(&waiting->answer->head,
			   reply->sealed_length ? arena_copy(waiting->arena, reply->sealed, reply->sealed_length) : NULL, reply->sealed_length);
}

/* To ask twice does no harm; to press twice may. */
static bool is_question(enum word word)
{
	return word == WORD_ask || word == WORD_whom || word == WORD_follow || word == WORD_file_get;
}

/* *ret_anew: the connection broke meanwhile, as when the host is started anew, so no answer will come. */
static int ask_once(struct connect *connect, struct message *message, int64_t timeout_ms,
		    struct connect_answer *ret, bool *ret_answered, bool *ret_anew)
{
	struct waiting *waiting = arena_alloc(connect->cli->arena, sizeof *waiting);
	const int64_t end_us = clock_steady_us() + timeout_ms * 1000;
	hst_error err = {0};

	*waiting = (struct waiting){.arena = connect->cli->arena, .answer = ret};
	if (link_request(connect->link, message, timeout_ms, on_reply, waiting, &err) != HST_OK)
		return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable", "%s", err.text);
	while (!waiting->over)
		loop_turn(connect->loop, timeout_ms);
	waiting->answer = NULL;
	*ret_answered = waiting->answered;
	*ret_anew = !waiting->answered && clock_steady_us() < end_us;
	return CLI_DONE;
}

/* The host is being replaced and has begun nothing of it: as soon as another is there, or this one goes on, it is asked. */
static bool is_resting(const struct connect_answer *answer)
{
	return answer->head.word == WORD_error && strcmp(message_text(&answer->head, "reason"), "HostResting") == 0;
}

static void wait_for_next(struct connect *connect)
{
	const int64_t end_us = clock_steady_us() + CONNECT_REST_MS * INT64_C(1000);
	const uint64_t ups = connect->ups;
	struct connect_answer answer;
	struct message question;
	bool answered, anew = true;
	int64_t left_us;

	while (connect->ups == ups && (left_us = end_us - clock_steady_us()) > 0)
		loop_turn(connect->loop, left_us / 1000 + 1);
	/* A question may be asked twice: once it is answered, whatever the answer, the connection is whole. */
	message_init(&question, WORD_ask, 0);
	message_set_text(&question, "what", "triggers");
	for (int i = 0; i < ASKED_MAX && anew; i++)
		if (ask_once(connect, &question, CONNECT_ANSWER_MS, &answer, &answered, &anew) != CLI_DONE)
			return;
}

static int request(struct connect *connect, struct message *message, int64_t timeout_ms, struct connect_answer *ret)
{
	const int64_t end_us = clock_steady_us() + timeout_ms * 1000;
	bool answered, anew;
	int code;

	do {
		code = ask_once(connect, message, timeout_ms, ret, &answered, &anew);
		if (code != CLI_DONE)
			return code;
	} while (anew && is_question(message->word) && clock_steady_us() < end_us);
	if (anew)
		return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
				"the host started anew while it was asked; whether it had taken this is not "
				"known: look with `hostler runs`");
	if (!answered)
		return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
				"the host has not answered within %lld s", (long long)timeout_ms / 1000);
	return CLI_DONE;
}

int connect_request(struct connect *connect, struct message *message, int64_t timeout_ms,
		    struct connect_answer *ret)
{
	hst_error err = {0};
	int status = request(connect, message, timeout_ms, ret);

	for (int i = 0; i < RESTS_MAX && status == CLI_DONE && is_resting(ret); i++) {
		wait_for_next(connect);
		status = request(connect, message, timeout_ms, ret);
	}
	if (status != CLI_DONE || ret->head.word != WORD_error)
		return status;
	return cli_fail_as(connect->cli, message_read_error(&ret->head, &err), &err);
}

int connect_ask(struct connect *connect, const char *what, const hst_value *filters, const hst_value **ret)
{
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text json;
	hst_error err = {0};
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (filters)
		value_write_json(&json, filters);
	message_init(&message, WORD_ask, 0);
	message_set_text(&message, "what", what);
	message_set_payload(&message, json.s, json.length);
	status = connect_request(connect, &message, connect->cli->hasty ? HASTY_MS : CONNECT_ANSWER_MS, &answer);
	if (status)
		return status;
	if (value_parse_json(connect->cli->arena, answer.payload, answer.length, ret, &err) != HST_OK)
		return cli_fail(connect->cli, CLI_FAILED, "Broken", "the host's answer cannot be read: %s",
				err.text);
	return CLI_DONE;
}

int connect_tell(struct cli *cli, enum word word, const char *what, const hst_value *arguments, const hst_value **ret)
{
	struct connect connect;
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text json;
	hst_error err = {0};
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, arguments);
	status = connect_open(&connect, cli);
	if (!status) {
		message_init(&message, word, 0);
		message_set_text(&message, "what", what);
		message_set_payload(&message, json.s, json.length);
		status = connect_request(&connect, &message, CONNECT_ANSWER_MS, &answer);
	}
	if (!status && value_parse_json(cli->arena, answer.payload, answer.length, ret, &err) != HST_OK)
		status = cli_fail(cli, CLI_FAILED, "Broken", "the host's answer cannot be read: %s", err.text);
	if (!status && cli->json)
		cli_print_json(*ret);
	connect_close(&connect);
	return status;
}
