#include "core_house_sealed.h"

#include "base/mem.h"
#include "flow_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENVELOPES_MAX = 4 };

void house_keep_sealed(struct core_house *house, const struct core_sealed *sealed)
{
	char *key = mem_printf("%lld %lld %s", (long long)sealed->run, (long long)sealed->step,
			       sealed->envelope->name);

	/* One is never replaced by another. */
	assert_null(table_get(&house->sealed, key));
	table_set(&house->sealed, key, mem_copy(sealed->envelope->bytes, sealed->envelope->length));
	free(key);
}

void house_restore_sealed(struct core_house *house, struct run *run)
{
	TABLE_EACH(&house->sealed, entry) {
		const char *name = strrchr(entry->key, ' ') + 1, *text = entry->value;
		const struct flow_envelope envelope = {.name = name, .bytes = text, .length = strlen(text)};
		long long number, step;

		assert_int_equal(sscanf(entry->key, "%lld %lld", &number, &step), 2);
		if (number == run->facts.number)
			core_restore_sealed(house->core, run, step, &envelope);
	}
}

static void say_piece(struct text *to, const struct flow_piece *piece)
{
	if (piece->kind == FLOW_PIECE_LITERAL)
		text_addf(to, " '%.*s'", (int)piece->length, piece->text);
	else if (piece->kind == FLOW_PIECE_SECRET)
		text_addf(to, " (%.*s)", (int)piece->length, piece->text);
	else
		text_addf(to, " <%.*s%s%.*s>", (int)piece->envelope->length, (const char *)piece->envelope->bytes,
			  piece->text ? ":" : "", (int)piece->length, piece->text ? piece->text : "");
}

void house_say_carried(struct core_house *house, const struct core_action *action)
{
	struct text *to = &house->carried;

	if (house->told)
		house->told(house->told_arg, action);
	for (size_t i = 0; i < action->sealed_count; i++) {
		text_addf(to, "%s =", action->sealed[i].input);
		for (size_t piece = 0; piece < action->sealed[i].piece_count; piece++)
			say_piece(to, &action->sealed[i].pieces[piece]);
		text_add(to, "\n");
	}
	for (size_t i = 0; i < action->direction_count; i++) {
		const struct core_direction *direction = &action->directions[i];

		text_addf(to, "%s to", direction->output);
		for (size_t n = 0; n < direction->member_count; n++)
			text_addf(to, " %s", direction->members[n]);
		text_add(to, ":");
		for (size_t n = 0; n < direction->sink_count; n++)
			text_addf(to, " %s", direction->sinks[n]);
		text_add(to, "\n");
	}
}

static bool declared(const struct flow_step *step, hst_fields *ret_inputs, hst_fields *ret_outputs)
{
	const char *near;

	if (step->use == FLOW_USE_DESKTOP)
		return house_world.package(NULL, step->target, ret_inputs, ret_outputs) == FLOW_KNOWN;
	return house_world.action(NULL, step->target, step->action, ret_inputs, ret_outputs, &near) == FLOW_KNOWN;
}

static bool policy_inputs(void *arg, const struct flow_step *step, hst_fields *ret)
{
	hst_fields outputs;

	(void)arg;
	return declared(step, ret, &outputs);
}

static bool policy_outputs(void *arg, const struct flow_step *step, hst_fields *ret)
{
	hst_fields inputs;

	(void)arg;
	return declared(step, &inputs, ret);
}

static bool policy_event(void *arg, const char *trigger, hst_fields *ret)
{
	(void)arg;
	return house_world.trigger(NULL, trigger, ret) == FLOW_KNOWN;
}

static const char *policy_gateway(void *arg, const char *device)
{
	static const char *const gateways[] = {"g-a", "g-b", "g-c", "g-s"};

	(void)arg;
	for (size_t i = 0; i < sizeof gateways / sizeof *gateways; i++)
		if (strcmp(gateways[i] + 2, device) == 0)
			return gateways[i];
	return NULL;
}

void house_declares(struct core_house *house)
{
	house->policy.inputs = policy_inputs;
	house->policy.outputs = policy_outputs;
	house->policy.event = policy_event;
	house->policy.gateway = policy_gateway;
	core_house_restart(house);
}

static void event_sealed(struct core_house *house, struct core_event *event, const char *json, const char *sealed)
{
	struct flow_envelope envelopes[ENVELOPES_MAX];
	char *words = mem_text(sealed), *rest = words, *word;

	event->payload = json;
	event->payload_length = strlen(json);
	while ((word = strsep(&rest, " ")) && *word) {
		char *bytes = strchr(word, '=') + 1;

		bytes[-1] = '\0';
		assert_true(event->sealed_count < ENVELOPES_MAX);
		envelopes[event->sealed_count++] =
			(struct flow_envelope){.name = word, .bytes = bytes, .length = strlen(bytes)};
	}
	event->sealed = envelopes;
	core_house_event(house, event);
	free(words);
}

void house_returned_sealed(struct core_house *house, int64_t step, const char *json, const char *sealed)
{
	struct core_event event = {.kind = CORE_RETURNED,
				   .step = step,
				   .token = house_token(house, step),
				   .state = STATE_SUCCEEDED};

	event_sealed(house, &event, json, sealed);
}

void house_finished_sealed(struct core_house *house, int64_t step, const char *json, const char *sealed)
{
	struct core_event event = {.kind = CORE_FINISHED,
				   .step = step,
				   .token = house_token(house, step),
				   .state = STATE_SUCCEEDED,
				   .released = true};

	event_sealed(house, &event, json, sealed);
}

int64_t house_fire_sealed(struct core_house *house, const char *flow, const char *json, const char *sealed)
{
	struct core_event event = {.kind = CORE_FIRED, .flow = flow};

	event_sealed(house, &event, json, sealed);
	return house->counters.run;
}
