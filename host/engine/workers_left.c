/*
 * A worker has gone while it worked. Its connection is gone a moment before hostlerd has heard how the process ended, so
 * whoever waits for its answer is told a moment later, and then of what it died.
 */
#include "engine/alerting.h"

#include "base/mem.h"
#include "engine/why.h"

#include <stdlib.h>
#include <string.h>

enum { TELL_AFTER_MS = 300 };

/* One request whose worker is gone. */
struct engine_left {
	struct engine_left *next;
	struct engine *engine;
	struct engine_request *request;
	char *worker; /* "worker/connector/post#2" */
	struct loop_timer *timer;
};

static void left_free(struct engine_left *left)
{
	loop_cancel(left->engine->loop, &left->timer);
	workers_request_free(left->request);
	free(left->worker);
	free(left);
}

static void take_out(struct engine *engine, const struct engine_left *left)
{
	for (struct engine_left **at = &engine->left; *at; at = &(*at)->next)
		if (*at == left) {
			*at = left->next;
			return;
		}
}

/* "signal 11 (Segmentation fault): ERROR …: call crashed", or NULL: it is up again already, or hostlerd says nothing. */
static const char *how_it_ended(struct engine *engine, const char *worker)
{
	const struct standing *standings, *one = NULL;
	const char *complaint;
	size_t n = 0;

	if (standing_read(engine->scratch, engine->definitions->conf->state_dir, &standings, &n, NULL) == HST_OK)
		one = standing_of(standings, n, worker);
	if (!one || !one->ended)
		return NULL;
	complaint = standing_complaint(engine->scratch, one);
	return arena_printf(engine->scratch, "%s%s%s", one->ended, complaint ? ": " : "", complaint ? complaint : "");
}

static void tell(void *arg)
{
	struct engine_left *left = arg;
	struct engine *engine = left->engine;
	const struct engine_request *request = left->request;
	const char *how = how_it_ended(engine, left->worker);
	struct hub_link *client = request->asked != WORD_call ? engine_link(engine, request->client) : NULL;

	left->timer = NULL;
	take_out(engine, left);
	if (client) {
		engine_refuse(engine, client, request->client_id, HST_RETRY, "PluginCrashed",
		              "the process of trigger \"%s\" ended while it looked at the %s%s%s", request->trigger,
		              request->asked == WORD_next ? "question" : "press", how ? ": " : "", how ? how : "");
	} else if (request->asked == WORD_call) {
		char *text = mem_printf("the connector's process ended during the call%s%s", how ? ": " : "", how ? how : "");
		struct core_event event = {.kind = CORE_CRASHED, .step = request->step, .token = request->token, .text = text};

		workers_over(engine, request->notice, &event);
		free(text);
	}
	left_free(left);
}

void workers_left(struct engine *engine, struct hub_link *worker)
{
	static const char trigger[] = "worker/trigger/";

	/* The next one says for itself how it does. */
	if (strncmp(worker->name, trigger, sizeof trigger - 1) == 0)
		alerting_failing(engine, worker->name + sizeof trigger - 1, 0, NULL, 0);
	TABLE_EACH(&engine->requests, entry) {
		struct engine_request *request = entry->value;
		struct engine_left *left;

		if (request->link != worker->number)
			continue;
		table_remove_number(&engine->requests, request->id);
		left = mem_alloc(sizeof *left);
		*left = (struct engine_left){
			.next = engine->left, .engine = engine, .request = request, .worker = mem_text(worker->name)};
		engine->left = left;
		left->timer = loop_in(engine->loop, TELL_AFTER_MS, tell, left);
	}
}

/* The step is found at work by the next engine, which makes of it what is to be made. */
void workers_left_clear(struct engine *engine)
{
	while (engine->left) {
		struct engine_left *left = engine->left;

		engine->left = left->next;
		left_free(left);
	}
}
