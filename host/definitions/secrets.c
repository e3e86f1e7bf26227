#include "definitions/secrets.h"

#include "base/auto.h"
#include "base/text.h"
#include "config/secret_files.h"
#include "pure/flow/directions.h"
#include "schema/fields.h"

#include <string.h>

struct checking {
	struct definitions *definitions;
	const struct flow *flow;
	struct problems *problems;
};

static void check(const struct checking *checking, const char *secret, const char *file, int line)
{
	hst_error err = {{0}, {0}};

	if (secret_file_check(checking->definitions->conf->path, secret, &err) == HST_OK)
		return;
	problems_add(checking->problems, file, line, "%s", err.text);
	checking->definitions->faults++;
}

/* Of one whose options are wrong that is said already. */
static void check_instance(const struct checking *checking, const struct conf_instance *instance)
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
	const struct checking *checking = arg;

	(void)step;
	check(checking, secret, checking->flow->file, input->line);
}

static void later(const struct checking *checking, int line, const char *what)
{
	problems_add(checking->problems, checking->flow->file, line, "%s: what is secret does not reach desktop flows in this version, only connectors", what);
}

/* A session process opens and seals nothing yet, so what it was given or made would be of no use, or readable. */
static void check_desktop(const struct checking *checking, const struct flow_step *step)
{
	const struct package *package = table_get(&checking->definitions->packages, step->target);
	AUTO(text) struct text what;

	text_init(&what, 300);
	if (step->secure_inputs)
		later(checking, step->line, "secure_inputs");
	if (step->secure_outputs)
		later(checking, step->secure_outputs_line, "secure_outputs");
	for (size_t i = 0; i < step->input_count; i++) {
		const struct flow_input *input = &step->inputs[i];
		const hst_field *field = package ? fields_find(package->inputs, input->name) : NULL;

		if (!input->secret && (!field || field_type(field) != HST_TYPE_SECRET))
			continue;
		text_reset(&what);
		text_addf(&what, "input.%.80s", input->name);
		later(checking, input->line, what.s);
	}
	for (size_t i = 0; package && i < package->outputs.n; i++) {
		if (field_type(&package->outputs.at[i]) != HST_TYPE_SECRET)
			continue;
		text_reset(&what);
		text_addf(&what, "the output \"%.80s\" of %.80s", field_name(&package->outputs.at[i]), package->name);
		later(checking, step->use_line, what.s);
	}
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

void definitions_check_secrets(struct definitions *definitions, struct problems *problems)
{
	struct checking checking = {.definitions = definitions, .problems = problems};
	const struct conf *conf = definitions->conf;

	for (size_t i = 0; i < conf->instance_count; i++)
		check_instance(&checking, &conf->instances[i]);
	for (size_t i = 0; i < conf->connection_count; i++)
		if (conf->connections[i].password)
			check(&checking, conf->connections[i].password, conf->path, definitions_password_line(definitions, &conf->connections[i]));
	TABLE_EACH(&definitions->flows, entry) {
		checking.flow = entry->value;
		flow_secrets(checking.flow, check_input, &checking);
		for (size_t s = 0; s < checking.flow->step_count; s++)
			if (checking.flow->steps[s].use == FLOW_USE_DESKTOP)
				check_desktop(&checking, &checking.flow->steps[s]);
	}
}
