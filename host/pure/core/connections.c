/*
 * Connections and their sign-ins (rule R29). After a failed sign-in the connection is blocked everywhere, until
 * somebody says it is in order; and until one sign-in has gone well no second one is tried beside the first.
 * Otherwise one mistyped password would lock the account within seconds. Attended runs are in sessions whose users have signed in
 * themselves: they wait for no sign-in, and prove none.
 */
#include "pure/core/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static struct core_connection *connection_of(struct core *core, const char *name)
{
	struct core_connection *connection = table_get(&core->connections, name);

	if (connection)
		return connection;
	connection = mem_alloc(sizeof *connection);
	connection->gate.name = mem_text(name);
	table_set(&core->connections, name, connection);
	return connection;
}

static struct core_connection *connection_of_step(struct core *core, struct step *step)
{
	if (!step->connection)
		step->connection = connection_of(core, step->facts.connection);
	return step->connection;
}

const struct core_connection *connections_lead(struct core *core, struct step *step)
{
	struct core_connection *connection = connection_of_step(core, step);
	const char *target, *user;

	if (connection->as_of != core->configured) {
		connection->as_of = core->configured;
		connection->target = NULL;
		if (core->policy.connection(core->policy.arg, connection->gate.name, &target, &user)) {
			connection->target = placement_target(&core->placement, target);
			connection->target_name = core_word(core, target);
			connection->user = core_word(core, user);
			connection->folded_user = core_fold_user(core, user);
		}
	}
	return connection->target ? connection : NULL;
}

void connections_free(struct core_connection *connection)
{
	free(connection->gate.name);
	free(connection->gate.text);
	free(connection->block.user);
	free(connection->block.device);
	free(connection->block.reason);
	free(connection->block.text);
	free(connection);
}

static char *sentence_of(const struct core_connection *connection)
{
	const struct core_block *block = &connection->block;
	char at[40];

	if (!block->reason)
		return mem_printf("connection %s: its first sign-in is under way; the others wait for how it goes",
				  connection->gate.name);
	clock_iso(block->at_us, at, sizeof at);
	return mem_printf("connection %s: signing in %s on %s failed at %s with %s%s%s; once the account is in order: "
			  "`hostler connection unblock %s`%s",
			  connection->gate.name, block->user, block->device, at, block->reason,
			  block->text && *block->text ? ": " : "", block->text ? block->text : "",
			  connection->gate.name, block->serial ? "; sealing its password again is enough" : "");
}

/* Opens or shuts the gate by what is known; whoever waits behind one that opens may start. */
static void settle(struct core *core, struct core_connection *connection)
{
	bool was_shut = connection->gate.shut != NULL;
	bool shut = connection->block.reason || (!connection->proven && connection->signing_in > 0);

	connection->gate.shut = shut ? "ConnectionBlocked" : NULL;
	connection->gate.passing = !connection->block.reason;
	free(connection->gate.text);
	connection->gate.text = shut ? sentence_of(connection) : NULL;
	if (shut || !was_shut)
		return;
	TABLE_EACH(&core->placement.targets, entry)
		turn_target(core, entry->value);
}

static void unblock(struct core *core, struct core_connection *connection, struct core_effects *effects)
{
	text_replace(&connection->block.reason, NULL);
	effects_stands(effects, "blocked", connection->gate.name, NULL);
	settle(core, connection);
}

const struct order_gate *connections_gate(struct core *core, struct step *step, struct core_effects *effects)
{
	struct core_connection *connection;

	if (step->facts.attended)
		return NULL;
	connection = connection_of_step(core, step);
	/* The failed sign-in was another user's: the connection has been corrected since. */
	if (connection->block.reason && strcmp(connection->block.user, step->facts.user) != 0)
		unblock(core, connection, effects);
	return &connection->gate;
}

void connections_begin(struct core *core, struct step *step)
{
	struct core_connection *connection;

	if (step->facts.attended)
		return;
	connection = connection_of_step(core, step);
	step->serial = core->policy.serial ? core->policy.serial(core->policy.arg, step->facts.connection) : 0;
	/* Of a password that was sealed since nobody knows whether it is right. */
	if (step->serial && step->serial != connection->serial)
		connection->proven = false;
	step->signing_in = true;
	connection->signing_in++;
	settle(core, connection);
}

/* The sign-in is over, or nobody waits for it any more. */
static struct core_connection *leave(struct core *core, struct step *step)
{
	struct core_connection *connection = connection_of_step(core, step);

	step->signing_in = false;
	connection->signing_in--;
	return connection;
}

void connections_left(struct core *core, struct step *step)
{
	if (step->signing_in)
		settle(core, leave(core, step));
}

void connections_proven(struct core *core, struct step *step)
{
	struct core_connection *connection;

	if (!step->signing_in)
		return;
	connection = leave(core, step);
	connection->proven = true;
	connection->serial = step->serial;
	settle(core, connection);
}

/* What is kept of a block in the store, and connections_restore reads. */
static const hst_value *block_value(hst_arena *arena, const struct core_block *block)
{
	hst_value *value = value_make_record(arena);

	value_set_integer(value, "at_us", block->at_us);
	value_set_text(value, "user", block->user);
	value_set_text(value, "device", block->device);
	value_set_text(value, "reason", block->reason);
	value_set_text(value, "text", block->text);
	if (block->serial)
		value_set_integer(value, "serial", block->serial);
	return value;
}

/* A sign-in that has failed; of whose texts the connection takes copies. */
static void block(struct core *core, struct core_connection *connection, const struct core_block *failed, struct core_effects *effects)
{
	struct core_block *block = &connection->block;

	block->at_us = core->now_us;
	block->serial = failed->serial;
	text_replace(&block->user, failed->user);
	text_replace(&block->device, failed->device);
	text_replace(&block->reason, failed->reason);
	text_replace(&block->text, failed->text);
	effects_stands(effects, "blocked", connection->gate.name, block_value(core->scratch, block));
	connection->proven = false;
	settle(core, connection);
}

void connections_failed(struct core *core, struct step *step, const char *reason, const char *text, int64_t serial,
			struct core_effects *effects)
{
	const struct core_block failed = {.serial = serial, .user = (char *)step->facts.user, .device = (char *)step->facts.device,
					  .reason = (char *)reason, .text = (char *)text};

	if (step->signing_in)
		leave(core, step);
	block(core, connection_of_step(core, step), &failed, effects);
	effects_happened(core, effects, step->run, step, "blocked", "connection", step->facts.connection, "device",
			 step->facts.device, "reason", reason, "text", text, NULL);
}

void connections_trying(struct core *core, const char *name)
{
	struct core_connection *connection = connection_of(core, name);

	connection->signing_in++;
	settle(core, connection);
}

void connections_tried(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct core_connection *connection = connection_of(core, event->connection);
	struct core_block failed = {.serial = event->serial, .device = (char *)event->device, .reason = (char *)event->reason,
				    .text = (char *)event->text};
	const char *target, *user;

	connection->signing_in--;
	if (event->state == STATE_SUCCEEDED) {
		connection->proven = true;
		connection->serial = event->serial;
		if (connection->block.reason)
			unblock(core, connection, effects);
	} else if (event->reason && reason_is_of_sign_in(event->reason) &&
		   core->policy.connection(core->policy.arg, event->connection, &target, &user)) {
		failed.user = (char *)user;
		block(core, connection, &failed, effects);
	}
	settle(core, connection);
}

void connections_unblock(struct core *core, const char *name, struct core_effects *effects)
{
	struct core_connection *connection = table_get(&core->connections, name);

	if (connection && connection->block.reason)
		unblock(core, connection, effects);
}

void connections_restore(struct core *core, const char *name, const hst_value *value)
{
	struct core_connection *connection = connection_of(core, name);
	struct core_block *block = &connection->block;

	value_integer(value_get(value, "at_us"), &block->at_us);
	value_integer(value_get(value, "serial"), &block->serial);
	text_replace(&block->user, value_text(value_get(value, "user")));
	text_replace(&block->device, value_text(value_get(value, "device")));
	text_replace(&block->reason, value_text(value_get(value, "reason")));
	text_replace(&block->text, value_text(value_get(value, "text")));
	settle(core, connection);
}

const struct core_block *core_blocked(const struct core *core, const char *name)
{
	const struct core_connection *connection = table_get(&core->connections, name);

	return connection && connection->block.reason ? &connection->block : NULL;
}

bool core_signing_in(const struct core *core, const char *name)
{
	const struct core_connection *connection = table_get(&core->connections, name);

	return connection && connection->signing_in > 0;
}

bool core_proven(const struct core *core, const char *name)
{
	const struct core_connection *connection = table_get(&core->connections, name);

	return connection && connection->proven;
}
