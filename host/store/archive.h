/*
 * The file of a backup: a tar file (POSIX ustar) of plain files, so that any machine can look into it. The last member is
 * SHA256SUMS, lines as sha256sum writes them, one for each member before it: without it, or with another sum, the file is
 * not whole. It is made beside its place, for its owner alone, and is there under its name only once it is on disk and has
 * been read back.
 *
 * Names are relative, without "..", at most 256 bytes of visible ASCII or UTF-8.
 */
#ifndef HOST_STORE_ARCHIVE_H
#define HOST_STORE_ARCHIVE_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ARCHIVE_NAME_MAX = 256, ARCHIVE_MEMBERS_MAX = 1000000 };

struct archive_writer;

/* "PATH.part" is made; one that is there from before is replaced. */
int archive_create(const char *path, struct archive_writer **ret, hst_error *err);
int archive_add(struct archive_writer *writer, const char *name, mode_t mode, const void *bytes, size_t length, hst_error *err);
/* What the file had when it was opened; HST_INVALID when it became shorter. `told` hears of bytes; NULL: nobody does. */
int archive_add_file(struct archive_writer *writer, const char *name, mode_t mode, int fd, void (*told)(void *arg, int64_t bytes),
		     void *arg, hst_error *err);
/* HST_DENIED: there is a file of that name, and `replace` is false. Nothing is added afterwards. */
int archive_finish(struct archive_writer *writer, bool replace, hst_error *err);
void archive_free(struct archive_writer *writer); /* one that was not finished leaves nothing */

struct archive_member {
	char name[ARCHIVE_NAME_MAX + 1];
	mode_t mode;
	int64_t size;
};

/* What is done with the members, in their order, SHA256SUMS left out. A failure of one ends the reading. */
struct archive_visitor {
	int (*begin)(void *arg, const struct archive_member *member, hst_error *err);
	int (*bytes)(void *arg, const void *bytes, size_t length, hst_error *err);
	int (*end)(void *arg, hst_error *err);
	void *arg;
};

/*
 * Whether the file is whole is known only when this returns HST_OK: until then what a visitor was given is not to be
 * trusted. `visitor` NULL: it is only checked. HST_INVALID: it is not whole, or no backup at all.
 */
int archive_read(const char *path, const struct archive_visitor *visitor, hst_error *err);

#endif
