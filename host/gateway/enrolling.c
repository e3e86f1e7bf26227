/*
 * A gateway that was invited makes itself known before it connects with its own key. Whatever becomes of that, it then
 * connects: when only the answer was lost the host knows its key already.
 */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "wire/enrol.h"

#include <string.h>

enum { FIRST_MS = 5000 };

static void on_over(void *arg, int code, const hst_error *err)
{
	struct gateway *gateway = arg;

	if (code == HST_OK) {
		log_info("this gateway has joined its host");
		gateway->joining = "joined";
	} else {
		log_error("this gateway could not join: %s", err->text);
		gateway->joining = "refused";
		gateway->joining_error = *err;
	}
	if (gateway->link)
		link_hurry(gateway->link);
	now_write(gateway);
}

/* The invitation must lead where the configuration does: else the key would be known where nobody asks for it. */
static int read_invitation(const struct gateway *gateway, const struct key_ring *ring, struct invitation *ret, hst_error *err)
{
	int rc = invitation_read(ring->enrol, ret, err);

	if (rc >= 0 && strcmp(ret->name, gateway->conf->gateway_name) != 0)
		rc = hst_fail_as(err, HST_INVALID, "InvitationOfAnother", "the invitation is for \"%s\", and this gateway is \"%s\"", ret->name,
		                 gateway->conf->gateway_name);
	else if (rc >= 0 && memcmp(ret->host, ring->host, KEY_BYTES) != 0)
		rc = hst_fail_as(err, HST_INVALID, "HostKeyDiffers", "the invitation is of another host than `host_key` in [gateway]");
	return rc;
}

void enrolling_begin(struct gateway *gateway, void *zmq, const struct key_ring *ring)
{
	const int64_t end_us = clock_steady_us() + FIRST_MS * 1000;
	struct invitation invitation;
	hst_error err = {{0}, {0}};
	int rc;

	if (!ring->enrol)
		return;
	gateway->joining = "joining";
	rc = read_invitation(gateway, ring, &invitation, &err);
	if (rc >= 0)
		rc = enrol_new(gateway->loop, zmq, &invitation, ring->self.public_key, ring->joins, on_over, gateway, &gateway->enrol, &err);
	invitation_clear(&invitation);
	if (rc < 0) {
		on_over(gateway, rc, &err);
		return;
	}
	/* A host that cannot be reached now is asked on while everything else begins. */
	while (strcmp(gateway->joining, "joining") == 0 && clock_steady_us() < end_us)
		loop_turn(gateway->loop, (end_us - clock_steady_us()) / 1000 + 1);
}

void enrolling_end(struct gateway *gateway)
{
	enrol_free(gateway->enrol);
	gateway->enrol = NULL;
}
