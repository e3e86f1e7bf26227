#include "fake_host.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct block {
	struct block *next;
	max_align_t bytes[];
};

struct hst_arena {
	struct block *blocks;
};

struct hst_secret {
	size_t length;
	char bytes[];
};

__attribute__((format(printf, 1, 2), noreturn)) static void end(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("fake_host: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

static void *alloc(hst_arena *arena, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	if (!block)
		end("no memory");
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

static const void *secret_bytes(const hst_secret *secret, size_t *ret_length)
{
	*ret_length = secret->length;
	return secret->bytes;
}

static hst_secret *secret_make(hst_arena *arena, const void *bytes, size_t length)
{
	hst_secret *secret = alloc(arena, sizeof *secret + length + 1);

	secret->length = length;
	memcpy(secret->bytes, bytes, length);
	return secret;
}

static const struct hst_secret_table secrets = {
	.size = sizeof secrets, .bytes = secret_bytes, .make = secret_make};

static struct fake_host *fake_of(hst_host *host)
{
	return (struct fake_host *)((char *)host - offsetof(struct fake_host, host));
}

static void log_line(hst_host *host, hst_level level, const char *text)
{
	if (fake_of(host)->verbose || level >= HST_WARNING)
		fprintf(stderr, "[%s] %s\n", host->instance, text);
}

static int64_t now_us(hst_host *host)
{
	struct timespec now;

	(void)host;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool cancelled(hst_call *call)
{
	return fake_of(call->host)->cancelled;
}

static void append_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%s\n", line) < 0)
		end("%s cannot be written", path);
	close(fd);
}

static int note(hst_call *call, const char *text, hst_error *err)
{
	struct fake_host *fake = fake_of(call->host);

	if (fake->note_count >= fake->notes_before_failure)
		return hst_fail(err, HST_RETRY, "the disk is full");
	if (fake->note_count == FAKE_NOTES_MAX || strlen(text) > 1024)
		end("too many notes, or a note over 1 KiB");
	fake->notes[fake->note_count++] = strdup(text);
	if (fake->notes_file)
		append_line(fake->notes_file, text);
	if (fake->note_count == fake->notes_before_death)
		raise(SIGKILL);
	return HST_OK;
}

void fake_host_init(struct fake_host *fake, const char *instance)
{
	*fake = (struct fake_host){.host = {.size = sizeof(hst_host),
					    .instance = instance,
					    .secrets = &secrets,
					    .log = log_line,
					    .now_us = now_us,
					    .alloc = alloc,
					    .cancelled = cancelled,
					    .note = note},
				   .notes_before_failure = SIZE_MAX};
	fake->host.instance_arena = calloc(1, sizeof(hst_arena));
	if (!fake->host.instance_arena)
		end("no memory");
	fake->call = (hst_call){.size = sizeof(hst_call),
				.host = &fake->host,
				.arena = fake->host.instance_arena,
				.deadline_us = INT64_MAX};
}

void fake_host_clear(struct fake_host *fake)
{
	struct block *next;

	for (struct block *block = fake->host.instance_arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(fake->host.instance_arena);
	for (size_t i = 0; i < fake->note_count; i++)
		free(fake->notes[i]);
	fake->note_count = 0;
}

void fake_host_read_notes(struct fake_host *fake, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1100];

	if (!file)
		end("%s cannot be read", path);
	while (fgets(line, sizeof line, file) && fake->note_count < FAKE_NOTES_MAX) {
		line[strcspn(line, "\n")] = '\0';
		fake->notes[fake->note_count++] = strdup(line);
	}
	fclose(file);
}

hst_secret *fake_host_secret(struct fake_host *fake, const char *text)
{
	return secret_make(fake->host.instance_arena, text, strlen(text));
}

static int64_t duration_ms(const char *text)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	char *rest;
	long long n = strtoll(text, &rest, 10);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (rest[0] == units[i].letter && !rest[1])
			return n * units[i].ms;
	end("no duration: %s", text);
}

static int choice_index(const hst_field *field, const char *text)
{
	for (int i = 0; field->choices[i]; i++)
		if (strcmp(field->choices[i], text) == 0)
			return i;
	end("%s is no choice of %s", text, field->member);
}

static void fill(const hst_field *field, const char *text, char *config)
{
	void *to = config + field->offset;

	switch (field->type) {
	case HST_TYPE_TEXT:
		*(const char **)to = text;
		break;
	case HST_TYPE_INTEGER:
		*(int64_t *)to = strtoll(text, NULL, 10);
		break;
	case HST_TYPE_BOOLEAN:
		*(bool *)to = strcmp(text, "yes") == 0;
		break;
	case HST_TYPE_DURATION:
		((hst_duration *)to)->ms = duration_ms(text);
		break;
	case HST_TYPE_CHOICE:
		((hst_choice *)to)->index = choice_index(field, text);
		break;
	default:
		end("options of the type of %s are not known here", field->member);
	}
}

void *fake_host_config(struct fake_host *fake, const hst_plugin *plugin, const char *const *set)
{
	char *config = alloc(fake->host.instance_arena, plugin->config_size);
	bool found;

	for (size_t i = 0; i < plugin->options.n; i++)
		if (plugin->options.at[i].def)
			fill(&plugin->options.at[i], plugin->options.at[i].def, config);
	for (; set && set[0]; set += 2) {
		found = false;
		for (size_t i = 0; i < plugin->options.n; i++) {
			if (strcmp(plugin->options.at[i].member, set[0]) != 0)
				continue;
			fill(&plugin->options.at[i], set[1], config);
			found = true;
		}
		if (!found)
			end("%s has no option %s", plugin->name, set[0]);
	}
	return config;
}

const hst_plugin *fake_host_load(const char *file, const char *name)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	char symbol[64];
	const hst_plugin *plugin;

	if (!library)
		end("%s", dlerror());
	snprintf(symbol, sizeof symbol, "hst_plugin_%s", name);
	plugin = dlsym(library, symbol);
	if (!plugin)
		end("%s", dlerror());
	return plugin;
}
