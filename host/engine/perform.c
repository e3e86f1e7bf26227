/* With the commit: replies, actions, and a word to everybody who follows a run. None of it uses the store. */
#include "engine/alerting.h"
#include "engine/gateways.h"

#include "base/mem.h"
#include "base/text.h"
#include "os/crash.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

struct hub_link *engine_link(struct engine *engine, uint64_t number)
{

	return table_get_number(&engine->links, number);
}

static void send_to(struct engine *engine, uint64_t link, const struct message *message)
{
	struct hub_link *to = engine_link(engine, link);

	if (to)
		hub_send(engine->hub, to, message);
}

static void perform_reply(struct engine *engine, struct engine_reply *reply)
{
	send_to(engine, reply->link, &reply->message);
	free(reply->payload);
}

/* The runs an event made, to whoever pressed. */
static void perform_accepted(struct engine *engine, const struct core_action *action)
{
	struct engine_request *request;
	struct text *json = &engine->said;
	struct message message;

	request = table_remove_number(&engine->requests, action->tag);
	if (!request)
		return;
	text_reset(json);
	text_add(json, "[");
	for (size_t i = 0; i < action->run_count; i++) {
		const struct run *run = action->runs[i];

		text_add(json, i ? ",{\"id\":\"" : "{\"id\":\"");
		text_add(json, run->facts.id);
		text_add(json, "\",\"number\":");
		text_integer(json, run->facts.number);
		text_add(json, ",\"flow\":");
		json_quote(json, run->flow->name, strlen(run->flow->name));
		text_add(json, "}");
	}
	text_add(json, "]");
	message_init(&message, WORD_accepted, request->client_id);
	message_set_payload(&message, json->s, json->length);
	send_to(engine, request->client, &message);
	crash_point(CRASH_engine_accepted);
	workers_request_free(request);
}

void engine_say_happening(struct text *to, const struct engine_happening *happening)
{
	const char *detail = happening->detail;

	text_add(to, "{");
	if (happening->run_id) {
		text_add(to, "\"run\":\"");
		text_add(to, happening->run_id);
		text_add(to, "\",\"number\":");
		text_integer(to, happening->run);
		text_add(to, ",\"flow\":");
		json_quote(to, happening->flow, strlen(happening->flow));
		text_add(to, ",");
	}
	if (happening->step) {
		text_add(to, "\"step\":");
		json_quote(to, happening->step, strlen(happening->step));
		text_add(to, ",");
	}
	text_add(to, "\"what\":\"");
	text_add(to, happening->what);
	text_add(to, "\",\"at_us\":");
	text_integer(to, happening->at_us);
	if (detail && detail[0] == '{' && detail[1] != '}') {
		text_add(to, ",");
		text_add(to, detail + 1);
	} else {
		text_add(to, "}");
	}
}

static bool follower_hears(const struct engine_follower *follower, int64_t run, bool ended)
{
	return (!follower->run || follower->run == run) && (ended || !follower->ends);
}

static void say_happening(struct text *to, const struct core_happening *happening)
{
	const struct run *run = happening->run;
	const char *step = happening->step ? happening->step->flow_step->name : NULL;

	text_reset(to);
	engine_say_happening(to, &(struct engine_happening){.run = run ? run->facts.number : 0, .at_us = happening->at_us,
	                                                    .run_id = run ? run->facts.id : NULL,
	                                                    .flow = run ? run->flow->name : NULL,
	                                                    .step = step, .what = happening->what,
	                                                    .detail = happening->detail});
}

/* Nothing is written down for nobody. */
static void perform_happening(struct engine *engine, const struct core_happening *happening)
{
	const struct run *run = happening->run;
	int64_t number = run ? run->facts.number : 0; /* 0: the house */
	bool ended = run && !happening->step && strcmp(happening->what, "ended") == 0;
	struct text *json = NULL;
	struct message message;

	for (size_t i = 0; i < engine->follower_count; i++) {
		if (!follower_hears(&engine->followers[i], number, ended))
			continue;
		if (!json) {
			json = &engine->said;
			say_happening(json, happening);
		}
		message_init(&message, WORD_happened, 0);
		message_set_integer(&message, "run", number);
		message_set_text(&message, "what", happening->what);
		message_set_boolean(&message, "ended", ended);
		message_set_payload(&message, json->s, json->length);
		send_to(engine, engine->followers[i].link, &message);
		if (ended && engine->followers[i].run)
			engine->followers[i--] = engine->followers[--engine->follower_count];
	}
}

void engine_perform(struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;

	for (size_t i = 0; i < engine->reply_count; i++)
		perform_reply(engine, &engine->replies[i]);
	if (engine->reply_count)
		crash_point(CRASH_engine_replied);
	engine->reply_count = 0;
	for (size_t i = 0; i < effects->action_count; i++) {
		const struct core_action *action = &effects->actions[i];

		switch (action->kind) {
		case CORE_ACCEPTED:
			perform_accepted(engine, action);
			break;
		case CORE_CALL:
			workers_call(engine, action);
			break;
		case CORE_OFFER:
			gateways_offer(engine, action);
			break;
		case CORE_ASK:
			gateways_ask(engine, action);
			break;
		case CORE_DISOWN:
			gateways_disown(engine, action);
			break;
		case CORE_HALT:
			if (action->step->flow_step->use == FLOW_USE_DESKTOP)
				gateways_halt(engine, action);
			else
				workers_cancel(engine, action->step);
			break;
		}
	}
	for (size_t i = 0; engine->follower_count && i < effects->happening_count; i++)
		perform_happening(engine, &effects->happenings[i]);
	alerting_hear(engine);
}

void engine_follow(struct engine *engine, uint64_t link, int64_t run, bool ends)
{
	for (size_t i = 0; i < engine->follower_count; i++)
		if (engine->followers[i].link == link && engine->followers[i].run == run) {
			engine->followers[i].ends = ends;
			return;
		}
	engine->followers = mem_grow(engine->followers, &engine->follower_size, engine->follower_count + 1, sizeof *engine->followers);
	engine->followers[engine->follower_count++] = (struct engine_follower){.link = link, .run = run, .ends = ends};
}

void engine_unfollow(struct engine *engine, uint64_t link, int64_t run)
{
	for (size_t i = 0; i < engine->follower_count; i++)
		if (engine->followers[i].link == link && (run == 0 || engine->followers[i].run == run))
			engine->followers[i--] = engine->followers[--engine->follower_count];
}
