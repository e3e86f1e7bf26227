#include "wire/zap.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum { ZAP_VERSION, ZAP_REQUEST, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_ROUTING, ZAP_MECHANISM, ZAP_KEY, ZAP_PARTS };

enum { ZAP_TURN = 100 }; /* handshakes per turn: a flood of them must not starve those who are connected */

struct zap {
	struct loop *loop;
	void *socket;
	struct zap_role role;
};

struct zap_part {
	char bytes[256];
	size_t length; /* may be over what `bytes` holds: then it was cut, and equals nothing */
};

/* False: nothing is there. A request with more parts than it should have is read to its end. */
static bool zap_receive(struct zap *zap, struct zap_part parts[ZAP_PARTS], size_t *ret_n)
{
	size_t n = 0;
	int more = 1;
	size_t size = sizeof more;

	while (more) {
		struct zap_part spare, *part = n < ZAP_PARTS ? &parts[n] : &spare;
		int length;

		do
			length = zmq_recv(zap->socket, part->bytes, sizeof part->bytes - 1, ZMQ_DONTWAIT);
		while (length < 0 && errno == EINTR);
		if (length < 0)
			return false;
		part->length = (size_t)length;
		part->bytes[part->length < sizeof part->bytes ? part->length : sizeof part->bytes - 1] = '\0';
		n++;
		zmq_getsockopt(zap->socket, ZMQ_RCVMORE, &more, &size);
	}
	*ret_n = n;
	return true;
}

static bool zap_is(const struct zap_part *part, const char *text)
{
	return part->length == strlen(text) && memcmp(part->bytes, text, part->length) == 0;
}

/* What became of one request. */
struct zap_verdict {
	bool admitted;
	char key[KEY_TEXT], cause[ZAP_CAUSE_BYTES], revoked[ZAP_CAUSE_BYTES];
};

static void zap_judge(const struct zap *zap, const struct zap_part *parts, size_t n, struct zap_verdict *ret)
{
	*ret = (struct zap_verdict){0};
	if (n != ZAP_PARTS || !zap_is(&parts[ZAP_VERSION], "1.0") || !zap_is(&parts[ZAP_DOMAIN], "hostler")) {
		snprintf(ret->cause, sizeof ret->cause, "it is no request of ours");
	} else if (!zap_is(&parts[ZAP_MECHANISM], "CURVE") || parts[ZAP_KEY].length != KEY_BYTES) {
		snprintf(ret->cause, sizeof ret->cause, "it does not use CURVE");
	} else {
		keys_text((const uint8_t *)parts[ZAP_KEY].bytes, ret->key);
		ret->admitted = zap->role.admits(zap->role.arg, ret->key, ret->cause, ret->revoked);
	}
}

static void zap_answer(struct zap *zap, const struct zap_part *request, const struct zap_verdict *verdict)
{
	const char *status = verdict->admitted ? "200" : "400", *text = verdict->admitted ? "OK" : "unknown key",
		   *user = verdict->admitted ? verdict->key : "";

	zmq_send(zap->socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap->socket, request->bytes, request->length, ZMQ_SNDMORE);
	zmq_send(zap->socket, status, strlen(status), ZMQ_SNDMORE);
	zmq_send(zap->socket, text, strlen(text), ZMQ_SNDMORE);
	zmq_send(zap->socket, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(zap->socket, "", 0, 0);
}

const char *zap_address(const char *address)
{
	static const char dress[] = "::ffff:";

	if (!address)
		return "";
	return strncmp(address, dress, sizeof dress - 1) == 0 && strchr(address, '.') ? address + sizeof dress - 1 : address;
}

static void zap_ready(void *arg, void *socket)
{
	struct zap *zap = arg;
	struct zap_part parts[ZAP_PARTS];
	struct zap_verdict verdict;
	size_t n;

	(void)socket;
	for (int i = 0; i < ZAP_TURN && zap_receive(zap, parts, &n); i++) {
		zap_judge(zap, parts, n, &verdict);
		if (n <= ZAP_REQUEST || parts[ZAP_REQUEST].length >= sizeof parts[ZAP_REQUEST].bytes)
			parts[ZAP_REQUEST].length = 0;
		zap_answer(zap, &parts[ZAP_REQUEST], &verdict);
		if (!verdict.admitted)
			zap->role.refused(zap->role.arg, zap_address(n > ZAP_ADDRESS ? parts[ZAP_ADDRESS].bytes : NULL),
					  verdict.revoked, verdict.cause);
	}
}

int zap_new(struct loop *loop, void *zmq, const struct zap_role *role, struct zap **ret, hst_error *err)
{
	static const int linger = 0;
	struct zap *zap = mem_alloc(sizeof *zap);

	zap->loop = loop;
	zap->role = *role;
	zap->socket = zmq_socket(zmq, ZMQ_REP);
	if (!zap->socket || zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
	    zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0) {
		hst_fail(err, HST_BROKEN, "the list of keys cannot be enforced: %s",
			 zmq_strerror(zmq_errno()));
		if (zap->socket)
			zmq_close(zap->socket);
		free(zap);
		return HST_BROKEN;
	}
	loop_socket(loop, zap->socket, zap_ready, zap);
	*ret = zap;
	return HST_OK;
}

void zap_free(struct zap *zap)
{
	if (!zap)
		return;
	loop_socket(zap->loop, zap->socket, NULL, NULL);
	zmq_close(zap->socket);
	free(zap);
}
