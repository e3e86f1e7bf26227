/* Who comes in: two with one key, one whose key was taken away, one who was invited. */
#include "wire_house.h"

#include "base/clock.h"
#include "wire/enrol.h"
#include "wire/frames.h"
#include "wire/socket.h"

#include <unistd.h>

static struct key_peer *ring_peer(struct house *house, const char *name)
{
	for (size_t i = 0; i < house->ring.peer_count; i++)
		if (strcmp(house->ring.peers[i].name, name) == 0)
			return &house->ring.peers[i];
	fail_msg("%s is not in the ring", name);
	return NULL;
}

static void a_second_gateway_with_the_same_key_is_refused_and_named(void **state)
{
	struct house *house = *state;
	struct peer_side one, two;
	hst_error err = {0};
	uint64_t number;

	connect_peer(house, GATEWAY, house->ipc, &one);
	TURN_UNTIL(house, one.up == 1);
	number = house->last->number;
	connect_peer(house, GATEWAY, house->ipc, &two);
	TURN_UNTIL(house, two.down == 1);
	assert_int_equal(link_why(two.link, &err), HST_DENIED);
	assert_string_equal(err.reason, "GatewayCloned");
	assert_non_null(strstr(err.text, "gateway/ts-01"));
	assert_int_equal(house->turned_away, 1);
	assert_string_equal(house->turned_name, "gateway/ts-01");
	assert_string_equal(house->turned_reason, "GatewayCloned");
	/* It tries again and again, and the first is not disturbed. */
	later_us += 6000000;
	TURN_UNTIL(house, house->turned_away == 2);
	assert_int_equal(one.down, 0);
	assert_int_equal(two.up, 0);
	assert_int_equal(house->left, 0);
	assert_true(hub_next(house->hub, "gateway/ts-01", NULL)->number == number);
	/* Once the first has gone, the second gets in. */
	link_free(one.link);
	for (time_t deadline = deadline_s(); !two.up && time(NULL) <= deadline; later_us += 1000000)
		loop_turn(house->loop, 20);
	assert_int_equal(two.up, 1);
	link_free(two.link);
}

/* A cable was pulled: the host has a connection on which nobody answers any more, and libzmq does not know it yet. */
static void a_gateway_that_comes_back_beside_its_dead_connection_gets_in_soon(void **state)
{
	struct house *house = *state;
	void *dead = raw_new(house, GATEWAY, NULL, 0);
	struct message message;
	struct peer_side back;

	raw_hello(dead, GATEWAY, PROTOCOL_MAJOR, NULL);
	raw_receive(house, dead, &message);
	connect_peer(house, GATEWAY, house->ipc, &back);
	raw_receive(house, dead, &message);
	assert_int_equal(message.word, WORD_alive);
	assert_int_equal(back.up, 0);
	later_us += 3100000;
	loop_turn(house->loop, 20);
	later_us += 200000;
	TURN_UNTIL(house, back.up == 1);
	assert_int_equal(house->left, 1);
	assert_int_equal(house->turned_away, 0);
	assert_int_equal(back.down, 0);
	raw_expect_error(house, dead, HST_CANCELLED, "Replaced");
	socket_close(dead, 0);
	link_free(back.link);
}

static void a_gateway_whose_connection_has_ended_gets_in_at_once(void **state)
{
	struct house *house = *state;
	void *dead = raw_new(house, GATEWAY, NULL, 0);
	struct message message;
	struct peer_side back;

	raw_hello(dead, GATEWAY, PROTOCOL_MAJOR, NULL);
	raw_receive(house, dead, &message);
	socket_close(dead, 0);
	connect_peer(house, GATEWAY, house->ipc, &back);
	/* Or a moment after libzmq has seen the end of the other. */
	for (time_t deadline = deadline_s(); !back.up && time(NULL) <= deadline; later_us += 100000)
		loop_turn(house->loop, 20);
	assert_int_equal(back.up, 1);
	assert_int_equal(house->left, 1);
	assert_int_equal(house->turned_away, 0);
	link_free(back.link);
}

/* The one that waits for the answer goes away, and the next one is heard instead. */
static void one_that_waits_and_goes_is_no_obstacle(void **state)
{
	struct house *house = *state;
	void *dead = raw_new(house, GATEWAY, NULL, 0), *waiting = raw_new(house, GATEWAY, NULL, 0);
	struct message message;
	struct peer_side back;

	raw_hello(dead, GATEWAY, PROTOCOL_MAJOR, NULL);
	raw_receive(house, dead, &message);
	raw_hello(waiting, GATEWAY, PROTOCOL_MAJOR, NULL);
	raw_receive(house, dead, &message);
	socket_close(waiting, 0);
	connect_peer(house, GATEWAY, house->ipc, &back);
	for (time_t deadline = deadline_s(); !back.up && time(NULL) <= deadline; later_us += 500000)
		loop_turn(house->loop, 20);
	assert_int_equal(back.up, 1);
	assert_ptr_equal(hub_next(house->hub, "gateway/ts-01", NULL), house->last);
	assert_null(hub_next(house->hub, "gateway/ts-01", house->last));
	socket_close(dead, 0);
	link_free(back.link);
}

static void a_gateway_that_is_removed_is_told_and_gone_at_once(void **state)
{
	struct house *house = *state;
	struct peer_side gateway;
	hst_error err = {0};

	connect_peer(house, GATEWAY, house->ipc, &gateway);
	TURN_UNTIL(house, gateway.up == 1);
	ring_peer(house, "gateway/ts-01")->standing = KEY_REVOKED;
	hub_ring_changed(house->hub);
	TURN_UNTIL(house, gateway.down == 1 && house->left == 1);
	assert_int_equal(link_why(gateway.link, &err), HST_DENIED);
	assert_string_equal(err.reason, "GatewayRevoked");
	assert_null(hub_next(house->hub, "gateway/ts-01", NULL));
	link_free(gateway.link);
	/* A new connection is not even made, and the host knows whose it would have been. */
	connect_peer(house, GATEWAY, house->ipc, &gateway);
	TURN_UNTIL(house, gateway.down == 1 && house->turned_away >= 1);
	assert_string_equal(house->turned_reason, "GatewayRevoked");
	assert_string_equal(house->turned_name, "gateway/ts-01");
	link_free(gateway.link);
}

static struct message enrolment(const struct house *house, int who)
{
	struct message message;
	char key[KEY_TEXT];

	keys_text(house->keys[who].public_key, key);
	message_init(&message, WORD_enrol, 7);
	message_set_text(&message, "name", "ts-03");
	message_set_text(&message, "key", key);
	return message;
}

static void an_invitation_is_good_for_one_enrolment(void **state)
{
	struct house *house = *state;
	struct key_peer *invited;
	struct message message;
	void *guest;

	house_admit(house, STRANGER);
	invited = ring_peer(house, "operator/stranger");
	invited->standing = KEY_INVITED;
	invited->at_us = clock_wall_us() + 1000000;
	free(invited->name);
	invited->name = strdup("gateway/ts-03");
	hub_ring_changed(house->hub);
	guest = raw_new(house, STRANGER, NULL, 0);
	raw_hello(guest, STRANGER, PROTOCOL_MAJOR, "gateway/ts-03");
	raw_expect_error(house, guest, HST_DENIED, "InvitationOnlyEnrols");
	keys_random(&house->keys[GUEST]);
	message = enrolment(house, GUEST);
	assert_int_equal(frames_send_message(guest, NULL, 0, &message, NULL), HST_OK);
	raw_receive(house, guest, &message);
	assert_int_equal(message.word, WORD_done);
	assert_int_equal(house->enrolled, 1);
	/* The connection is still there, its key is worth nothing any more. */
	message = enrolment(house, GUEST);
	assert_int_equal(frames_send_message(guest, NULL, 0, &message, NULL), HST_OK);
	raw_expect_error(house, guest, HST_DENIED, "KeyDenied");
	assert_int_equal(house->enrolled, 1);
	assert_int_equal(house->joined, 0);
	socket_close(guest, 0);
}

static void an_invitation_that_has_ended_does_not_connect(void **state)
{
	struct house *house = *state;
	struct peer_side guest;
	struct key_peer *invited;

	house_admit(house, STRANGER);
	invited = ring_peer(house, "operator/stranger");
	invited->standing = KEY_INVITED;
	invited->at_us = clock_wall_us();
	hub_ring_changed(house->hub);
	connect_peer(house, STRANGER, house->ipc, &guest);
	TURN_UNTIL(house, guest.down == 1);
	assert_int_equal(link_why(guest.link, NULL), HST_DENIED);
	assert_true(hub_counts(house->hub)->refused_keys >= 1);
	link_free(guest.link);
}

/* What became of an invitation that was used. */
struct guest {
	int over, code;
	hst_error err;
};

static void guest_over(void *arg, int code, const hst_error *err)
{
	struct guest *guest = arg;

	guest->over++;
	guest->code = code;
	if (err)
		guest->err = *err;
}

static struct invitation invite(struct house *house, int who)
{
	struct invitation invitation = {.pair = house->keys[who]};
	struct key_peer *invited;

	house_admit(house, who);
	invited = ring_peer(house, peer_names[who]);
	invited->standing = KEY_INVITED;
	invited->at_us = clock_wall_us() + 1000000;
	free(invited->name);
	invited->name = strdup("gateway/ts-03");
	hub_ring_changed(house->hub);
	snprintf(invitation.address, sizeof invitation.address, "%s", house->ipc);
	snprintf(invitation.name, sizeof invitation.name, "ts-03");
	memcpy(invitation.host, house->ring.self.public_key, KEY_BYTES);
	return invitation;
}

static void whoever_is_invited_enrols_once(void **state)
{
	struct house *house = *state;
	struct invitation invitation = invite(house, STRANGER);
	struct guest looks = {0}, joins = {0}, late = {0};
	struct key_pair own;
	struct enrol *enrol;

	keys_random(&own);
	/* Looking changes nothing. */
	assert_int_equal(enrol_new(house->loop, house->peer_zmq, &invitation, NULL, NULL, guest_over, &looks, &enrol, NULL), HST_OK);
	TURN_UNTIL(house, looks.over);
	enrol_free(enrol);
	assert_int_equal(looks.code, HST_OK);
	assert_int_equal(house->enrolled, 0);
	assert_int_equal(
		enrol_new(house->loop, house->peer_zmq, &invitation, own.public_key, NULL, guest_over, &joins, &enrol, NULL), HST_OK);
	TURN_UNTIL(house, joins.over);
	enrol_free(enrol);
	assert_int_equal(joins.code, HST_OK);
	assert_int_equal(house->enrolled, 1);
	assert_memory_equal(ring_peer(house, "gateway/ts-03")->public_key, own.public_key, KEY_BYTES);
	assert_int_equal(
		enrol_new(house->loop, house->peer_zmq, &invitation, own.public_key, NULL, guest_over, &late, &enrol, NULL), HST_OK);
	TURN_UNTIL(house, late.over);
	enrol_free(enrol);
	assert_int_equal(late.code, HST_DENIED);
	assert_string_equal(late.err.reason, "InvitationRefused");
	assert_int_equal(house->enrolled, 1);
}

static void whoever_is_not_the_host_learns_nothing(void **state)
{
	struct house *house = *state;
	struct invitation invitation = invite(house, STRANGER);
	struct guest guest = {0};
	struct enrol *enrol;

	invitation.host[3] ^= 1;
	assert_int_equal(enrol_new(house->loop, house->peer_zmq, &invitation, invitation.host, NULL, guest_over, &guest, &enrol, NULL), HST_OK);
	TURN_UNTIL(house, guest.over);
	enrol_free(enrol);
	assert_string_equal(guest.err.reason, "HostKeyDiffers");
	assert_int_equal(house->enrolled, 0);
	assert_int_equal(guest.over, 1);
}

static void a_host_that_is_not_there_is_asked_on(void **state)
{
	struct house *house = *state;
	struct invitation invitation = invite(house, STRANGER);
	struct guest guest = {0};
	struct enrol *enrol;
	hst_error why = {0};

	hub_free(house->hub);
	zmq_ctx_term(house->zmq);
	unlink(house->ipc + 6);
	assert_int_equal(enrol_new(house->loop, house->peer_zmq, &invitation, invitation.host, NULL, guest_over, &guest, &enrol, NULL), HST_OK);
	for (int i = 0; i < 10; i++)
		loop_turn(house->loop, 20);
	enrol_why(enrol, &why);
	assert_non_null(strstr(why.text, house->ipc));
	assert_int_equal(guest.over, 0);
	house->zmq = zmq_ctx_new();
	house_open(house);
	TURN_UNTIL(house, guest.over);
	assert_int_equal(guest.code, HST_OK);
	enrol_free(enrol);
}

/* A script that asks again and again leaves ended connections behind; they do not keep it out. */
static void ended_connections_of_an_operator_make_room(void **state)
{
	struct house *house = *state;

	for (int i = 0; i < 80; i++) {
		struct peer_side felix;

		connect_peer(house, FELIX, house->ipc, &felix);
		TURN_UNTIL(house, felix.up == 1 || felix.down == 1);
		assert_int_equal(felix.up, 1);
		link_free(felix.link);
	}
	assert_int_equal(house->joined, 80);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(a_second_gateway_with_the_same_key_is_refused_and_named),
		WIRE_TEST(a_gateway_that_comes_back_beside_its_dead_connection_gets_in_soon),
		WIRE_TEST(a_gateway_whose_connection_has_ended_gets_in_at_once),
		WIRE_TEST(one_that_waits_and_goes_is_no_obstacle),
		WIRE_TEST(a_gateway_that_is_removed_is_told_and_gone_at_once),
		WIRE_TEST(an_invitation_is_good_for_one_enrolment),
		WIRE_TEST(an_invitation_that_has_ended_does_not_connect),
		WIRE_TEST(whoever_is_invited_enrols_once),
		WIRE_TEST(whoever_is_not_the_host_learns_nothing),
		WIRE_TEST(a_host_that_is_not_there_is_asked_on),
		WIRE_TEST(ended_connections_of_an_operator_make_room),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
