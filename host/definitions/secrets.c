#include "definitions/secrets.h"

#include "config/secret_files.h"
#include "pure/flow/directions.h"

#include <string.h>

struct checking {
	const struct definitions *definitions;
	const struct flow *flow;
	struct problems *problems;
	size_t faults;
	const char *wanted; /* NULL: each is checked */
	bool found;
};

static void check(struct checking *checking, const char *secret, const char *file, int line)
{
	hst_error err = {{0}, {0}};

	if (checking->wanted)
		checking->found = checking->found || strcmp(secret, checking->wanted) == 0;
	if (checking->wanted || secret_file_check(checking->definitions->conf->path, secret, &err) == HST_OK)
		return;
	problems_add(checking->problems, file, line, "%s", err.text);
	checking->faults++;
}

/* Of one whose options are wrong that is said already. */
static void check_instance(struct checking *checking, const struct conf_instance *instance)
{
	const struct definition *definition = definitions_instance(checking->definitions, instance->kind, instance->name);

	for (size_t i = 0; definition && definition->options && instance->section && i < instance->section->key_count; i++) {
		const struct section_key *key = &instance->section->keys[i];
		const char *secret = secret_named(key->value);

		if (secret)
			check(checking, secret, instance->section->file, key->line);
	}
}

static void check_input(void *arg, const char *secret, const struct flow_step *step, const struct flow_input *input)
{
	struct checking *checking = arg;

	(void)step;
	check(checking, secret, checking->flow->file, input->line);
}

int definitions_password_line(const struct definitions *definitions, const struct conf_connection *connection)
{
	const struct document *document = definitions->conf->document;

	for (size_t i = 0; document && i < document->section_count; i++) {
		const struct section *section = &document->sections[i];
		const struct section_key *key = section_find(section, "password");

		if (key && strcmp(section->kind, "connection") == 0 && section->name && strcmp(section->name, connection->name) == 0)
			return key->line;
	}
	return connection->line;
}

static void check_all(struct checking *checking)
{
	const struct definitions *definitions = checking->definitions;
	const struct conf *conf = definitions->conf;

	for (size_t i = 0; i < conf->instance_count; i++)
		check_instance(checking, &conf->instances[i]);
	for (size_t i = 0; i < conf->connection_count; i++)
		if (conf->connections[i].password)
			check(checking, conf->connections[i].password, conf->path, definitions_password_line(definitions, &conf->connections[i]));
	TABLE_EACH(&definitions->flows, entry) {
		checking->flow = entry->value;
		flow_secrets(checking->flow, check_input, checking);
	}
}

void definitions_check_secrets(struct definitions *definitions, struct problems *problems)
{
	struct checking checking = {.definitions = definitions, .problems = problems};

	check_all(&checking);
	definitions->faults += checking.faults;
}

bool definitions_use_secret(const struct definitions *definitions, const char *name)
{
	struct checking checking = {.definitions = definitions, .wanted = name};

	check_all(&checking);
	return checking.found;
}
