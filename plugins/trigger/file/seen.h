/*
 * The files that were seen in the folder and not taken over yet, and when each counts as whole: its writer has closed it, it was
 * moved in, or its size and time have stayed the same for a while. Time comes from the caller. At most SEEN_MAX are kept, whatever
 * lies in the folder; `more` says that there are others.
 */
#ifndef PLUGINS_TRIGGER_FILE_SEEN_H
#define PLUGINS_TRIGGER_FILE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_MAX = 2000, SEEN_NAME_MAX = 255 };

/* What tells one file from another, and from itself after it was written to. */
struct file_mark {
	uint64_t inode;
	int64_t size, modified_ns;
};

struct seen_file {
	char name[SEEN_NAME_MAX + 1];
	uint64_t hash;
	struct file_mark mark;
	int64_t since_us; /* it has been like this; 0: it was not looked at yet */
	bool closed;	  /* by its writer, or moved in, since */
	bool tried;	  /* it was whole, and an event of it may be stored already */
};

struct seen {
	struct seen_file *at;
	size_t n, size;
	bool more;
};

void seen_clear(struct seen *seen);

/* It is there; with `closed` its writer has closed it. Names that are too long are none. */
void seen_add(struct seen *seen, const char *name, bool closed);

/* Back at this place, as it was when it was whole, however many there are. */
void seen_put_back(struct seen *seen, size_t index, const char *name, const struct file_mark *mark, bool tried);

void seen_remove(struct seen *seen, size_t index); /* the others stay in their order */

/*
 * How it is now. True: it is whole, and may be taken over. What was closed empty is waited for like what was not closed: many
 * programs make a file before they fill it.
 */
bool seen_look(struct seen_file *file, const struct file_mark *mark, int64_t now_us, int64_t settle_us);

/* When the next of those that were looked at may be whole; 0: there are none. What was not looked at yet is due at once. */
int64_t seen_due_us(const struct seen *seen, int64_t now_us, int64_t settle_us);

bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

/* FNV-1a of a name. */
uint64_t file_name_hash(const char *name);

#endif
