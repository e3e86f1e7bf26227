/* Which sections there are, what they need, and the struct each becomes. */
#include "config/conf_parts.h"

#include "base/mem.h"
#include "config/secret_files.h"
#include "schema/nearest.h"

#include <string.h>

struct kind {
	const char *word;
	bool named;	   /* [word NAME] */
	const char *needs; /* the section without which this one has no use, or NULL */
	hst_plugin_kind plugin;
	const char *instead; /* why it cannot stand here, or NULL */
	bool anyway;	     /* its keys have their defaults also where it does not stand */
	void (*read)(struct conf_reading *reading, const struct kind *kind, struct section *section);
};

static void read_into_conf(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	(void)kind;
	conf_read_keys(reading, section, reading->conf, false);
}

struct conf_instance *conf_add_instance(struct conf *conf, hst_plugin_kind kind, const char *name,
					const char *plugin, struct section *section, int line)
{
	size_t size = conf->instance_count;
	struct conf_instance *instance;

	/* Room is doubled whenever the count is a power of two from 8 on. */
	if (size == 0 || (size >= 8 && (size & (size - 1)) == 0))
		conf->instances = mem_grow(conf->instances, &size, size + 1, sizeof *conf->instances);
	instance = &conf->instances[conf->instance_count++];
	*instance = (struct conf_instance){.kind = kind,
					   .name = mem_text(name),
					   .plugin = mem_text(plugin),
					   .workers = 1,
					   .section = section,
					   .line = line};
	return instance;
}

/* Whether the option is one that takes a secret is for who knows the plugin. */
static void check_secret(struct conf_reading *reading, const struct kind *kind, const struct section *section,
			 const struct section_key *key)
{
	if (kind->plugin != HST_TRIGGER && kind->plugin != HST_CONNECTOR)
		problems_add(reading->problems, section->file, key->line,
			     "\"%s\": secrets are for triggers and connectors, whose worker can open them; a %s has no process of its own",
			     key->name, kind->word);
	else if (!secret_named(key->value))
		problems_add(reading->problems, section->file, key->line,
			     "\"%s\" must be secret:NAME, where NAME is at most 48 small letters, digits, \"_\" and \"-\"", key->name);
}

static void read_instance(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	struct conf_instance *instance =
		conf_add_instance(reading->conf, kind->plugin, section->name, NULL, section, section->line);

	conf_read_keys(reading, section, instance, true);
	/* Stricter than other names: a flow writes INSTANCE.ACTION, and a bare plugin can stand in an
	 * instance's place. */
	if (!conf_word_is_fit(section->name))
		problems_add(reading->problems, section->file, section->line,
			     "[%s %s]: its name must be at most 32 small letters, digits, \"_\" and \"-\"",
			     kind->word, section->name);
	for (size_t i = 0; i < section->key_count; i++)
		if (secret_is_meant(section->keys[i].value))
			check_secret(reading, kind, section, &section->keys[i]);
}

/* conf_read_sections has made the arrays below large enough for all sections. */
static void read_cluster(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	struct conf_cluster *cluster = &reading->conf->clusters[reading->conf->cluster_count++];

	(void)kind;
	cluster->name = mem_text(section->name);
	cluster->line = section->line;
	conf_read_keys(reading, section, cluster, false);
}

static void read_connection(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	struct conf_connection *connection = &reading->conf->connections[reading->conf->connection_count++];

	(void)kind;
	connection->name = mem_text(section->name);
	connection->line = section->line;
	if (!conf_connection(reading->conf, connection->name))
		table_set(&reading->conf->connections_by_name, connection->name, connection);
	conf_read_keys(reading, section, connection, false);
}

static void read_device(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	struct conf_device *device = &reading->conf->devices[reading->conf->device_count++];

	(void)kind;
	device->name = mem_text(section->name);
	device->line = section->line;
	conf_read_keys(reading, section, device, false);
}

static void read_alert(struct conf_reading *reading, const struct kind *kind, struct section *section)
{
	struct conf_alert *alert = &reading->conf->alerts[reading->conf->alert_count++];

	(void)kind;
	alert->name = mem_text(section->name);
	alert->section = section;
	alert->line = section->line;
	conf_read_keys(reading, section, alert, false);
	if (!section_find(section, "when"))
		problems_add(reading->problems, section->file, section->line, "\"when\" is missing in [alert %s]", section->name);
}

static const struct kind kinds[] = {
	{.word = "host", .read = read_into_conf},
	{.word = "store", .needs = "host", .read = read_into_conf, .anyway = true},
	{.word = "gateway", .read = read_into_conf},
	{.word = "device", .named = true, .read = read_device},
	{.word = "trigger", .named = true, .needs = "host", .plugin = HST_TRIGGER, .read = read_instance},
	{.word = "connector", .named = true, .needs = "host", .plugin = HST_CONNECTOR, .read = read_instance},
	{.word = "balancer", .named = true, .needs = "host", .plugin = HST_BALANCER, .read = read_instance},
	{.word = "strategy",
	 .named = true,
	 .needs = "gateway",
	 .plugin = HST_STRATEGY,
	 .read = read_instance},
	{.word = "driver", .named = true, .needs = "gateway", .plugin = HST_DRIVER, .read = read_instance},
	{.word = "cluster", .named = true, .needs = "host", .read = read_cluster},
	{.word = "connection", .named = true, .needs = "host", .read = read_connection},
	{.word = "operator", .named = true, .needs = "host", .read = read_into_conf},
	{.word = "alert", .named = true, .needs = "host", .read = read_alert},
	{.word = "flow", .instead = "belongs into a file of its own, which [host] flows names"},
	{.word = "step",
	 .named = true,
	 .instead = "belongs into the file of its flow, which [host] flows names"},
	{.word = "desktop-flow",
	 .instead = "belongs into desktop-flow.ini, which [host] desktop_flows names"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *find_kind(const char *word)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

static void refuse_unknown(struct conf_reading *reading, const struct section *section)
{
	struct nearest nearest;

	nearest_init(&nearest, section->kind);
	for (size_t i = 0; i < KINDS; i++)
		if (!kinds[i].instead)
			nearest_offer(&nearest, kinds[i].word);
	if (nearest.best)
		problems_add(reading->problems, section->file, section->line,
			     "unknown section [%s]; did you mean [%s]?", section->kind, nearest.best);
	else
		problems_add(reading->problems, section->file, section->line, "unknown section [%s]",
			     section->kind);
}

static void read_section(struct conf_reading *reading, struct section *section)
{
	const struct kind *kind = find_kind(section->kind);
	const char *blank = section->name ? " " : "", *name = section->name ? section->name : "";

	if (!kind)
		refuse_unknown(reading, section);
	else if (kind->instead)
		problems_add(reading->problems, section->file, section->line, "[%s%s%s] %s", section->kind,
			     blank, name, kind->instead);
	else if (kind->named && !section->name)
		problems_add(reading->problems, section->file, section->line, "[%s] needs a name: [%s NAME]",
			     section->kind, section->kind);
	else if (!kind->named && section->name)
		problems_add(reading->problems, section->file, section->line,
			     "[%s %s] takes no name: write [%s]", section->kind, name, section->kind);
	else if (kind->needs && !conf_section(reading->conf, kind->needs, NULL))
		problems_add(reading->problems, section->file, section->line,
			     "[%s%s%s] has no use without [%s], which is not in this file", section->kind,
			     blank, name, kind->needs);
	else
		kind->read(reading, kind, section);
}

static void read_defaults(struct conf_reading *reading, const struct kind *kind)
{
	struct section nothing = {.kind = (char *)kind->word, .file = reading->conf->path};

	kind->read(reading, kind, &nothing);
}

void conf_read_sections(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;
	size_t n = conf->document->section_count;

	conf->has_host = conf_section(conf, "host", NULL) != NULL;
	conf->has_gateway = conf_section(conf, "gateway", NULL) != NULL;
	conf->clusters = mem_array(n, sizeof *conf->clusters);
	conf->connections = mem_array(n, sizeof *conf->connections);
	conf->alerts = mem_array(n, sizeof *conf->alerts);
	/* One more: a gateway without [device] sections has a device of its own name. conf_settle_devices makes room for
	 * those that are only named. */
	conf->devices = mem_array(n + 1, sizeof *conf->devices);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].anyway && !conf_section(conf, kinds[i].word, NULL))
			read_defaults(reading, &kinds[i]);
	for (size_t i = 0; i < n; i++)
		read_section(reading, &conf->document->sections[i]);
}
