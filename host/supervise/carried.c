#include "supervise/carried.h"

#include "base/mem.h"
#include "supervise/child.h"
#include "supervise/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)CARRIED_DEATHS == (int)CHILD_DEATHS_MAX, "all deaths that count are carried");

enum { RECORDS_MAX = 16384, PID_MAX = 1 << 30, FD_MAX = 1 << 24, TEXT_MAX = 1 << 20 };

struct member {
	size_t at;
	bool text;
	int64_t least, most;
	int since; /* the version it came with */
	bool fd;
};

#define NUMBER(record, name, least, most) {offsetof(struct record, name), false, least, most, 1, false}
#define COUNT(record, name) NUMBER(record, name, 0, INT64_MAX)
#define FLAG(record, name) NUMBER(record, name, 0, 1)
#define TEXT(record, name) {offsetof(struct record, name), true, 0, 0, 1, false}
#define FD(record, name) {offsetof(struct record, name), false, -1, FD_MAX, 1, true}
#define END {0, false, 0, 0, 0, false}

static const struct member of_house[] = {
	FD(carried_house, lock_fd), FD(carried_house, life_reading_fd), FD(carried_house, life_writing_fd),
	FD(carried_house, channel_fd), COUNT(carried_house, gateway), COUNT(carried_house, handed_over),
	COUNT(carried_house, serial), FLAG(carried_house, again), FLAG(carried_house, again_upgrade),
	FLAG(carried_house, announced), TEXT(carried_house, said), END,
};

static const struct member of_process[] = {
	NUMBER(carried_process, pid, 2, PID_MAX), FD(carried_process, ready_fd), FD(carried_process, output_fd),
	FLAG(carried_process, keeps_orphans), TEXT(carried_process, name), TEXT(carried_process, said),
	TEXT(carried_process, line), TEXT(carried_process, tail), END,
};

static const struct member of_session[] = {
	NUMBER(carried_session, pid, 2, PID_MAX), NUMBER(carried_session, number, 0, UINT32_MAX), COUNT(carried_session, gateway),
	FD(carried_session, handover_fd), TEXT(carried_session, device), END,
};

static const struct member of_child[] = {
	NUMBER(carried_child, pid, 0, PID_MAX), NUMBER(carried_child, part, 0, PLAN_GATEWAY),
	NUMBER(carried_child, state, 0, CHILD_STATES - 1), COUNT(carried_child, stop_ms), COUNT(carried_child, ready_us),
	NUMBER(carried_child, failures, 0, INT32_MAX), COUNT(carried_child, deaths_us[0]), COUNT(carried_child, deaths_us[1]),
	COUNT(carried_child, deaths_us[2]), COUNT(carried_child, deaths_us[3]), COUNT(carried_child, deaths_us[4]),
	COUNT(carried_child, death_count), COUNT(carried_child, launches), COUNT(carried_child, since_us),
	COUNT(carried_child, allowed_ms), FLAG(carried_child, leaving), NUMBER(carried_child, after, -1, RECORDS_MAX),
	TEXT(carried_child, name), TEXT(carried_child, bad), TEXT(carried_child, last_words), TEXT(carried_child, hung), END,
};

static const struct member of_orphan[] = {
	NUMBER(carried_orphan, pid, 2, PID_MAX), FLAG(carried_orphan, ended), END,
};

/* Where the list of a record's kind is, and how many there are. */
struct kind {
	const char *word;
	size_t size;
	const struct member *members;
	size_t list, count;
};

static const struct kind kinds[] = {
	{"process", sizeof(struct carried_process), of_process, offsetof(struct carried, processes), offsetof(struct carried, process_count)},
	{"session", sizeof(struct carried_session), of_session, offsetof(struct carried, sessions), offsetof(struct carried, session_count)},
	{"child", sizeof(struct carried_child), of_child, offsetof(struct carried, children), offsetof(struct carried, child_count)},
	{"orphan", sizeof(struct carried_orphan), of_orphan, offsetof(struct carried, orphans), offsetof(struct carried, orphan_count)},
};

enum { PROCESS, SESSION, CHILD, ORPHAN, KINDS };

static char *list_of(const struct carried *carried, const struct kind *kind)
{
	char *list;

	memcpy(&list, (const char *)carried + kind->list, sizeof list);
	return list;
}

static size_t count_of(const struct carried *carried, const struct kind *kind)
{
	size_t n;

	memcpy(&n, (const char *)carried + kind->count, sizeof n);
	return n;
}

static void *add(struct carried *carried, const struct kind *kind)
{
	size_t n = count_of(carried, kind), more = n + 1;
	char *list = mem_grow(list_of(carried, kind), &(size_t){n}, more, kind->size);

	memset(list + n * kind->size, 0, kind->size);
	memcpy((char *)carried + kind->list, &list, sizeof list);
	memcpy((char *)carried + kind->count, &more, sizeof more);
	return list + n * kind->size;
}

struct carried_process *carried_add_process(struct carried *carried)
{
	return add(carried, &kinds[PROCESS]);
}

struct carried_session *carried_add_session(struct carried *carried)
{
	return add(carried, &kinds[SESSION]);
}

struct carried_child *carried_add_child(struct carried *carried)
{
	return add(carried, &kinds[CHILD]);
}

struct carried_orphan *carried_add_orphan(struct carried *carried)
{
	return add(carried, &kinds[ORPHAN]);
}

static void clear_record(void *record, const struct member *members)
{
	for (const struct member *member = members; member->since; member++)
		if (member->text)
			free(*(char **)((char *)record + member->at));
}

void carried_clear(struct carried *carried)
{
	clear_record(&carried->house, of_house);
	for (size_t k = 0; k < KINDS; k++) {
		char *list = list_of(carried, &kinds[k]);

		for (size_t i = 0; i < count_of(carried, &kinds[k]); i++)
			clear_record(list + i * kinds[k].size, kinds[k].members);
		free(list);
	}
	*carried = (struct carried){0};
}

/* '-' is no text at all; else '=' and the text, in which what is not plain is "%XX". */
static void write_text(struct text *to, const char *text)
{
	if (!text) {
		text_add(to, " -");
		return;
	}
	text_add(to, " =");
	for (const char *c = text; *c; c++)
		if (*c > ' ' && *c < 127 && *c != '%')
			text_bytes(to, c, 1);
		else
			text_addf(to, "%%%02X", (unsigned char)*c);
}

static void write_record(struct text *to, const char *word, const void *record, const struct member *members)
{
	text_add(to, word);
	for (const struct member *member = members; member->since; member++) {
		const char *at = (const char *)record + member->at;

		if (member->text)
			write_text(to, *(char *const *)at);
		else
			text_addf(to, " %lld", (long long)*(const int64_t *)at);
	}
	text_add(to, "\n");
}

void carried_write(const struct carried *carried, struct text *to)
{
	text_addf(to, "hostlerd %d\n", CARRIED_VERSION);
	write_record(to, "house", &carried->house, of_house);
	for (size_t k = 0; k < KINDS; k++)
		for (size_t i = 0; i < count_of(carried, &kinds[k]); i++)
			write_record(to, kinds[k].word, list_of(carried, &kinds[k]) + i * kinds[k].size, kinds[k].members);
	text_add(to, "end\n");
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False: the word is no text. */
static bool read_text(const char *word, char **ret)
{
	size_t length = strlen(word), n = 0;
	char *text;

	*ret = NULL;
	if (strcmp(word, "-") == 0)
		return true;
	if (*word != '=' || length > 3 * TEXT_MAX)
		return false;
	text = mem_alloc(length + 1);
	for (const char *c = word + 1; *c; c++) {
		bool coded = *c == '%';
		int high = coded ? hex(c[1]) : 0, low = coded && high >= 0 ? hex(c[2]) : 0;

		if (high < 0 || low < 0 || (coded && high == 0 && low == 0)) {
			free(text);
			return false;
		}
		text[n++] = (char)(coded ? high << 4 | low : *c);
		c += coded ? 2 : 0;
	}
	*ret = text;
	return true;
}

static bool read_number(const char *word, const struct member *member, int64_t *ret)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(word, &end, 10);
	*ret = number;
	return !errno && end > word && !*end && number >= member->least && number <= member->most;
}

/* The members behind the word of a line; it is taken apart. */
static bool read_record(char *rest, void *record, const struct member *members, int version)
{
	for (const struct member *member = members; member->since; member++) {
		char *word, *at = (char *)record + member->at;

		if (member->since > version)
			continue;
		word = strsep(&rest, " ");
		if (!word || (member->text ? !read_text(word, (char **)at) : !read_number(word, member, (int64_t *)at)))
			return false;
	}
	return !rest;
}

static bool read_line(struct carried *carried, char *line, int version)
{
	char *word = strsep(&line, " ");

	for (size_t k = 0; k < KINDS; k++)
		if (strcmp(word, kinds[k].word) == 0)
			return count_of(carried, &kinds[k]) < RECORDS_MAX &&
			       read_record(line, add(carried, &kinds[k]), kinds[k].members, version);
	return false;
}

/* What is spoken of is there. */
static bool is_whole(const struct carried *carried)
{
	for (size_t i = 0; i < carried->session_count; i++)
		if (!carried->sessions[i].device || !carried_process_of(carried, carried->sessions[i].pid))
			return false;
	for (size_t i = 0; i < carried->child_count; i++) {
		const struct carried_child *child = &carried->children[i];

		if (!child->name || (child->pid && !carried_process_of(carried, child->pid)) ||
		    child->after >= (int64_t)carried->child_count)
			return false;
	}
	for (size_t i = 0; i < carried->process_count; i++)
		if (!carried->processes[i].name)
			return false;
	return carried->house.lock_fd > 2 && carried->house.life_reading_fd > 2 && carried->house.life_writing_fd > 2;
}

static int read_version(char *line, hst_error *err)
{
	char *number = line && strncmp(line, "hostlerd ", 9) == 0 ? line + 9 : NULL, *end;
	long version = number ? strtol(number, &end, 10) : 0;

	if (!number || *end || version < 1)
		return hst_fail(err, HST_INVALID, "it is no state of a hostlerd");
	if (version < CARRIED_OLDEST || version > CARRIED_VERSION)
		return hst_fail(err, HST_INVALID,
				"the hostlerd that runs hands on its state in version %ld, and this program reads %d to %d", version,
				CARRIED_OLDEST, CARRIED_VERSION);
	return (int)version;
}

static int read_lines(char *rest, struct carried *carried, hst_error *err)
{
	char *line = strsep(&rest, "\n");
	int version = read_version(line, err), number = 2;

	if (version < 0)
		return version;
	line = strsep(&rest, "\n");
	if (!line || strncmp(line, "house ", 6) != 0 || !read_record(line + 6, &carried->house, of_house, version))
		return hst_fail(err, HST_INVALID, "line 2 of the state of the hostlerd that runs cannot be read");
	while ((line = strsep(&rest, "\n")) != NULL && strcmp(line, "end") != 0) {
		number++;
		if (!read_line(carried, line, version))
			return hst_fail(err, HST_INVALID, "line %d of the state of the hostlerd that runs cannot be read", number);
	}
	if (!line || !rest || *rest || !is_whole(carried))
		return hst_fail(err, HST_INVALID, "the state of the hostlerd that runs is not whole");
	return HST_OK;
}

int carried_read(const char *text, size_t length, struct carried *ret, hst_error *err)
{
	char *copy = mem_copy(text, length);
	int code;

	*ret = (struct carried){0};
	code = strlen(copy) == length ? read_lines(copy, ret, err) : hst_fail(err, HST_INVALID, "it is no state of a hostlerd");
	free(copy);
	if (code != HST_OK)
		carried_clear(ret);
	return code;
}

const struct carried_process *carried_process_of(const struct carried *carried, int64_t pid)
{
	for (size_t i = 0; i < carried->process_count; i++)
		if (carried->processes[i].pid == pid)
			return &carried->processes[i];
	return NULL;
}

static bool pass(const void *record, const struct member *members, bool along)
{
	for (const struct member *member = members; member->since; member++) {
		int fd = member->fd ? (int)*(const int64_t *)(const void *)((const char *)record + member->at) : -1;

		if (fd >= 0 && fcntl(fd, F_SETFD, along ? 0 : FD_CLOEXEC) < 0)
			return false;
	}
	return true;
}

int carried_pass(const struct carried *carried, bool along, hst_error *err)
{
	bool all = pass(&carried->house, of_house, along);

	for (size_t k = 0; k < KINDS; k++)
		for (size_t i = 0; i < count_of(carried, &kinds[k]); i++)
			all &= pass(list_of(carried, &kinds[k]) + i * kinds[k].size, kinds[k].members, along);
	return all ? HST_OK : hst_fail(err, HST_INVALID, "a descriptor of the hostlerd that runs is not there");
}
