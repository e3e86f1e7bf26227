#include "wire/requests.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

enum { REQUEST_CHAINS = sizeof((struct requests *)0)->by_id / sizeof(struct request *) };

struct request {
	struct request *next;
	uint64_t id;
	enum word word;
	int64_t due_us; /* steady */
	link_reply reply;
	void *arg;
	bool doubtful; /* the connection that it went by has ended */
};

void requests_init(struct requests *requests, struct loop *loop)
{
	*requests = (struct requests){.loop = loop};
}

static struct request **requests_find(struct requests *requests, uint64_t id)
{
	struct request **at = &requests->by_id[id % REQUEST_CHAINS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static struct request requests_remove(struct requests *requests, struct request **at)
{
	struct request request = **at;

	free(*at);
	*at = request.next;
	requests->n--;
	return request;
}

/* Out of the chain first: the callback may send the next request or free the link. */
static void requests_end(struct requests *requests, struct request **at, const struct message *reply)
{
	struct request request = requests_remove(requests, at);

	request.reply(request.arg, reply);
}

/* The one that is due first; of several the one asked first. NULL: none waits. */
static struct request *requests_first(const struct requests *requests)
{
	struct request *first = NULL;

	for (size_t i = 0; i < REQUEST_CHAINS; i++)
		for (struct request *request = requests->by_id[i]; request; request = request->next)
			if (!first || request->due_us < first->due_us ||
			    (request->due_us == first->due_us && request->id < first->id))
				first = request;
	return first;
}

static void requests_late(void *arg);

static void requests_arm(struct requests *requests, int64_t due_us)
{
	loop_cancel(requests->loop, &requests->timer);
	requests->timer_us = due_us;
	requests->timer = loop_at(requests->loop, due_us, requests_late, requests);
}

/* Mostly what the timer was set for has its answer by now, and it is set for what is due next. */
static void requests_late(void *arg)
{
	struct requests *requests = arg;
	struct request *first = requests_first(requests);

	requests->timer = NULL;
	if (!first)
		return;
	if (first->due_us > clock_steady_us()) {
		requests_arm(requests, first->due_us);
		return;
	}
	/* Again before the callback, which may free the link. */
	requests_arm(requests, first->due_us);
	requests_end(requests, requests_find(requests, first->id), NULL);
}

void requests_clear(struct requests *requests)
{
	for (size_t i = 0; i < REQUEST_CHAINS; i++)
		while (requests->by_id[i])
			requests_end(requests, &requests->by_id[i], NULL);
	loop_cancel(requests->loop, &requests->timer);
}

void requests_add(struct requests *requests, enum word word, uint64_t id, int64_t timeout_ms,
		  link_reply reply, void *arg)
{
	struct request **at = requests_find(requests, id);
	struct request *request = mem_alloc(sizeof *request);

	*request = (struct request){.id = id, .word = word, .reply = reply, .arg = arg};
	if (__builtin_mul_overflow(timeout_ms, INT64_C(1000), &request->due_us) ||
	    __builtin_add_overflow(request->due_us, clock_steady_us(), &request->due_us))
		request->due_us = INT64_MAX;
	*at = request;
	requests->n++;
	if (!requests->timer || request->due_us < requests->timer_us)
		requests_arm(requests, request->due_us);
}

void requests_forget(struct requests *requests, uint64_t id)
{
	struct request **at = requests_find(requests, id);

	if (*at)
		requests_remove(requests, at);
}

void requests_doubt(struct requests *requests)
{
	for (size_t i = 0; i < REQUEST_CHAINS; i++)
		for (struct request *request = requests->by_id[i]; request; request = request->next)
			request->doubtful = true;
}

/* The one that was asked first; NULL: none is in doubt. */
static struct request *requests_doubtful(const struct requests *requests)
{
	struct request *first = NULL;

	for (size_t i = 0; i < REQUEST_CHAINS; i++)
		for (struct request *request = requests->by_id[i]; request; request = request->next)
			if (request->doubtful && (!first || request->id < first->id))
				first = request;
	return first;
}

/* Looked for anew each time, since each callback may ask again or free the link. */
void requests_lost(struct requests *requests)
{
	struct request *request;

	while ((request = requests_doubtful(requests)) != NULL)
		requests_end(requests, requests_find(requests, request->id), NULL);
}

void requests_unheard(struct requests *requests, uint64_t id)
{
	struct request **at = requests_find(requests, id);

	if (*at)
		requests_end(requests, at, NULL);
}

bool requests_answer(struct requests *requests, const struct message *reply)
{
	struct request **at = requests_find(requests, reply->id);

	if (!*at || (reply->word != WORD_error &&
		     strcmp(message_row((*at)->word)->reply, message_row(reply->word)->word) != 0))
		return false;
	requests_end(requests, at, reply);
	return true;
}
