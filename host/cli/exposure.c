#include "cli/exposure.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/knew.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "schema/value.h"
#include "seal/sealed_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 10000 };

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t exposure_names(const char *conf_path, hst_arena *arena, const char *const **ret)
{
	AUTO_FREE char *any = secret_file(conf_path, "any");
	AUTO_FREE char *folder = files_beside(any, ".");
	const char **names = arena_array(arena, NAMES_MAX, sizeof *names);
	DIR *files = opendir(folder);
	size_t n = 0;

	for (struct dirent *entry; files && n < NAMES_MAX && (entry = readdir(files));) {
		size_t length = strlen(entry->d_name);
		const char *name;

		if (length <= 5 || strcmp(entry->d_name + length - 5, ".seal") != 0)
			continue;
		name = secret_named(arena_printf(arena, "secret:%.*s", (int)length - 5, entry->d_name));
		if (name)
			names[n++] = name;
	}
	if (files)
		closedir(files);
	qsort(names, n, sizeof *names, by_text);
	*ret = names;
	return n;
}

struct exposure exposure_of(const char *conf_path, hst_arena *arena, const char *secret, const char *member)
{
	AUTO_FREE char *path = secret_file(conf_path, secret);
	struct exposure ret = {.secret = secret};
	struct sealed_file *file = NULL;
	const struct knew *knew;
	size_t n = 0;
	hst_error err = {{0}, {0}};

	if (sealed_file_read(path, &file, &err) == HST_OK) {
		ret.sealed = strcmp(file->envelope.header.signer, member) == 0;
		for (size_t i = 0; i < file->envelope.recipient_count; i++)
			ret.opens |= strcmp(file->envelope.recipients[i].name, member) == 0;
	} else if (access(path, F_OK) == 0) {
		ret.unclear = arena_text(arena, err.text);
	}
	if (knew_read(path, arena, &knew, &n, &err) != HST_OK)
		ret.unclear = arena_text(arena, err.text);
	for (size_t i = 0; i < n; i++)
		ret.knew |= strcmp(knew[i].member, member) == 0;
	sealed_file_free(file);
	return ret;
}

void exposure_print(const char *conf_path, hst_arena *arena, const char *member)
{
	const char *slash = strchr(member, '/');
	const char *const *names;
	size_t n = exposure_names(conf_path, arena, &names);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct exposure one = exposure_of(conf_path, arena, names[i], member);

		any |= one.opens || one.knew || one.unclear;
		if (one.sealed)
			printf("%s was sealed by %s and is not believed any more: hostler seal %s (not --again: the secret has to be given)\n", names[i], slash + 1,
			       names[i]);
	}
	if (any)
		printf("Secrets that %s may know: hostler secrets exposed --%.*s %s\n", slash + 1, (int)(slash - member), member, slash + 1);
}

void exposure_set(const char *conf_path, hst_arena *arena, const char *member, hst_value *record)
{
	hst_value *is_signed = value_make_list(arena), *may_know = value_make_list(arena);
	const char *const *names;
	size_t n = exposure_names(conf_path, arena, &names);

	for (size_t i = 0; i < n; i++) {
		struct exposure one = exposure_of(conf_path, arena, names[i], member);

		if (one.sealed)
			value_append(is_signed, value_make_text(arena, names[i], strlen(names[i])));
		if (one.opens || one.knew || one.unclear)
			value_append(may_know, value_make_text(arena, names[i], strlen(names[i])));
	}
	value_set(record, "signed", is_signed);
	value_set(record, "may_know", may_know);
}
