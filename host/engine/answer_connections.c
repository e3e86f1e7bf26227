/* Connections: where they lead, and whether signing in with them works (rule R29). */
#include "engine/answers.h"

#include "schema/value.h"

#include <string.h>

static int64_t waiting_for(struct engine *engine, const char *connection)
{
	int64_t n = 0;

	TABLE_EACH(&core_placement(engine->core)->targets, entry) {
		const struct placement_target *target = entry->value;

		for (size_t i = 0; i < target->order.lanes.n; i++) {
			const struct order_lane *lane = target->order.lanes.at[i];

			if (lane->gate && strcmp(lane->gate->name, connection) == 0)
				n += (int64_t)lane->items.n;
		}
	}
	return n;
}

static const char *state_of(const struct engine *engine, const char *connection)
{
	if (core_blocked(engine->core, connection))
		return "blocked";
	if (core_proven(engine->core, connection))
		return "working";
	return core_signing_in(engine->core, connection) ? "signing in" : "untried";
}

static const hst_value *block_record(struct engine *engine, const char *connection, const struct core_block *block)
{
	hst_value *record = value_make_record(engine->scratch);

	value_set_text(record, "device", block->device);
	value_set_text(record, "user", block->user);
	answer_set_time(engine->scratch, record, "at", block->at_us);
	if (block->serial)
		value_set_integer(record, "serial", block->serial);
	answer_set_sign_in(engine->scratch, record, block->reason, block->text, connection);
	return record;
}

static const hst_value *devices_of(struct engine *engine, const struct conf_connection *connection)
{
	const struct conf *conf = engine->definitions->conf;
	const struct conf_cluster *cluster = connection->target.cluster ? conf_cluster(conf, connection->target.name) : NULL;
	hst_value *list = value_make_list(engine->scratch);

	if (!connection->target.cluster)
		value_append(list, value_make_text(engine->scratch, connection->target.name, strlen(connection->target.name)));
	for (size_t i = 0; cluster && i < cluster->member_count; i++)
		value_append(list, value_make_text(engine->scratch, cluster->members[i], strlen(cluster->members[i])));
	return list;
}

int answer_connections(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct conf *conf = engine->definitions->conf;
	hst_value *list = value_make_list(engine->scratch);

	(void)filters;
	(void)err;
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *connection = &conf->connections[i];
		const struct core_block *block = core_blocked(engine->core, connection->name);
		hst_value *record = value_make_record(engine->scratch);

		value_set_text(record, "name", connection->name);
		value_set_text(record, "target", connection->target.text);
		value_set(record, "devices", devices_of(engine, connection));
		value_set_text(record, "user", connection->user);
		value_set_text(record, "state", state_of(engine, connection->name));
		value_set_integer(record, "waiting", waiting_for(engine, connection->name));
		if (block)
			value_set(record, "blocked", block_record(engine, connection->name, block));
		value_append(list, record);
	}
	*ret = list;
	return HST_OK;
}
