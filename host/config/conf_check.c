/* Names that must lead somewhere, and sections that must fit each other. What needs a plugin or a flow is
 * checked later. */
#include "config/conf_parts.h"

#include "schema/nearest.h"

#include <ctype.h>
#include <string.h>

static const char *file_of(const struct conf_reading *reading)
{
	return reading->conf->document->file;
}

/* A name that is neither an instance nor, by its form, a plugin cannot get here: names are checked when they
 * are read. */
static void settle_instance(struct conf *conf, hst_plugin_kind kind, const char *name, int line)
{
	if (name && !conf_instance(conf, kind, name))
		conf_add_instance(conf, kind, name, name, NULL, line);
}

static void settle_instances(struct conf *conf)
{
	for (size_t i = 0; i < conf->cluster_count; i++)
		settle_instance(conf, HST_BALANCER, conf->clusters[i].balancer,
				conf_line(conf, "cluster", conf->clusters[i].name, "balancer"));
	for (size_t i = 0; i < conf->device_count; i++) {
		const struct conf_device *device = &conf->devices[i];

		settle_instance(conf, HST_DRIVER, device->driver, conf_device_line(conf, device, "driver"));
		settle_instance(conf, HST_STRATEGY, device->strategy, conf_device_line(conf, device, "strategy"));
	}
}

/* Says that a device is unknown, with the nearest one there is. */
static void refuse_device(struct conf_reading *reading, int line, const char *key, const char *name)
{
	const struct conf *conf = reading->conf;
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < conf->device_count; i++)
		nearest_offer(&nearest, conf->devices[i].name);
	if (nearest.best)
		problems_add(reading->problems, file_of(reading), line,
			     "\"%s\": there is no device \"%s\"; did you mean \"%s\"?", key, name,
			     nearest.best);
	else
		problems_add(
			reading->problems, file_of(reading), line,
			"\"%s\": there is no device \"%s\"; add [device %s] with a [gateway] to this file, or, where a "
			"gateway of another machine serves it, say in [host] where it connects: listen = tcp://ADDRESS:8421",
			key, name, name);
}

static void check_cluster(struct conf_reading *reading, const struct conf_cluster *cluster)
{
	int line = conf_line(reading->conf, "cluster", cluster->name, "members");

	if (!cluster->member_count)
		problems_add(reading->problems, file_of(reading), line,
			     "GroupIsEmpty: the cluster \"%s\" has no members; name at least one device in "
			     "\"members\"",
			     cluster->name);
	for (size_t i = 0; i < cluster->member_count; i++)
		if (!conf_device(reading->conf, cluster->members[i]))
			refuse_device(reading, line, "members", cluster->members[i]);
}

/*
 * What two spellings of one user have in common: the last part of the name, without case. Two different users
 * may fall together here; the driver's identify has the last word.
 */
static bool same_user(const char *a, const char *b)
{
	const char *last_a = strrchr(a, '\\'), *last_b = strrchr(b, '\\');

	a = last_a ? last_a + 1 : a;
	b = last_b ? last_b + 1 : b;
	while (*a && *a != '@' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	return (!*a || *a == '@') && (!*b || *b == '@');
}

static void check_account(struct conf_reading *reading, const struct conf_connection *connection,
			  const struct conf_device *device)
{
	int line = conf_line(reading->conf, "connection", connection->name, "user");

	/* Whom another machine allows is said there, and its gateway refuses the others. */
	if (device->gateway)
		return;
	if (!device->account_count) {
		problems_add(reading->problems, file_of(reading), device->line,
			     "\"accounts\" is missing: [connection %s] wants to run as \"%s\" on the device "
			     "\"%s\", which "
			     "allows nobody",
			     connection->name, connection->user, device->name);
		return;
	}
	for (size_t i = 0; i < device->account_count; i++)
		if (same_user(device->accounts[i], connection->user))
			return;
	problems_add(reading->problems, file_of(reading), line,
		     "the user \"%s\" is not among the accounts of the device \"%s\"; add it there (line %d)",
		     connection->user, device->name, device->line);
}

static void check_connection(struct conf_reading *reading, const struct conf_connection *connection)
{
	const struct conf *conf = reading->conf;
	int line = conf_line(conf, "connection", connection->name, "target");
	const struct conf_cluster *cluster;
	struct nearest nearest;

	/* What is missing or wrong in itself has been said already. */
	if (!connection->target.name || !connection->user)
		return;
	if (!connection->target.cluster) {
		const struct conf_device *device = conf_device(conf, connection->target.name);

		if (device)
			check_account(reading, connection, device);
		else
			refuse_device(reading, line, "target", connection->target.name);
		return;
	}
	cluster = conf_cluster(conf, connection->target.name);
	if (cluster) {
		for (size_t i = 0; i < cluster->member_count; i++) {
			const struct conf_device *device = conf_device(conf, cluster->members[i]);

			if (device)
				check_account(reading, connection, device);
		}
		return;
	}
	nearest_init(&nearest, connection->target.name);
	for (size_t i = 0; i < conf->cluster_count; i++)
		nearest_offer(&nearest, conf->clusters[i].name);
	problems_add(reading->problems, file_of(reading), line,
		     "\"target\": there is no cluster \"%s\"%s%s%s", connection->target.name,
		     nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "",
		     nearest.best ? "\"?" : "");
}

static void check_device(struct conf_reading *reading, const struct conf_device *device)
{
	for (size_t i = 0; i < device->account_count; i++)
		if (same_user(device->accounts[i], "root"))
			problems_add(
				reading->problems, file_of(reading), device->line,
				"runs are never root's: take \"%s\" out of the accounts of the device \"%s\"",
				device->accounts[i], device->name);
}

/* Keys that belong either to a gateway alone or to one beside its host. */
static void check_gateway(struct conf_reading *reading)
{
	static const char *const alone[] = {"host", "host_key", "state_dir", "run_dir", "plugins", NULL};
	const struct conf *conf = reading->conf;
	const struct section *section = conf_section(conf, "gateway", NULL);

	if (!section)
		return;
	for (size_t i = 0; alone[i]; i++) {
		const struct section_key *key = section_find(section, alone[i]);

		if (conf->has_host && key)
			problems_add(reading->problems, file_of(reading), key->line,
				     "leave out \"%s\": this file has a [host], whose own is meant",
				     alone[i]);
		else if (!conf->has_host && !key && strncmp(alone[i], "host", 4) == 0)
			problems_add(
				reading->problems, file_of(reading), section->line,
				"\"%s\" is missing in [gateway]; without [host] in this file it must be said",
				alone[i]);
	}
}

void conf_check(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	if (!conf->has_host && !conf->has_gateway)
		problems_add(reading->problems, file_of(reading), 0,
			     "there is neither [host] nor [gateway], so there is nothing to run");
	check_gateway(reading);
	settle_instances(conf);
	for (size_t i = 0; i < conf->device_count; i++)
		check_device(reading, &conf->devices[i]);
	for (size_t i = 0; i < conf->cluster_count; i++)
		check_cluster(reading, &conf->clusters[i]);
	for (size_t i = 0; i < conf->connection_count; i++)
		check_connection(reading, &conf->connections[i]);
}
