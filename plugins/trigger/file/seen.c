#include "seen.h"

#include <stdlib.h>
#include <string.h>

void seen_clear(struct seen *seen)
{
	free(seen->at);
	*seen = (struct seen){0};
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns;
}

uint64_t file_name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3u;
	return hash;
}

static struct seen_file *find(const struct seen *seen, const char *name, uint64_t hash)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->at[i].hash == hash && strcmp(seen->at[i].name, name) == 0)
			return &seen->at[i];
	return NULL;
}

static void grow(struct seen *seen)
{
	size_t size = seen->size ? seen->size * 2 : 64;

	seen->at = realloc(seen->at, size * sizeof *seen->at);
	if (!seen->at)
		abort();
	seen->size = size;
}

void seen_add(struct seen *seen, const char *name, bool closed)
{
	uint64_t hash = file_name_hash(name);
	struct seen_file *file = find(seen, name, hash);

	if (!file && seen->n == SEEN_MAX) {
		seen->more = true;
		return;
	}
	if (!file && strlen(name) > SEEN_NAME_MAX)
		return;
	if (!file) {
		if (seen->n == seen->size)
			grow(seen);
		file = &seen->at[seen->n++];
		*file = (struct seen_file){.hash = hash};
		memcpy(file->name, name, strlen(name));
	}
	file->closed = file->closed || closed;
}

void seen_put_back(struct seen *seen, size_t index, const char *name, const struct file_mark *mark, bool tried)
{
	uint64_t hash = file_name_hash(name);
	const struct seen_file *there = find(seen, name, hash);
	struct seen_file *file;

	if (there)
		seen_remove(seen, (size_t)(there - seen->at));
	if (seen->n == seen->size)
		grow(seen);
	index = index < seen->n ? index : seen->n;
	file = &seen->at[index];
	memmove(file + 1, file, (seen->n++ - index) * sizeof *file);
	*file = (struct seen_file){.hash = hash, .mark = *mark, .since_us = 1, .closed = true, .tried = tried};
	memcpy(file->name, name, strlen(name));
}

void seen_remove(struct seen *seen, size_t index)
{
	seen->n--;
	memmove(&seen->at[index], &seen->at[index + 1], (seen->n - index) * sizeof *seen->at);
}

bool seen_look(struct seen_file *file, const struct file_mark *mark, int64_t now_us, int64_t settle_us)
{
	bool same = file->since_us && file_mark_same(&file->mark, mark);
	bool closed = (file->closed && mark->size > 0) || (file->tried && same);

	/* A clock that was set back begins the wait anew. */
	if (!same || now_us < file->since_us) {
		file->mark = *mark;
		file->since_us = now_us;
	}
	file->closed = false;
	file->tried = file->tried && same;
	return closed || (same && now_us - file->since_us >= settle_us);
}

int64_t seen_due_us(const struct seen *seen, int64_t now_us, int64_t settle_us)
{
	int64_t due_us = 0;

	for (size_t i = 0; i < seen->n; i++) {
		const struct seen_file *file = &seen->at[i];
		int64_t at_us = file->since_us && !file->closed ? file->since_us + settle_us : now_us;

		if (!due_us || at_us < due_us)
			due_us = at_us;
	}
	return due_us;
}
