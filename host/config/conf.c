/* The parts put together: read, settle what was left out, check. */
#include "config/conf_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/ini.h"
#include "os/files.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->instance_count; i++) {
		free(conf->instances[i].name);
		free(conf->instances[i].plugin);
	}
	for (size_t i = 0; i < conf->cluster_count; i++) {
		free(conf->clusters[i].name);
		free(conf->clusters[i].balancer);
		conf_words_free(conf->clusters[i].members, conf->clusters[i].member_count);
	}
	for (size_t i = 0; i < conf->connection_count; i++) {
		free(conf->connections[i].name);
		free(conf->connections[i].target.name);
		free(conf->connections[i].target.text);
		free(conf->connections[i].user);
		free(conf->connections[i].password);
	}
	for (size_t i = 0; i < conf->device_count; i++)
		conf_device_clear(&conf->devices[i]);
	conf_device_clear(&conf->gateway_defaults);
	for (size_t i = 0; i < conf->alert_count; i++) {
		free(conf->alerts[i].name);
		free(conf->alerts[i].use);
		conf_words_free(conf->alerts[i].when, conf->alerts[i].when_count);
		conf_words_free(conf->alerts[i].flows, conf->alerts[i].flow_count);
	}
	free(conf->alerts);
	free(conf->instances);
	free(conf->clusters);
	table_clear(&conf->connections_by_name);
	free(conf->connections);
	free(conf->devices);
	conf_words_free(conf->flow_files, conf->flow_file_count);
	conf_words_free(conf->package_files, conf->package_file_count);
	free(conf->path);
	free(conf->state_dir);
	free(conf->run_dir);
	free(conf->plugins);
	free(conf->listen);
	free(conf->store_path);
	free(conf->gateway_name);
	free(conf->gateway_host);
	free(conf->gateway_host_key);
	document_free(conf->document);
	free(conf);
}

const struct section *conf_section(const struct conf *conf, const char *kind, const char *name)
{
	for (size_t i = 0; i < conf->document->section_count; i++) {
		const struct section *section = &conf->document->sections[i];

		if (strcmp(section->kind, kind) == 0 && !section->name == !name &&
		    (!name || strcmp(section->name, name) == 0))
			return section;
	}
	return NULL;
}

int conf_line(const struct conf *conf, const char *kind, const char *name, const char *key)
{
	const struct section *section = conf_section(conf, kind, name);
	const struct section_key *found = section && key ? section_find(section, key) : NULL;

	if (found)
		return found->line;
	return section ? section->line : 0;
}

int conf_device_line(const struct conf *conf, const struct conf_device *device, const char *key)
{
	const struct section *own = conf_section(conf, "device", device->name), *all = conf_section(conf, "gateway", NULL);
	const struct section_key *found = own ? section_find(own, key) : NULL;

	if (!found && all && !device->gateway)
		found = section_find(all, key);
	return found ? found->line : device->line;
}

const struct conf_instance *conf_instance(const struct conf *conf, hst_plugin_kind kind, const char *name)
{
	for (size_t i = 0; i < conf->instance_count; i++)
		if (conf->instances[i].kind == kind && strcmp(conf->instances[i].name, name) == 0)
			return &conf->instances[i];
	return NULL;
}

const struct conf_connection *conf_connection(const struct conf *conf, const char *name)
{
	return table_get(&conf->connections_by_name, name);
}

const struct conf_cluster *conf_cluster(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->cluster_count; i++)
		if (strcmp(conf->clusters[i].name, name) == 0)
			return &conf->clusters[i];
	return NULL;
}

const struct conf_device *conf_device(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->device_count; i++)
		if (strcmp(conf->devices[i].name, name) == 0)
			return &conf->devices[i];
	return NULL;
}

char *conf_engine_endpoint(const struct conf *conf)
{
	return mem_printf("ipc://%s/engine.sock", conf->run_dir);
}

/* Rule R15: how long a run may wait, in the order of enum conf_profile. */
static const hst_duration queue_timeouts[] = {
	[CONF_PROFILE_2022] = {3 * INT64_C(3600000)},
	[CONF_PROFILE_V1] = {30 * INT64_C(60000)},
	[CONF_PROFILE_CURRENT] = {6 * INT64_C(3600000)},
};

/* `accepted` NULL: what stands in the file now. */
static struct document *read_document(const char *path, const char *accepted, struct problems *problems)
{
	AUTO_FREE char *text = NULL;
	size_t length = 0;

	if (accepted && files_read(accepted, INI_BYTES_MAX, &text, &length, NULL) == HST_OK)
		return ini_read_text(path, text, length, problems);
	return ini_read(path, problems);
}

static struct conf *load(const char *path, const char *accepted, const struct conf_person *person, struct problems *problems)
{
	struct conf *conf = mem_alloc(sizeof *conf);
	struct conf_reading reading = {.conf = conf, .person = person, .problems = problems};

	conf->path = files_beside("", path);
	conf->document = read_document(path, accepted, problems);
	if (conf->document) {
		conf_read_sections(&reading);
		conf->queue_timeout = queue_timeouts[conf->profile];
		conf_settle_paths(&reading);
		conf_settle_devices(&reading);
		conf_check(&reading);
	}
	problems_sort(problems);
	return conf;
}

static struct conf *load_right(const char *path, const char *accepted, const struct conf_person *person,
			       struct problems *problems)
{
	size_t before = problems->n + problems->dropped;
	struct conf *conf = load(path, accepted, person, problems);

	if (problems->n + problems->dropped == before)
		return conf;
	conf_free(conf);
	return NULL;
}

struct conf *conf_load_as(const char *path, const struct conf_person *person, struct problems *problems)
{
	return load_right(path, NULL, person, problems);
}

static struct conf_person this_person(void)
{
	const struct passwd *entry = getpwuid(getuid());

	return (struct conf_person){
		.uid = getuid(),
		.name = entry ? entry->pw_name : NULL,
		.home = getenv("HOME"),
		.state_home = getenv("XDG_STATE_HOME"),
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
	};
}

struct conf *conf_load(const char *path, struct problems *problems)
{
	struct conf_person person = this_person();

	return conf_load_as(path, &person, problems);
}

static struct conf *load_child(const char *path, const char *accepted, bool for_root, struct problems *problems)
{
	static const struct conf_person root = {.uid = 0, .name = "root", .home = "/root"};
	struct conf_person person = for_root ? root : this_person();

	return load_right(path, accepted, &person, problems);
}

struct conf *conf_load_text_of(const char *path, const char *accepted, struct problems *problems)
{
	return load_child(path, accepted, false, problems);
}

char *conf_usual_state_dir(void)
{
	struct conf_person person = this_person();

	return conf_default_state_dir(&person);
}

struct conf *conf_load_child(const char *path, bool for_root, struct problems *problems)
{
	return load_child(path, NULL, for_root, problems);
}

struct conf *conf_load_accepted(const char *path, bool for_root, struct problems *problems)
{
	return load_child(path, secure_getenv("HOSTLER_ACCEPTED"), for_root, problems);
}

struct conf *conf_load_for_check(const char *path, struct problems *problems)
{
	struct conf_person person = this_person();
	struct conf *conf = load(path, NULL, &person, problems);

	if (conf->document)
		return conf;
	conf_free(conf);
	return NULL;
}
