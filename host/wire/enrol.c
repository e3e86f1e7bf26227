#include "wire/enrol.h"

#include "base/mem.h"
#include "wire/frames.h"
#include "wire/monitor.h"
#include "wire/socket.h"

#include <sodium.h>
#include <string.h>

enum {
	AGAIN_MS = 3000,
	STRANGE_MAX = 3, /* a host that is just going down ends a handshake, too */
};

static const uint64_t enrol_id = UINT64_C(1) << 63 | 1;

struct enrol {
	struct loop *loop;
	struct invitation invitation;
	bool asks;
	uint8_t own[KEY_BYTES];
	char *joins;
	enrol_over over;
	void *arg;
	void *socket;
	struct monitor *monitor;
	struct loop_timer *again;
	bool connected, is_over;
	int strange;
	hst_error why;
	unsigned busy; /* freed from within `over`: the memory goes when it returns */
	bool freed;
};

static void enter(struct enrol *enrol)
{
	enrol->busy++;
}

static void leave(struct enrol *enrol)
{
	if (--enrol->busy || !enrol->freed)
		return;
	free(enrol->joins);
	sodium_memzero(enrol, sizeof *enrol);
	free(enrol);
}

static void finish(struct enrol *enrol, int code, const hst_error *err)
{
	if (enrol->is_over || enrol->freed)
		return;
	enrol->is_over = true;
	loop_cancel(enrol->loop, &enrol->again);
	enrol->over(enrol->arg, code, err);
}

/* What is said twice is done once: a second word finds the first one's key there. */
static void say(void *arg)
{
	struct enrol *enrol = arg;
	struct message message;
	char key[KEY_TEXT];

	enrol->again = NULL;
	keys_text(enrol->own, key);
	message_init(&message, WORD_enrol, enrol_id);
	message_set_text(&message, "name", enrol->invitation.name);
	message_set_text(&message, "key", key);
	if (enrol->joins)
		message_set_payload(&message, enrol->joins, strlen(enrol->joins));
	if (enrol->connected)
		frames_send_message(enrol->socket, NULL, 0, &message, NULL);
	enrol->again = loop_in(enrol->loop, AGAIN_MS, say, enrol);
}

static void connected(struct enrol *enrol)
{
	enrol->connected = true;
	hst_fail(&enrol->why, HST_RETRY, "the host at %s has not answered yet", enrol->invitation.address);
	loop_cancel(enrol->loop, &enrol->again);
	if (enrol->asks)
		say(enrol);
	else
		finish(enrol, HST_OK, NULL);
}

static void happened(void *arg, enum monitor_event event)
{
	struct enrol *enrol = arg;
	hst_error err;
	int code;

	enter(enrol);
	switch (event) {
	case MONITOR_REACHED:
		break;
	case MONITOR_CONNECTED:
		connected(enrol);
		break;
	case MONITOR_BROKEN:
		enrol->connected = false;
		break;
	case MONITOR_NOBODY:
		hst_fail(&enrol->why, HST_RETRY, "nobody listens at %s", enrol->invitation.address);
		break;
	case MONITOR_SILENT:
		hst_fail(&enrol->why, HST_RETRY, "who listens at %s does not answer as a host of hostler does", enrol->invitation.address);
		break;
	case MONITOR_KEY_REFUSED:
		code = hst_fail_as(&err, HST_DENIED, "InvitationRefused",
				   "the host at %s does not accept this invitation: it was used already, has expired, or was taken back",
				   enrol->invitation.address);
		finish(enrol, code, &err);
		break;
	case MONITOR_NOT_HOST:
		code = hst_fail_as(&err, HST_DENIED, "HostKeyDiffers",
				   "who listens at %s has another key than the host of this invitation: the address leads elsewhere, or the "
				   "host was installed anew",
				   enrol->invitation.address);
		enrol->why = err;
		if (++enrol->strange == STRANGE_MAX)
			finish(enrol, code, &err);
		break;
	}
	leave(enrol);
}

static void heard(void *arg, void *socket)
{
	struct enrol *enrol = arg;
	struct frames frames;
	struct parcel parcel;
	struct message message;
	hst_error err = {0};
	uint64_t id;

	enter(enrol);
	while (!enrol->freed && frames_receive(socket, &frames, NULL) == HST_OK) {
		if (frames_open(&frames, 0, &parcel, NULL) == HST_OK && parcel_next(&parcel, &message, &id, NULL) == HST_OK &&
		    id == enrol_id) {
			if (message.word == WORD_done)
				finish(enrol, HST_OK, NULL);
			else if (message.word == WORD_error)
				finish(enrol, message_read_error(&message, &err), &err);
		}
		frames_clear(&frames);
	}
	leave(enrol);
}

static int open_socket(struct enrol *enrol, void *zmq, hst_error *err)
{
	const char *address = enrol->invitation.address;
	int code = socket_new(zmq, ZMQ_DEALER, &enrol->invitation.pair, enrol->invitation.host, &enrol->socket, err);

	if (!code)
		code = monitor_new(enrol->loop, zmq, enrol->socket, happened, enrol, &enrol->monitor, err);
	if (!code && zmq_connect(enrol->socket, address) != 0)
		code = hst_fail(err, HST_INVALID, "%s is no address to connect to: %s", address, zmq_strerror(zmq_errno()));
	if (!code)
		loop_socket(enrol->loop, enrol->socket, heard, enrol);
	return code;
}

int enrol_new(struct loop *loop, void *zmq, const struct invitation *invitation, const uint8_t *own, const char *joins, enrol_over over,
	      void *arg, struct enrol **ret, hst_error *err)
{
	struct enrol *enrol = mem_alloc(sizeof *enrol);
	int code;

	*enrol = (struct enrol){.loop = loop, .invitation = *invitation, .asks = own != NULL, .joins = mem_text(joins), .over = over, .arg = arg};
	if (own)
		memcpy(enrol->own, own, KEY_BYTES);
	hst_fail(&enrol->why, HST_RETRY, "nobody has answered at %s yet", invitation->address);
	code = open_socket(enrol, zmq, err);
	if (code)
		enrol_free(enrol);
	else
		*ret = enrol;
	return code;
}

void enrol_free(struct enrol *enrol)
{
	if (!enrol || enrol->freed)
		return;
	enter(enrol);
	enrol->freed = true;
	loop_cancel(enrol->loop, &enrol->again);
	monitor_free(enrol->monitor);
	if (enrol->socket)
		loop_socket(enrol->loop, enrol->socket, NULL, NULL);
	socket_close(enrol->socket, 0);
	leave(enrol);
}

void enrol_why(const struct enrol *enrol, hst_error *err)
{
	*err = enrol->why;
}
