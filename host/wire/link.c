#include "wire/link_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/frames.h"
#include "wire/monitor.h"
#include "wire/socket.h"

#include <sodium.h>
#include <string.h>

enum {
	TURN_MAX = 1000,
	LAST_WORDS_MS = 200,
	BEAT_US = 5000000,  /* silence after which hello is said, and the time between two attempts */
	LOST_US = 10000000, /* after that hello, which makes the 15 s of the rule */
	STRANGER_TRIES = 3,
};

static const uint64_t own_ids = UINT64_C(1) << 63;

/* Everything that may call back is between these two. */
static void link_enter(struct link *link)
{
	link->busy++;
}

static void link_exit(struct link *link)
{
	if (--link->busy || !link->freed)
		return;
	parcel_clear(&link->out);
	free(link->reply_payload);
	free(link->endpoint);
	free(link->name);
	sodium_memzero(&link->self, sizeof link->self);
	free(link);
}

/* A hello that cannot be sent is not missed: the beat says the next one. */
static void link_hello(struct link *link)
{
	struct message hello;

	link->hello_id = own_ids | ++link->last_id;
	message_init(&hello, WORD_hello, link->hello_id);
	message_set_integer(&hello, "major", PROTOCOL_MAJOR);
	message_set_integer(&hello, "minor", PROTOCOL_MINOR);
	message_set_text(&hello, "name", link->name);
	link->greeted = link_put(link, &hello, NULL) == HST_OK && !link->connected;
	link->sent_us = clock_steady_us();
	if (!link->asked_us)
		link->asked_us = link->sent_us;
}

static void link_go_down(struct link *link, int code, const hst_error *why)
{
	bool told = link->state == LINK_DOWN;

	link->state = LINK_DOWN;
	link->fresh = true;
	link->code = code;
	link->why = *why;
	if (!told && link->role.down)
		link->role.down(link->role.arg);
}

/* A host with another key ends every handshake; one that dies in the midst of a handshake ended that one. */
static void link_not_host(struct link *link)
{
	bool stranger = ++link->strangers >= STRANGER_TRIES;

	if (link->state != LINK_UP)
		link->code = hst_fail(&link->why, stranger ? HST_DENIED : HST_RETRY,
				      stranger ? "who listens at %s has another key than the host's"
					       : "who listens at %s ends the connection while it is made",
				      link->endpoint);
}

static void link_happened(void *arg, enum monitor_event event)
{
	struct link *link = arg;

	link_enter(link);
	switch (event) {
	case MONITOR_REACHED:
		link->nobody = false;
		break;
	case MONITOR_CONNECTED:
		link->connected = true;
		link->greeted = link->reopen = false;
		link->strangers = 0;
		break;
	case MONITOR_BROKEN:
		link->connected = false;
		link->fresh = true;
		requests_doubt(&link->requests);
		if (!link->greeted && !link->reopen)
			link_hello(link);
		break;
	case MONITOR_NOBODY:
		link->nobody = true;
		if (link->state != LINK_UP)
			link->code = hst_fail(&link->why, HST_RETRY, "nobody listens at %s", link->endpoint);
		break;
	case MONITOR_NOT_HOST:
		link_not_host(link);
		break;
	case MONITOR_SILENT:
		link->strangers = 0;
		if (link->state != LINK_UP)
			link->code = hst_fail(&link->why, HST_RETRY, "who listens at %s does not answer", link->endpoint);
		break;
	case MONITOR_KEY_REFUSED:
		zmq_disconnect(link->socket, link->endpoint);
		link->connected = false;
		link->reopen = true;
		link_go_down(link, HST_DENIED,
			     &(hst_error){"KeyDenied", "the host does not know the key of this peer"});
		break;
	}
	link_exit(link);
}

static void link_welcomed(struct link *link, const struct message *welcome)
{
	bool fresh = link->fresh || link->state != LINK_UP;

	if (welcome->id != link->hello_id)
		return;
	link->hello_id = 0;
	link->window = message_integer(welcome, "window");
	link->fresh = false;
	link->state = LINK_UP;
	link->code = HST_OK;
	if (fresh)
		requests_lost(&link->requests);
	if (fresh && !link->freed && link->role.up)
		link->role.up(link->role.arg);
}

/* What was sent before the hello of this connection was not taken, and says so by its id. */
static void link_not_greeted(struct link *link, uint64_t id)
{
	if (link->state != LINK_DOWN && !link->fresh) {
		link->fresh = true;
		requests_doubt(&link->requests);
	}
	/* While it is down the beat says the next one. */
	if (link->state != LINK_DOWN && !link->hello_id)
		link_hello(link);
	requests_unheard(&link->requests, id);
}

/* True: the error concerns the connection and not a request. */
static bool link_refused(struct link *link, const struct message *message)
{
	const char *reason = message_text(message, "reason");
	hst_error why = {0};
	int code = message_read_error(message, &why);

	if (strcmp(reason, "HelloFirst") == 0) {
		link_not_greeted(link, message->id);
		return true;
	}
	if (message->id != link->hello_id && strcmp(reason, "Replaced") != 0 &&
	    strcmp(reason, "KeyDenied") != 0 && strcmp(reason, "GatewayRevoked") != 0)
		return false;
	if (message->id == link->hello_id)
		link->hello_id = 0;
	link_go_down(link, code, &why);
	return true;
}

/* Said by the link itself: it is this process that the host wants to hear of, whatever its role is busy with. */
static void link_alive(struct link *link, uint64_t question)
{
	struct message done;

	message_init(&done, WORD_done, question);
	link_put(link, &done, NULL);
}

/* A reply that comes after its time-out has one of our ids and is no news to anybody. */
static void link_take(struct link *link, const struct message *message, int64_t at_us)
{
	bool ours = message->id & own_ids;

	link->heard_us = at_us;
	link->asked_us = 0;
	if (message->word == WORD_welcome)
		link_welcomed(link, message);
	else if (message->word == WORD_error && link_refused(link, message))
		return;
	else if (ours)
		requests_answer(&link->requests, message);
	else if (message->id == 0 && message->word == WORD_done)
		return;
	else if (message->word == WORD_alive)
		link_alive(link, message->id);
	else if (link->role.message)
		link->role.message(link->role.arg, message);
}

static void link_open_parcel(struct link *link, const struct frames *frames)
{
	struct parcel parcel = {0};
	struct message message;
	hst_error err = {0};
	const int64_t at_us = clock_steady_us();
	uint64_t id;
	int code = frames_open(frames, 0, &parcel, &err);

	while (!code && !link->freed && parcel_left(&parcel) > 0) {
		code = parcel_next(&parcel, &message, &id, &err);
		if (!code && !(message_row(message.word)->sender & SPEAKER_HOST))
			log_warning("the host may not say %s", message_row(message.word)->word);
		else if (!code)
			link_take(link, &message, at_us);
		else if (code != HST_INVALID)
			break;
		else
			log_warning("the host sends what is no message: %s", err.text);
		code = HST_OK;
	}
	if (code)
		log_warning("the host sends what is no message: %s", err.text);
}

static void link_read(struct link *link)
{
	struct frames frames;

	for (int i = 0; i < TURN_MAX && !link->freed && frames_receive(link->socket, &frames, NULL) == HST_OK;
	     i++) {
		link_open_parcel(link, &frames);
		frames_clear(&frames);
	}
}

static void link_ready(void *arg, void *socket)
{
	struct link *link = arg;

	(void)socket;
	link_enter(link);
	link_read(link);
	link_exit(link);
}

static void link_close(struct link *link, int linger_ms)
{
	monitor_free(link->monitor);
	link->monitor = NULL;
	if (link->socket)
		loop_socket(link->loop, link->socket, NULL, NULL);
	if (linger_ms)
		link_flush_now(link, NULL);
	loop_cancel(link->loop, &link->late);
	link->out.done = link->out.used;
	socket_close(link->socket, linger_ms);
	link->socket = NULL;
}

/* On the same machine a try costs next to nothing, and the host may be about to listen. */
static void link_try_sooner(struct link *link)
{
	static const int again_ms = 5;

	if (strncmp(link->endpoint, "ipc:", 4) == 0)
		zmq_setsockopt(link->socket, ZMQ_RECONNECT_IVL, &again_ms, sizeof again_ms);
}

static int link_open(struct link *link, hst_error *err)
{
	int code = socket_new(link->zmq, ZMQ_DEALER, &link->self, link->host, &link->socket, err);

	if (!code)
		link_try_sooner(link);
	if (!code)
		code = monitor_new(link->loop, link->zmq, link->socket, link_happened, link, &link->monitor,
				   err);
	if (!code && zmq_connect(link->socket, link->endpoint) != 0)
		code = hst_fail(err, HST_INVALID, "%s is no address to connect to: %s", link->endpoint,
				zmq_strerror(zmq_errno()));
	if (code) {
		link_close(link, 0);
		return code;
	}
	link->connected = link->reopen = false;
	link->fresh = true;
	requests_doubt(&link->requests);
	loop_socket(link->loop, link->socket, link_ready, link);
	link_hello(link);
	return HST_OK;
}

/*
 * What has arrived is read before silence is judged, or a new socket made: this process may have been busy for long. A connection
 * that was made meanwhile is kept, because the host may have said something on it already. Without a connection nothing is sent,
 * because a hello waits in the queue already.
 */
static void link_beat(void *arg)
{
	struct link *link = arg;
	int64_t now, next;
	hst_error err = {0};

	link->beat = NULL;
	link_enter(link);
	if (link->socket)
		link_read(link);
	if (link->monitor)
		monitor_read(link->monitor); /* afterwards, so that whoever has read a welcome knows of its connection */
	now = clock_steady_us();
	if (!link->freed && link->state == LINK_UP && link->asked_us && now - link->asked_us >= LOST_US) {
		hst_fail(&err, HST_TIMEOUT, "nothing was heard from the host at %s for 15 s", link->endpoint);
		link_go_down(link, HST_TIMEOUT, &err);
	}
	if (!link->freed && (link->reopen || !link->socket)) {
		link_close(link, 0);
		if (link_open(link, &err))
			log_error("%s", err.text);
	} else if (!link->freed && link->connected &&
		   (now - link->sent_us >= BEAT_US || (!link->asked_us && now - link->heard_us >= BEAT_US))) {
		link_hello(link);
	}
	if (!link->freed) {
		next = link->connected ? link->sent_us + BEAT_US : now + BEAT_US;
		if (link->state == LINK_UP && link->asked_us && link->asked_us + LOST_US < next)
			next = link->asked_us + LOST_US;
		link->beat = loop_at(link->loop, next, link_beat, link);
	}
	link_exit(link);
}

int link_new(struct loop *loop, void *zmq, const char *endpoint, const struct key_ring *ring,
	     const struct link_role *role, struct link **ret, hst_error *err)
{
	struct link *link = mem_alloc(sizeof *link);
	int code;

	link->loop = loop;
	link->zmq = zmq;
	link->endpoint = mem_text(endpoint);
	link->name = mem_text(ring->name ? ring->name : "");
	link->self = ring->self;
	memcpy(link->host, ring->host, KEY_BYTES);
	link->role = *role;
	link->window = SOCKET_WINDOW;
	link->code = hst_fail(&link->why, HST_RETRY, "the host has not answered yet");
	requests_init(&link->requests, loop);
	loop_before(loop, link_flush, link);
	code = link_open(link, err);
	if (code) {
		link_free(link);
		return code;
	}
	link->beat = loop_in(loop, BEAT_US / 1000, link_beat, link);
	*ret = link;
	return HST_OK;
}

void link_hurry(struct link *link)
{
	if (link->freed || link->state == LINK_UP)
		return;
	/* ZeroMQ waits longer from try to try; a new socket tries at once. */
	if (!link->connected)
		link->reopen = true;
	loop_cancel(link->loop, &link->beat);
	link->beat = loop_in(link->loop, 0, link_beat, link);
}

void link_free(struct link *link)
{
	if (!link || link->freed)
		return;
	link_enter(link);
	link->freed = true;
	loop_forget_before(link->loop, link_flush, link);
	loop_cancel(link->loop, &link->beat);
	requests_clear(&link->requests);
	link_close(link, link->connected ? LAST_WORDS_MS : 0);
	link_exit(link);
}

int link_why(const struct link *link, hst_error *err)
{
	if (link->state != LINK_UP && err)
		*err = link->why;
	return link->state == LINK_UP ? HST_OK : link->code;
}

bool link_nobody(const struct link *link)
{
	return link->nobody;
}

int64_t link_heard_us(const struct link *link)
{
	return link->heard_us;
}

int link_request(struct link *link, struct message *message, int64_t timeout_ms, link_reply reply, void *arg,
		 hst_error *err)
{
	int code;

	if ((int64_t)link->requests.n >= link->window)
		return hst_fail(err, HST_RETRY, "%zu requests wait for the host's answer already",
				link->requests.n);
	message->id = own_ids | ++link->last_id;
	code = link_send(link, message, err);
	if (!code)
		requests_add(&link->requests, message->word, message->id, timeout_ms, reply, arg);
	return code;
}

/* One link_call under way. The link may be freed while it waits only by the call's end. */
struct call {
	struct link *link;
	bool over, answered;
};

static void call_over(void *arg, const struct message *reply)
{
	struct call *call = arg;
	struct link *link = call->link;

	call->over = true;
	call->answered = reply != NULL;
	if (!reply)
		return;
	link->reply = *reply;
	free(link->reply_payload);
	link->reply_payload = message_payload_text(reply);
	message_set_payload(&link->reply, link->reply_payload, reply->payload_length);
}

int link_call(struct link *link, struct message *message, int64_t timeout_ms, const struct message **ret,
	      hst_error *err)
{
	struct call call = {.link = link};
	int code = link_request(link, message, timeout_ms, call_over, &call, err);

	if (code)
		return code;
	while (!call.over && link->state != LINK_DOWN)
		loop_turn(link->loop, timeout_ms);
	if (!call.over)
		requests_forget(&link->requests, message->id);
	if (!call.answered && link->state == LINK_UP)
		return hst_fail(err, HST_TIMEOUT, "the host has not answered %s within %lld ms, or was started anew before it did",
				message_row(message->word)->word, (long long)timeout_ms);
	if (!call.answered && link->state == LINK_DOWN)
		return link_why(link, err);
	if (!call.answered)
		return hst_fail(err, HST_TIMEOUT, "no connection to the host within %lld ms: %s",
				(long long)timeout_ms, link->why.text);
	if (link->reply.word == WORD_error)
		return message_read_error(&link->reply, err);
	*ret = &link->reply;
	return HST_OK;
}
