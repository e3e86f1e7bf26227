#include "wire/socket.h"

#include "wire/message.h"

#include <zmq.h>

enum {
	ENVELOPE_BYTES = 1024, /* CURVE adds some 33 bytes to each part */
	HEARTBEAT_MS = 5000,
	DEAD_MS = 15000,
};

static const struct {
	int option, value;
} socket_options[] = {
	{ZMQ_LINGER, 0},	    /* (for ever) */
	{ZMQ_SNDHWM, SOCKET_QUEUE}, /* (1,000) */
	{ZMQ_RCVHWM, SOCKET_QUEUE},
	{ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS}, /* (none) a dead machine ends its connections */
	{ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS},
	{ZMQ_HEARTBEAT_TTL, DEAD_MS},
	{ZMQ_HANDSHAKE_IVL, HEARTBEAT_MS},   /* (30 s) for those who connect and say nothing */
	{ZMQ_IPV6, 1},			     /* (0) */
	{ZMQ_BACKLOG, 1024},		     /* (100) all gateways come back at once */
	{ZMQ_CONNECT_TIMEOUT, HEARTBEAT_MS}, /* (the system's two minutes) */
	{ZMQ_RECONNECT_IVL, 100},
	{ZMQ_RECONNECT_IVL_MAX, 2000}, /* (none) fewer attempts while the host is away */
};

int socket_new(void *zmq, int type, const struct key_pair *self, const uint8_t *server, void **ret,
	       hst_error *err)
{
	void *socket = zmq_socket(zmq, type);
	const int64_t part_max = PAYLOAD_BYTES_MAX + SEALED_BYTES_MAX + ENVELOPE_BYTES;
	const int one = 1;
	int failed = 0;

	if (!socket)
		return hst_fail(err, HST_BROKEN, "no socket: %s", zmq_strerror(zmq_errno()));
	for (size_t i = 0; i < sizeof socket_options / sizeof *socket_options; i++)
		failed |= zmq_setsockopt(socket, socket_options[i].option, &socket_options[i].value,
					 sizeof(int));
	failed |= zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &part_max, sizeof part_max);
	if (type == ZMQ_ROUTER)
		failed |= zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &one, sizeof one);
	if (server) {
		failed |= zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, KEY_BYTES);
		failed |= zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, self->public_key, KEY_BYTES);
	} else {
		failed |= zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof one);
		failed |= zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "hostler", 7);
	}
	failed |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, self->secret_key, KEY_BYTES);
	if (failed) {
		hst_fail(err, HST_BROKEN, "a socket refuses its options: %s", zmq_strerror(zmq_errno()));
		socket_close(socket, 0);
		return HST_BROKEN;
	}
	*ret = socket;
	return HST_OK;
}

void socket_close(void *socket, int linger_ms)
{
	if (!socket)
		return;
	zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
	zmq_close(socket);
}
