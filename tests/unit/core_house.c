#include "core_house_sealed.h"

#include "base/arena.h"
#include "base/mem.h"
#include "flow_house.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SAID_MAX = 1 << 20, TRACE_MAX = 256 << 20 };

static const int64_t begin_us = 1700000000 * SECOND_US;

struct connection {
	char *target, *user;
};

static bool is_gone(const struct core_house *house, const char *name)
{
	return table_get(&house->gone, name) != NULL;
}

static bool policy_connection(void *arg, const char *name, const char **ret_target, const char **ret_user)
{
	static const char *const clusters[] = {"pool", "line", "empty"};
	struct core_house *house = arg;
	struct connection *connection = table_get(&house->connections, name);
	const char *dash = strrchr(name, '-'), *kind = "device";

	if (is_gone(house, name) || !dash)
		return false;
	for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++)
		if (strcmp(dash + 1, clusters[i]) == 0)
			kind = "cluster";
	if (!connection) {
		connection = mem_alloc(sizeof *connection);
		connection->target = mem_printf("%s:%s", kind, dash + 1);
		connection->user = mem_copy(name, (size_t)(dash - name));
		table_set(&house->connections, name, connection);
	}
	*ret_target = connection->target;
	*ret_user = connection->user;
	return true;
}

static bool policy_package(void *arg, const char *name, const char **ret_digest, int64_t *ret_timeout_ms)
{
	*ret_digest = "d1";
	*ret_timeout_ms = INT64_C(24) * 3600 * 1000;
	return !is_gone(arg, name);
}

/* Only `list` may be done twice without harm. */
static bool policy_action(void *arg, const char *connector, const char *action, int64_t *ret_timeout_ms,
			  bool *ret_idempotent)
{
	*ret_idempotent = strcmp(action, "list") == 0;
	*ret_timeout_ms = 60000;
	return !is_gone(arg, connector);
}

static int64_t policy_queue_timeout(void *arg, const char *target)
{
	(void)target;
	return ((struct core_house *)arg)->queue_timeout_ms;
}

static int64_t policy_lost_after(void *arg)
{
	(void)arg;
	return 15 * 60 * 1000;
}

static int64_t policy_resolve_within(void *arg)
{
	(void)arg;
	return INT64_C(3) * 24 * 3600 * 1000;
}

/* By the draw, as the plugin `random` does it. */
static int policy_choose(void *arg, const char *target, const hst_candidate *candidates, size_t n,
			 const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	(void)arg, (void)target, (void)candidates, (void)demand;
	*ret = (size_t)(draw % n);
	return HST_OK;
}

static void configure_usual(struct core *core)
{
	char *members[] = {"a", "b"};

	core_add_device(core, "a", false);
	core_add_device(core, "b", false);
	core_add_device(core, "c", false);
	core_add_device(core, "s", true);
	core_add_cluster(core, "pool", "random", members, 2, false);
	core_add_cluster(core, "line", "random", members, 2, true);
	core_add_cluster(core, "empty", "random", members, 0, false);
}

static void add_flow(struct core_house *house, const char *text)
{
	struct problems problems;
	struct flow *flow;

	problems_init(&problems);
	flow = house_flow(text, &problems);
	house_no_problems(&problems);
	assert_non_null(flow);
	snprintf(flow->digest, sizeof flow->digest, "%s", flow->name);
	core_add_flow(house->core, flow, true);
}

void core_house_init(struct core_house *house, void (*configure)(struct core *))
{
	*house =
		(struct core_house){.configure = configure ? configure : configure_usual, .now_us = begin_us};
	house->queue_timeout_ms = 3 * 3600 * 1000;
	house->journal = 7;
	house->policy = (struct core_policy){.placement = {.choose = policy_choose, .arg = house},
					     .connection = policy_connection,
					     .package = policy_package,
					     .action = policy_action,
					     .queue_timeout_ms = policy_queue_timeout,
					     .lost_after_ms = policy_lost_after,
					     .resolve_within_ms = policy_resolve_within,
					     .arg = house};
	table_init(&house->texts);
	table_init(&house->connections);
	table_init(&house->gone);
	table_init(&house->runs);
	table_init(&house->steps);
	table_init(&house->standings);
	table_init(&house->sealed);
	text_init(&house->said, SAID_MAX);
	text_init(&house->carried, SAID_MAX);
	text_init(&house->trace, TRACE_MAX);
	core_effects_init(&house->effects);
	house->core = core_new(&house->policy);
	house->configure(house->core);
}

void core_house_flow(struct core_house *house, const char *text)
{
	const char *name = strstr(text, "name = ") + strlen("name = ");
	char *key = mem_copy(name, strcspn(name, "\n"));

	table_set(&house->texts, key, mem_text(text));
	add_flow(house, text);
	free(key);
}

void core_house_desktop_flow(struct core_house *house, const char *name, const char *connection,
			     const char *more)
{
	char *text = mem_printf(
		"[flow]\nname = %s\n[step do]\nuse = desktop:type\nconnection = %s\nmode = unattended\n%s",
		name, connection, more ? more : "");

	core_house_flow(house, text);
	free(text);
}

static void run_facts_clear(struct run_facts *facts)
{
	free(facts->label);
	free((char *)facts->trigger);
	free((char *)facts->who);
	free(facts->reason);
	free(facts->text);
	free(facts->event);
}

static void step_facts_clear(struct step_facts *facts)
{
	free(facts->reason);
	free(facts->text);
	free((char *)facts->connection);
	free((char *)facts->target);
	free((char *)facts->device);
	free((char *)facts->user);
	free(facts->subflow);
	free(facts->action);
	free(facts->inputs);
	free(facts->outputs);
}

static char *bytes(const char *from, size_t length)
{
	return from ? mem_copy(from, length) : NULL;
}

static const char *key_of(int64_t number, char to[24])
{
	snprintf(to, 24, "%lld", (long long)number);
	return to;
}

static void keep_run(struct core_house *house, const struct run *run)
{
	char key[24];
	struct kept_run *kept = table_get(&house->runs, key_of(run->facts.number, key));
	struct run_facts *facts;

	if (!kept) {
		kept = mem_alloc(sizeof *kept);
		kept->flow = mem_text(run->flow->name);
		table_set(&house->runs, key, kept);
	}
	/* An end is never left. */
	assert_false(state_row(kept->facts.state)->ended);
	facts = &kept->facts;
	run_facts_clear(facts);
	*facts = run->facts;
	facts->label = mem_text(run->facts.label);
	facts->trigger = mem_text(run->facts.trigger);
	facts->who = mem_text(run->facts.who);
	facts->reason = mem_text(run->facts.reason);
	facts->text = mem_text(run->facts.text);
	facts->event = bytes(run->facts.event, run->facts.event_length);
	facts->sealed = NULL;
	facts->sealed_count = 0;
}

static void keep_step(struct core_house *house, const struct step *step)
{
	char key[24];
	struct kept_step *kept = table_get(&house->steps, key_of(step->facts.id, key));
	struct step_facts *facts;

	if (!kept) {
		kept = mem_alloc(sizeof *kept);
		kept->run = step->run->facts.number;
		table_set(&house->steps, key, kept);
	}
	assert_false(state_row(kept->facts.state)->ended);
	assert_true(step->facts.token >= kept->facts.token);
	facts = &kept->facts;
	step_facts_clear(facts);
	*facts = step->facts;
	facts->reason = mem_text(step->facts.reason);
	facts->text = mem_text(step->facts.text);
	facts->connection = mem_text(step->facts.connection);
	facts->target = mem_text(step->facts.target);
	facts->device = mem_text(step->facts.device);
	facts->user = mem_text(step->facts.user);
	facts->subflow = mem_text(step->facts.subflow);
	facts->action = mem_text(step->facts.action);
	facts->inputs = bytes(step->facts.inputs, step->facts.inputs_length);
	facts->outputs = bytes(step->facts.outputs, step->facts.outputs_length);
	facts->sealed = NULL;
	facts->sealed_count = 0;
}

static void keep_standing(struct core_house *house, const struct core_standing *standing)
{
	char *key = mem_printf("%s %s", standing->kind, standing->name);

	free(table_remove(&house->standings, key));
	if (standing->value)
		table_set(&house->standings, key, mem_copy(standing->value, standing->value_length));
	free(key);
}

static void restore_standing(struct core_house *house, const char *key, const char *value)
{
	const char *name = strchr(key, ' ') + 1;
	char *kind = mem_copy(key, (size_t)(name - key - 1));

	assert_int_equal(core_restore_standing(house->core, kind, name, value, strlen(value), NULL), HST_OK);
	free(kind);
}

static void say_action(struct text *to, const struct core_action *action)
{
	const struct step *step = action->step;

	if (action->kind == CORE_ACCEPTED)
		text_addf(to, "accepted %llu: %zu\n", (unsigned long long)action->tag, action->run_count);
	else if (action->kind == CORE_CALL)
		text_addf(to, "call %lld %s.%s %.*s\n", (long long)step->facts.id, step->flow_step->target,
			  step->flow_step->action, (int)action->inputs_length, action->inputs);
	else if (action->kind == CORE_HALT)
		text_addf(to, "halt %lld/%lld %s\n", (long long)step->facts.id, (long long)step->facts.token,
			  action->how);
	else if (action->kind == CORE_ASK)
		text_addf(to, "ask %lld/%lld %s\n", (long long)step->facts.id, (long long)step->facts.token,
			  step->facts.device);
	else if (action->kind == CORE_DISOWN)
		text_addf(to, "disown %lld/%lld %s\n", (long long)action->step_id, (long long)action->token,
			  action->device);
	else
		text_addf(to, "offer %lld/%lld %s %s\n", (long long)step->facts.id,
			  (long long)step->facts.token, step->facts.device, step->facts.user);
}

static void trace(struct core_house *house)
{
	const struct core_effects *effects = &house->effects;

	for (size_t i = 0; i < effects->run_count; i++)
		text_addf(&house->trace, "run %s %s %s\n", effects->runs[i]->facts.id,
			  state_name(effects->runs[i]->facts.state),
			  effects->runs[i]->facts.reason ? effects->runs[i]->facts.reason : "-");
	for (size_t i = 0; i < effects->step_count; i++) {
		const struct step_facts *facts = &effects->steps[i]->facts;

		text_addf(&house->trace, "step %lld %s %s %s %s %lld/%lld\n", (long long)facts->id,
			  state_name(facts->state), facts->reason ? facts->reason : "-",
			  facts->text ? facts->text : "-", facts->device ? facts->device : "-",
			  (long long)facts->seq, (long long)facts->token);
	}
	for (size_t i = 0; i < effects->happening_count; i++)
		text_addf(&house->trace, "%s %s\n", effects->happenings[i].what,
			  effects->happenings[i].detail ? effects->happenings[i].detail : "");
	text_addf(&house->trace, "%sat %lld\n", house->said.s, (long long)core_wake_us(house->core));
}

/* What the engine does at the end of a turn. */
static void commit(struct core_house *house)
{
	for (size_t i = 0; i < house->effects.run_count; i++)
		keep_run(house, house->effects.runs[i]);
	for (size_t i = 0; i < house->effects.step_count; i++)
		keep_step(house, house->effects.steps[i]);
	for (size_t i = 0; i < house->effects.standing_count; i++)
		keep_standing(house, &house->effects.standings[i]);
	for (size_t i = 0; i < house->effects.sealed_count; i++)
		house_keep_sealed(house, &house->effects.sealed[i]);
	house->counters = *core_counters(house->core);
	text_reset(&house->said);
	text_reset(&house->carried);
	for (size_t i = 0; i < house->effects.action_count; i++) {
		say_action(&house->said, &house->effects.actions[i]);
		house_say_carried(house, &house->effects.actions[i]);
	}
	if (house->tracing)
		trace(house);
	core_settle(house->core, &house->effects);
}

void core_house_event(struct core_house *house, struct core_event *event)
{
	house->now_us += 1000;
	event->now_us = house->now_us;
	event->draw = (struct draw){.high = ++house->draws * 0x9e3779b97f4a7c15u, .low = house->draws};
	core_step(house->core, event, &house->effects);
	commit(house);
}

void core_house_reload(struct core_house *house, void (*configure)(struct core *core))
{
	house->configure = configure;
	core_retire(house->core);
	configure(house->core);
	TABLE_EACH(&house->texts, entry)
		if (!is_gone(house, entry->key))
			add_flow(house, entry->value);
	core_house_event(house, &(struct core_event){.kind = CORE_CONFIGURED});
}

void core_house_restart(struct core_house *house)
{
	core_free(house->core);
	house->core = core_new(&house->policy);
	house->configure(house->core);
	TABLE_EACH(&house->texts, entry)
		add_flow(house, entry->value);
	*core_counters(house->core) = house->counters;
	TABLE_EACH(&house->standings, entry)
		restore_standing(house, entry->key, entry->value);
	TABLE_EACH(&house->runs, entry) {
		const struct kept_run *kept = entry->value;
		struct run *run;

		if (state_row(kept->facts.state)->ended)
			continue;
		run = core_restore_run(house->core, &kept->facts,
				       core_flow_of_digest(house->core, kept->flow));
		TABLE_EACH(&house->steps, of) {
			const struct kept_step *step = of->value;

			if (step->run == kept->facts.number)
				core_restore_step(house->core, run, &step->facts);
		}
		house_restore_sealed(house, run);
	}
	house->now_us += 1000;
	core_restored(house->core, house->now_us, &house->effects);
	commit(house);
}

void core_house_put_back(struct core_house *house)
{
	struct core_hold hold = {.generation = 2, .at_us = house->now_us, .made_us = house->now_us - SECOND_US, .run = house->counters.run};
	hst_arena *arena = arena_new();
	struct text json;

	text_init(&json, SAID_MAX);
	value_write_json(&json, core_hold_value(arena, &hold));
	free(table_get(&house->standings, "restored host"));
	table_set(&house->standings, "restored host", text_take(&json));
	house->counters.token = house->now_us;
	arena_free(arena);
	core_house_restart(house);
}

size_t core_house_release(struct core_house *house)
{
	struct draw draw = {.high = ++house->draws * 0x9e3779b97f4a7c15u, .low = house->draws};
	size_t n;

	house->now_us += 1000;
	n = core_release(house->core, house->now_us, draw, "anna", &house->effects);
	commit(house);
	return n;
}

int core_house_steer(struct core_house *house, const struct core_steering *steering, hst_error *err)
{
	struct core_steering now = *steering;
	struct core_steered steered;
	int rc;

	now.now_us = house->now_us += 1000;
	now.draw = (struct draw){.high = ++house->draws * 0x9e3779b97f4a7c15u, .low = house->draws};
	rc = core_steer(house->core, &now, &house->effects, &steered, err);
	commit(house);
	return rc;
}

int house_resolve(struct core_house *house, int64_t run, enum core_resolution how, const char *outputs)
{
	struct core_resolving resolving = {.how = how, .run = run, .who = "anna", .outputs = outputs};
	struct core_steered steered;
	int rc;

	resolving.outputs_length = outputs ? strlen(outputs) : 0;
	resolving.now_us = house->now_us += 1000;
	resolving.draw = (struct draw){.high = ++house->draws * 0x9e3779b97f4a7c15u, .low = house->draws};
	rc = core_resolve(house->core, &resolving, &house->effects, &steered, NULL);
	commit(house);
	return rc;
}

bool house_stand(struct core_house *house, enum core_stand_verb verb, const char *name)
{
	struct draw draw = {.high = ++house->draws * 0x9e3779b97f4a7c15u, .low = house->draws};
	bool changed = core_stand(house->core, house->now_us += 1000, draw, verb, name, "anna", &house->effects);

	commit(house);
	return changed;
}

void core_house_clear(struct core_house *house)
{
	core_effects_clear(&house->effects);
	core_free(house->core);
	TABLE_EACH(&house->texts, entry)
		free(entry->value);
	TABLE_EACH(&house->connections, entry) {
		struct connection *connection = entry->value;

		free(connection->target);
		free(connection->user);
		free(connection);
	}
	TABLE_EACH(&house->runs, entry) {
		struct kept_run *kept = entry->value;

		run_facts_clear(&kept->facts);
		free(kept->flow);
		free(kept);
	}
	TABLE_EACH(&house->steps, entry) {
		struct kept_step *kept = entry->value;

		step_facts_clear(&kept->facts);
		free(kept);
	}
	table_clear(&house->texts);
	table_clear(&house->connections);
	table_clear(&house->gone);
	TABLE_EACH(&house->standings, entry)
		free(entry->value);
	table_clear(&house->standings);
	TABLE_EACH(&house->sealed, entry)
		free(entry->value);
	table_clear(&house->sealed);
	table_clear(&house->runs);
	table_clear(&house->steps);
	text_clear(&house->said);
	text_clear(&house->carried);
	text_clear(&house->trace);
}
