/* The contract of triggers, connectors and drivers, as far as it can be tried without doing any harm. */
#include "worker/prove.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "plugin/connector.h"
#include "plugin/driver.h"
#include "plugin/present.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 10000, KEY_LENGTH_MAX = 200, TURNS_MAX = 5 };

/* What became of the events of one `ready`. */
struct heard {
	bool refuse;
	size_t n;
	bool keyed;
	char key[KEY_LENGTH_MAX + 1]; /* of the first */
};

static int hear(void *arg, const hst_value *event, hst_error *err)
{
	struct heard *heard = arg;
	const hst_value *key = value_get(event, "key");

	if (heard->n++ == 0) {
		heard->keyed = value_kind(key) == HST_VALUE_TEXT;
		snprintf(heard->key, sizeof heard->key, "%s", value_text(key));
	}
	return heard->refuse ? hst_fail(err, HST_RETRY, "the host is away") : HST_OK;
}

/* Asks when it wants to be woken and lets that time come. HST_NOT_FOUND: it does not wait for a time. */
static int wait_for_time(struct attempt *attempt, hst_error *err)
{
	struct service_call call;
	hst_watch watch = {.fd = -1};
	int code;

	services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
	code = trigger_watch(attempt->instance, &call.call, &watch, err);
	services_done(&attempt->alone.services);
	if (code != HST_OK)
		return code;
	if (!watch.at.us)
		return HST_NOT_FOUND;
	if (watch.at.us > attempt->alone.now_us)
		attempt->alone.now_us = watch.at.us;
	return HST_OK;
}

static int look(struct attempt *attempt, struct heard *heard, bool refuse, hst_error *err)
{
	struct service_call call;
	int code;

	*heard = (struct heard){.refuse = refuse};
	services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
	/* The deadline is by the clock that the plugin sees. */
	call.call.deadline_us = INT64_MAX;
	code = trigger_ready(attempt->instance, &call.call, err);
	services_done(&attempt->alone.services);
	return code;
}

/* Time is the test's, so nobody waits: what it wants to be woken for comes at once. */
static int repeats_what_was_refused(struct attempt *attempt, hst_error *err)
{
	const hst_trigger_ops *ops = attempt->plugin->ops;
	/* Not on the stack: the instance outlives this case, and closing it could emit. */
	struct heard *refused = arena_alloc(attempt->arena, sizeof *refused);
	struct heard *accepted = arena_alloc(attempt->arena, sizeof *accepted);
	int code = HST_OK;

	if (!PRESENT(ops, watch))
		return prove_skip(err, "%s", "");
	attempt->alone.now_us = clock_wall_us();
	attempt->alone.event = hear;
	attempt->alone.arg = refused;
	for (int turn = 0; turn < TURNS_MAX && !refused->n; turn++) {
		code = wait_for_time(attempt, err);
		if (code == HST_NOT_FOUND)
			return prove_skip(err, "it does not wait for a time");
		if (code == HST_OK)
			code = look(attempt, refused, true, err);
		if (code != HST_OK && !refused->n)
			return code;
	}
	if (!refused->n)
		return prove_skip(err, "nothing happened at the times it asked for");
	if (code == HST_OK)
		return hst_fail(err, HST_INVALID, "the host refused its event, and ready returned HST_OK as if it were stored");
	attempt->alone.arg = accepted;
	for (int turn = 0; turn < TURNS_MAX && !accepted->n; turn++)
		if ((code = wait_for_time(attempt, err)) != HST_OK || (code = look(attempt, accepted, false, err)) != HST_OK)
			return code;
	if (!accepted->n)
		return hst_fail(err, HST_INVALID, "an event that the host refused never came again");
	if (refused->keyed && strcmp(refused->key, accepted->key) != 0)
		return hst_fail(err, HST_INVALID,
				"an event that the host refused came again under another key, \"%.80s\" and not \"%.80s\": it could be stored twice",
				accepted->key, refused->key);
	return HST_OK;
}

static int can_be_pressed(struct attempt *attempt, hst_error *err)
{
	const hst_value *checked = NULL, *values = NULL, *again = NULL;
	const char *key = NULL;
	struct service_call call;
	hst_error said = {0};
	int code;

	if (!trigger_pressable(attempt->instance))
		return prove_skip(err, "%s", ""); /* most cannot, and lack nothing */
	if (fields_check(attempt->arena, attempt->shape.event, "input", attempt->inputs, false, &checked, &said) != HST_OK)
		return prove_skip(err, "say its inputs: %s", said.text);
	services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
	code = trigger_press(attempt->instance, &call.call, checked, &key, &values, err);
	services_done(&attempt->alone.services);
	return code == HST_OK ? fields_check(attempt->arena, attempt->shape.event, "event field", values, false, &again, err) : code;
}

/* The inputs that were given as ACTION.INPUT=VALUE; NULL: none. */
static hst_value *inputs_of(struct attempt *attempt, const char *action)
{
	hst_value *record = NULL;
	size_t length = strlen(action);

	for (size_t i = 0; i < value_count(attempt->inputs); i++) {
		const char *name = value_name_at(attempt->inputs, i);

		if (strncmp(name, action, length) != 0 || name[length] != '.')
			continue;
		if (!record)
			record = value_make_record(attempt->arena);
		value_set(record, name + length + 1, value_at(attempt->inputs, i));
	}
	return record;
}

static int call_action(struct attempt *attempt, const hst_action *action, const hst_value *inputs, bool late, hst_error *err)
{
	const hst_shape *shape = PRESENT(attempt->plugin, fields) ? &attempt->shape : NULL;
	const hst_value *outputs = NULL;
	struct service_call call;
	int code;

	services_begin(&attempt->alone.services, &call, attempt->arena, action->deadline.ms ? action->deadline.ms : CALL_MS);
	if (late)
		call.call.deadline_us = clock_wall_us() - 1;
	code = connector_run(attempt->instance, action, shape, &call.call, inputs, false, &outputs, err);
	services_done(&attempt->alone.services);
	return code;
}

static int does_what_it_is_called_for(struct attempt *attempt, hst_error *err)
{
	const hst_plugin *plugin = attempt->plugin;
	size_t called = 0;

	for (size_t i = 0; i < plugin->action_count; i++) {
		const hst_action *action = &plugin->actions[i];
		const hst_value *inputs = inputs_of(attempt, action->name);
		int code;

		if (!inputs)
			continue;
		called++;
		code = call_action(attempt, action, inputs, false, err);
		if (code == HST_OK && (action->flags & HST_IDEMPOTENT))
			code = call_action(attempt, action, inputs, false, err);
		if (code != HST_OK)
			return hst_fail(err, (hst_code)code, "%s: %.380s", action->name, err->text);
		/* Whether it still does its work is its own affair; it comes back, or guard.h ends this process. */
		call_action(attempt, action, inputs, true, NULL);
	}
	return called ? HST_OK : prove_skip(err, "no inputs were given: --input ACTION.NAME=VALUE has that action called");
}

static int lists(struct attempt *attempt, hst_error *err)
{
	hst_session *sessions = NULL;
	struct service_call call;
	hst_device device;
	size_t n = 0;
	int code = HST_OK;

	for (int i = 0; i < 2 && code == HST_OK; i++) {
		services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
		code = driver_list(attempt->instance, &call.call, &device, &sessions, &n, err);
		services_done(&attempt->alone.services);
	}
	return code;
}

static int knows_who_is_not_there(struct attempt *attempt, hst_error *err)
{
	struct service_call call;
	hst_identity identity;
	hst_error said = {0};
	int code;

	services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
	code = driver_identify(attempt->instance, &call.call, "no such user/", &identity, &said);
	services_done(&attempt->alone.services);
	if (code != HST_NOT_FOUND)
		return hst_fail(err, HST_INVALID, "identify says %d of a user whom nobody can be, not HST_NOT_FOUND: %.200s", code,
				said.text);
	return HST_OK;
}

static int lets_nothing_happen_to_what_is_not_there(struct attempt *attempt, hst_error *err)
{
	static char *const argv[] = {"true", NULL}, *const environment[] = {NULL};
	const hst_start start = {.argv = argv, .environment = environment, .directory = "/", .stdin_fd = 0, .stdout_fd = 2, .stderr_fd = 2};
	struct service_call call;
	pid_t pid = 0;
	hst_error said = {0};
	int code;

	services_begin(&attempt->alone.services, &call, attempt->arena, CALL_MS);
	if (driver_start(attempt->instance, &call.call, "no-such-session", &start, &pid, NULL) == HST_OK)
		code = hst_fail(err, HST_INVALID, "start starts a program in a session that is not there");
	else
		code = driver_reap(attempt->instance, &call.call, NULL, 0, &said);
	services_done(&attempt->alone.services);
	/* A driver without the op has nothing to undo. */
	if (code == HST_INVALID && strstr(said.text, "has no op reap"))
		return HST_OK;
	if (code != HST_OK && said.text[0])
		return hst_fail(err, (hst_code)code, "reap of no notes: %.380s", said.text);
	return code;
}

const struct prove_case prove_doers[] = {
	{HST_TRIGGER, false, "what the host refused it says again, under the same key", repeats_what_was_refused},
	{HST_TRIGGER, false, "a press becomes an event as it declares it", can_be_pressed},
	{HST_CONNECTOR, false, "its actions do what they are called for, and come back when it is too late", does_what_it_is_called_for},
	{HST_DRIVER, false, "it lists the device and its sessions", lists},
	{HST_DRIVER, false, "it knows who is no user here", knows_who_is_not_there},
	{HST_DRIVER, false, "it starts nothing in a session that is not there, and undoes nothing twice",
	 lets_nothing_happen_to_what_is_not_there},
	{0, false, NULL, NULL},
};
