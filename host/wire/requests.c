#include "wire/requests.h"

#include "base/mem.h"

#include <string.h>

enum { REQUEST_CHAINS = sizeof((struct requests *)0)->by_id / sizeof(struct request *) };

struct request {
	struct request *next;
	struct requests *requests;
	uint64_t id;
	enum word word;
	struct loop_timer *timer;
	link_reply reply;
	void *arg;
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
	loop_cancel(requests->loop, &request.timer);
	return request;
}

/* Out of the chain first: the callback may send the next request or free the link. */
static void requests_end(struct requests *requests, struct request **at, const struct message *reply)
{
	struct request request = requests_remove(requests, at);

	request.reply(request.arg, reply);
}

static void requests_late(void *arg)
{
	struct request *request = arg;

	request->timer = NULL;
	requests_end(request->requests, requests_find(request->requests, request->id), NULL);
}

void requests_clear(struct requests *requests)
{
	for (size_t i = 0; i < REQUEST_CHAINS; i++)
		while (requests->by_id[i])
			requests_end(requests, &requests->by_id[i], NULL);
}

void requests_add(struct requests *requests, enum word word, uint64_t id, int64_t timeout_ms,
		  link_reply reply, void *arg)
{
	struct request **at = requests_find(requests, id);
	struct request *request = mem_alloc(sizeof *request);

	*request = (struct request){.requests = requests, .id = id, .word = word, .reply = reply, .arg = arg};
	request->timer = loop_in(requests->loop, timeout_ms, requests_late, request);
	*at = request;
	requests->n++;
}

void requests_forget(struct requests *requests, uint64_t id)
{
	struct request **at = requests_find(requests, id);

	if (*at)
		requests_remove(requests, at);
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
