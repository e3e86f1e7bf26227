#include "config/conf_changes.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf_parts.h"
#include "config/ini.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "schema/manifest.h"

#include <limits.h>
#include <string.h>

/* Keys of structures other than the conf itself may all change: they are devices, clusters and the like. */
static const char *text_of(const struct conf *conf, const struct conf_key *row)
{
	return *(char *const *)((const char *)conf + row->at);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_part(const struct conf *now, bool was, bool is, const char *kind, struct problems *problems)
{
	if (was != is)
		problems_add(problems, now->document->file, conf_line(now, kind, NULL, NULL),
			     "[%s] %s, which takes a restart: `hostler down`, then `hostler up`", kind,
			     is ? "is new" : "is gone");
}

/* Whether the files say anything of it; where two sections have one key for one thing, it is the first one's. */
static bool is_said(const struct conf *before, const struct conf *now, const struct conf_key *rows,
		    const struct conf_key *row)
{
	for (const struct conf_key *earlier = rows; earlier < row; earlier++)
		if (earlier->fixed && earlier->at == row->at && is_said(before, now, rows, earlier))
			return false;
	return conf_section(before, row->section, NULL) || conf_section(now, row->section, NULL);
}

void conf_check_fixed(const struct conf *before, const struct conf *now, struct problems *problems)
{
	size_t n;
	const struct conf_key *rows = conf_keys(&n);

	check_part(now, before->has_host, now->has_host, "host", problems);
	check_part(now, before->has_gateway, now->has_gateway, "gateway", problems);
	for (const struct conf_key *row = rows; row < rows + n; row++) {
		const char *was, *is;

		if (!row->fixed || !is_said(before, now, rows, row))
			continue;
		was = text_of(before, row);
		is = text_of(now, row);
		if (!same_text(was, is))
			problems_add(problems, now->document->file, conf_line(now, row->section, NULL, row->key),
				     "\"%s\" of [%s] was %s and cannot change while hostler runs: `hostler down`, then "
				     "`hostler up`",
				     row->key, row->section, was ? was : "not there");
	}
}

static bool same_keys(const struct section *a, const struct section *b)
{
	if (a->key_count != b->key_count)
		return false;
	for (size_t i = 0; i < a->key_count; i++) {
		const struct section_key *other = section_find(b, a->keys[i].name);

		if (!other || strcmp(other->value, a->keys[i].value) != 0)
			return false;
	}
	return true;
}

void conf_changes(const struct conf *before, const struct conf *now,
		  void (*visit)(void *arg, enum conf_change change, const char *kind, const char *name), void *arg)
{
	for (size_t i = 0; i < before->document->section_count; i++) {
		const struct section *old = &before->document->sections[i];

		if (!conf_section(now, old->kind, old->name))
			visit(arg, CONF_REMOVED, old->kind, old->name);
	}
	for (size_t i = 0; i < now->document->section_count; i++) {
		const struct section *new = &now->document->sections[i];
		const struct section *old = conf_section(before, new->kind, new->name);

		if (!old || !same_keys(old, new))
			visit(arg, old ? CONF_CHANGED : CONF_ADDED, new->kind, new->name);
	}
}

const char *conf_change_name(enum conf_change change)
{
	static const char *const names[] = {"added", "changed", "removed"};

	return names[change];
}

/*
 * What is said in a file of its own belongs to the section that names it: a secret that was sealed again is another one,
 * and so is a calendar that was written anew.
 */
static char *named_file(const char *file, const struct section_key *key)
{
	const char *secret = secret_named(key->value);
	size_t length = strlen(key->name);

	if (secret)
		return secret_file(file, secret);
	return length > 5 && strcmp(key->name + length - 5, "_file") == 0 ? files_beside(file, key->value) : NULL;
}

static void add_key(struct text *to, const char *file, const struct section_key *key)
{
	AUTO_FREE char *path = named_file(file, key);
	char stamp[FILES_STAMP] = "";

	if (path)
		files_stamp(path, stamp);
	text_addf(to, "%s = %s%s%s\n", key->name, key->value, path ? " " : "", stamp);
}

char *conf_made_of(const struct conf *conf, hst_plugin_kind kind, const char *name)
{
	const struct conf_instance *instance = conf_instance(conf, kind, name);
	const char *plugin = instance ? instance->plugin : name;
	AUTO_FREE char *path = mem_printf("%s/%s/%s.so", conf->plugins, manifest_kind_name(kind), plugin);
	char stamp[FILES_STAMP];
	struct text text;

	text_init(&text, INI_BYTES_MAX + PATH_MAX + FILES_STAMP);
	files_stamp(path, stamp);
	text_addf(&text, "%s %s\n", path, stamp);
	for (size_t i = 0; instance && instance->section && i < instance->section->key_count; i++)
		add_key(&text, instance->section->file, &instance->section->keys[i]);
	return text_take(&text);
}
