/* try choose, plan, list: what a plugin that decides would decide, and what a driver sees on this machine. */
#include "worker/attempt.h"

#include "base/arena.h"
#include "plugin/balancer.h"
#include "plugin/driver.h"
#include "plugin/strategy.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DEVICES_MAX = 40, PLACEMENTS = 12, LIST_MS = 30000, SLOTS_DEFAULT = 20 };

/* Inputs NAME=RUNNING/SLOTS are the devices; three idle ones where none are given. */
static int read_devices(struct attempt *attempt, hst_candidate *to, size_t *ret_n, hst_error *err)
{
	static const char *const names[] = {"ts-01", "ts-02", "ts-03"};
	size_t n = value_count(attempt->inputs);

	if (n > DEVICES_MAX)
		return hst_fail(err, HST_INVALID, "at most %d devices can be tried", DEVICES_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *text = value_text(value_at(attempt->inputs, i)), *name = value_name_at(attempt->inputs, i);
		long long running = 0, slots = 0;
		char more;

		if (sscanf(text, "%18lld/%18lld%c", &running, &slots, &more) != 2 || running < 0 || slots <= running)
			return hst_fail(err, HST_INVALID, "%s=%s: a device is NAME=RUNNING/SLOTS, with one free at least", name, text);
		to[i] = (hst_candidate){.device = name, .running = running, .slots = slots, .load_milli = -1, .memory_milli = -1};
	}
	for (; !value_count(attempt->inputs) && n < 3; n++)
		to[n] = (hst_candidate){.device = names[n], .slots = SLOTS_DEFAULT, .load_milli = -1, .memory_milli = -1};
	*ret_n = n;
	return HST_OK;
}

/* Those that still have a slot, as a balancer is asked; *ret_which says which of all they are. */
static size_t able(const hst_candidate *all, size_t n, hst_candidate *to, size_t *ret_which)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].running < all[i].slots) {
			ret_which[count] = i;
			to[count++] = all[i];
		}
	return count;
}

int try_choose(struct attempt *attempt, hst_error *err)
{
	const hst_placement_demand demand = {.target = "cluster:tried", .user = "bot1"};
	hst_candidate all[DEVICES_MAX], some[DEVICES_MAX];
	size_t which[DEVICES_MAX], n = 0, count, index = 0;
	int code = read_devices(attempt, all, &n, err);

	printf("One run after the other, none of which ends:\n");
	for (int64_t run = 1; run <= PLACEMENTS && code == HST_OK && (count = able(all, n, some, which)) > 0; run++) {
		uint64_t draw;

		randombytes_buf(&draw, sizeof draw);
		code = balancer_choose(attempt->instance, some, count, &demand, draw, &index, err);
		if (code != HST_OK)
			return code;
		index = which[index];
		all[index].running++;
		all[index].placed_by_this_target++;
		all[index].last_placed_seq = run;
		printf("%3lld  %s, %lld of %lld running\n", (long long)run, all[index].device, (long long)all[index].running,
		       (long long)all[index].slots);
	}
	return code;
}

#define ME .id = "s", .user = "bot1", .key = "1001"
#define ANNA .id = "s", .user = "anna", .key = "1002"

static const struct {
	const char *text;
	size_t n;
	hst_session session;
} scenes[] = {
	{"none", 0, {0}},
	{"user, active, unlocked", 1, {ME, .connected = HST_YES, .locked = HST_NO}},
	{"user, locked", 1, {ME, .connected = HST_YES, .locked = HST_YES}},
	{"user, disconnected", 1, {ME, .connected = HST_NO, .locked = HST_NO}},
	{"another user, active", 1, {ANNA, .connected = HST_YES, .locked = HST_NO}},
	{"another user, locked", 1, {ANNA, .connected = HST_YES, .locked = HST_YES}},
	{"user's own kept session", 1, {ME, .connected = HST_YES, .locked = HST_YES, .ours = true, .kept = true}},
	{"another user's kept session", 1, {ANNA, .connected = HST_YES, .locked = HST_YES, .ours = true, .kept = true}},
	{"user already runs a flow here", 1, {ME, .connected = HST_YES, .locked = HST_NO, .ours = true, .running = true}},
	{"user, nobody knows if locked", 1, {ME, .connected = HST_YES, .locked = HST_UNKNOWN}},
};

static const char *verdict_text(const hst_plan *plan)
{
	switch (plan->verdict) {
	case HST_PLAN_OPEN:
		return "open";
	case HST_PLAN_USE:
		return "use it";
	case HST_PLAN_REUSE:
		return "reuse";
	case HST_PLAN_CLOSE_FIRST:
		return "close it first";
	case HST_PLAN_REFUSE:
		return plan->reason;
	}
	return "-";
}

static int plan_text(struct attempt *attempt, const hst_device *device, size_t scene, bool attended, const char **ret,
		     hst_error *err)
{
	const hst_demand demand = {.user = "bot1", .key = "1001", .attended = attended};
	hst_plan plan = {0};
	int code = strategy_plan(attempt->instance, device, &scenes[scene].session, scenes[scene].n, &demand, &plan, err);

	if (code == HST_OK)
		*ret = verdict_text(&plan);
	return code;
}

int try_plan(struct attempt *attempt, hst_error *err)
{
	unsigned systems = strategy_systems(attempt->instance);
	const hst_device device = {.name = "tried",
				   .system = systems & HST_LINUX ? HST_LINUX : systems & HST_SERVER ? HST_SERVER : HST_CLIENT,
				   .processors = 4, .load_milli = -1};
	const char *alone = "-", *attended = "-";
	int64_t most = 0, room = 0;
	int code = strategy_slots(attempt->instance, &device, NULL, 0, &most, &room, err);

	if (code != HST_OK)
		return code;
	printf("On a %s device with 4 processors, which may have %lld sessions:\n\n%-30s  %-38s  %s\n",
	       system_name(device.system), (long long)most, "SESSIONS THERE", "UNATTENDED", "ATTENDED");
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		code = plan_text(attempt, &device, i, false, &alone, err);
		if (code == HST_OK)
			code = plan_text(attempt, &device, i, true, &attended, err);
		if (code != HST_OK)
			return code;
		printf("%-30s  %-38s  %s\n", scenes[i].text, alone, attended);
	}
	return HST_OK;
}

static hst_value *session_value(hst_arena *arena, const hst_session *session)
{
	hst_value *record = value_make_record(arena);

	value_set_text(record, "id", session->id);
	value_set_text(record, "user", session->user);
	value_set_text(record, "key", session->key);
	value_set_text(record, "connected", fact_name(session->connected));
	value_set_text(record, "locked", fact_name(session->locked));
	value_set_boolean(record, "ours", session->ours);
	return record;
}

int try_list(struct attempt *attempt, hst_error *err)
{
	hst_value *answer = value_make_record(attempt->arena), *list = value_make_list(attempt->arena);
	hst_session *sessions = NULL;
	struct service_call call;
	hst_device device;
	size_t n = 0;
	int code;

	services_begin(&attempt->alone.services, &call, attempt->arena, LIST_MS);
	code = driver_list(attempt->instance, &call.call, &device, &sessions, &n, err);
	if (code != HST_OK)
		return code;
	value_set_text(answer, "system", system_name(device.system));
	value_set_integer(answer, "processors", device.processors);
	value_set_integer(answer, "load_milli", device.load_milli);
	for (size_t i = 0; i < n; i++)
		value_append(list, session_value(attempt->arena, &sessions[i]));
	value_set(answer, "sessions", list);
	try_print(answer);
	return HST_OK;
}
