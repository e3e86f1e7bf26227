#include "desktop/pushed.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST_LENGTH = 64 };

static const char suffix[] = ".signed";

char *pushed_folder(const char *conf, const char *name)
{
	AUTO_FREE char *inside = mem_printf("packages.d/%s", name);

	return files_beside(conf, inside);
}

static char *inside(const char *conf, const char *name, const char *file, const char *end)
{
	AUTO_FREE char *folder = pushed_folder(conf, name);

	return mem_printf("%s/%s%s", folder, file, end);
}

char *pushed_copy(const char *conf, const char *name, const char *digest)
{
	return inside(conf, name, digest, "");
}

char *pushed_signature(const char *conf, const char *name, const char *digest)
{
	return inside(conf, name, digest, suffix);
}

char *pushed_pin(const char *conf, const char *name)
{
	return inside(conf, name, "pinned", "");
}

static bool is_digest(const char *text, size_t length)
{
	return length == DIGEST_LENGTH && strspn(text, "0123456789abcdef") >= DIGEST_LENGTH;
}

int pushed_read(const char *conf, const char *name, const char *digest, char **ret_bytes, size_t *ret_length, hst_error *err)
{
	AUTO_FREE char *path = pushed_signature(conf, name, digest);

	return files_read(path, SIGNED_PACKAGE_BYTES_MAX, ret_bytes, ret_length, err);
}

bool pushed_is_pinned(const char *conf, const char *name, char digest[65])
{
	AUTO_FREE char *path = pushed_pin(conf, name);
	AUTO_FREE char *text = NULL;
	size_t length = 0;

	digest[0] = '\0';
	if (files_read(path, DIGEST_LENGTH + 1, &text, &length, NULL) == HST_OK && is_digest(text, strcspn(text, "\n")))
		memcpy(digest, text, DIGEST_LENGTH);
	if (digest[0])
		digest[DIGEST_LENGTH] = '\0';
	return digest[0] || access(path, F_OK) == 0;
}

struct roster *pushed_roster(const struct conf *conf)
{
	AUTO_FREE char *path = files_join(conf->state_dir, "roster");
	struct roster *roster = NULL;
	hst_error err;

	return roster_read_file(path, &roster, &err) == HST_OK ? roster : NULL;
}

/* A signature is one of these files, or it is none. */
static void read_signature(const char *conf, const char *name, struct pushed *pushed)
{
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	hst_error err;

	pushed->is_signed = pushed_read(conf, name, pushed->digest, &bytes, &length, &err) == HST_OK &&
			    signed_package_read(bytes, length, &pushed->signature, &err) == HST_OK &&
			    strcmp(pushed->signature.digest, pushed->digest) == 0 && strcmp(pushed->signature.name, name) == 0;
	if (pushed->is_signed)
		pushed->at = pushed->signature.at;
}

static void look(const char *conf, const char *name, const char *pinned, struct pushed *pushed)
{
	AUTO_FREE char *copy = pushed_copy(conf, name, pushed->digest);
	struct stat status;

	pushed->copied = stat(copy, &status) == 0;
	pushed->at = pushed->copied ? (int64_t)status.st_mtim.tv_sec : 0;
	pushed->pinned = strcmp(pushed->digest, pinned) == 0;
	read_signature(conf, name, pushed);
}

static int newest_first(const void *a, const void *b)
{
	const struct pushed *first = a, *second = b;

	if (first->at != second->at)
		return first->at > second->at ? -1 : 1;
	return strcmp(first->digest, second->digest);
}

struct listing {
	struct pushed *all;
	size_t n, size;
};

static void add(struct listing *listing, const char *name)
{
	const size_t length = strcspn(name, ".");

	if (!is_digest(name, length) || (name[length] && strcmp(name + length, suffix) != 0) || listing->n == PUSHED_MAX)
		return;
	for (size_t i = 0; i < listing->n; i++)
		if (strncmp(listing->all[i].digest, name, DIGEST_LENGTH) == 0)
			return;
	listing->all = mem_grow(listing->all, &listing->size, listing->n + 1, sizeof *listing->all);
	listing->all[listing->n] = (struct pushed){.at = 0};
	memcpy(listing->all[listing->n++].digest, name, DIGEST_LENGTH);
}

size_t pushed_list(hst_arena *arena, const char *conf, const char *name, const struct pushed **ret)
{
	AUTO_FREE char *folder = pushed_folder(conf, name);
	DIR *directory = opendir(folder);
	struct listing listing = {.n = 0};
	struct pushed *all;
	char pinned[65];

	for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
		add(&listing, entry->d_name);
	if (directory)
		closedir(directory);
	pushed_is_pinned(conf, name, pinned);
	for (size_t i = 0; i < listing.n; i++)
		look(conf, name, pinned, &listing.all[i]);
	all = arena_array(arena, listing.n + 1, sizeof *all);
	if (listing.n) {
		qsort(listing.all, listing.n, sizeof *all, newest_first);
		memcpy(all, listing.all, listing.n * sizeof *all);
	}
	free(listing.all);
	*ret = all;
	return listing.n;
}

static int refuse(const struct package *package, const struct pushed *last, hst_error *err)
{
	if (!last)
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "the desktop flow \"%s\" is not signed; `hostler desktop push %s` signs it",
				   package->name, package->name);
	return hst_fail_as(err, HST_DENIED, "PackageUnsigned",
			   "the desktop flow \"%s\" was changed since %s signed it as version %s; `hostler desktop push %s` shows what is different, and signs it again",
			   package->name, last->signature.signer + sizeof "operator/" - 1, last->signature.version, package->name);
}

int pushed_check(const char *conf, const struct package *package, const struct roster *roster, hst_error *err)
{
	hst_arena *arena = arena_new();
	const struct pushed *all, *found = NULL, *last = NULL;
	size_t n = pushed_list(arena, conf, package->name, &all);
	hst_error why = {{0}, {0}};
	int code = HST_OK;

	for (size_t i = 0; i < n; i++) {
		if (!all[i].is_signed)
			continue;
		if (strcmp(all[i].digest, package->digest) == 0)
			found = &all[i];
		last = last ? last : &all[i];
	}
	if (!found)
		code = refuse(package, last, err);
	else if (roster && signed_package_verify(&found->signature, roster, &why) != HST_OK)
		code = hst_fail_as(err, HST_DENIED, "PackageUnsigned", "%s; `hostler desktop push %s` signs it with your key", why.text, package->name);
	arena_free(arena);
	return code;
}
