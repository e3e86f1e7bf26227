#include "desktop/flowrun_log.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "schema/sentence.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLICE = 16 << 10 };

void flow_log_open(struct flow_log *log, const char *directory)
{
	*log = (struct flow_log){.path = files_join(directory, "log"), .fd = -1};
}

void flow_log_hold(struct flow_log *log)
{
	log->held = true;
}

static void make_file(struct flow_log *log)
{
	log->fd = log->held ? memfd_create("log", MFD_CLOEXEC) : open(log->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log->fd >= 0)
		return;
	log_warning("%s cannot be made: %s; the flow goes on without its log", log->path, strerrordesc_np(errno));
	log->broken = true;
}

static void write_out(struct flow_log *log, const char *bytes, size_t n)
{
	if (n && log->fd < 0 && !log->broken)
		make_file(log);
	while (n && !log->broken) {
		ssize_t written = write(log->fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			log->broken = true;
			return;
		}
		bytes += written;
		n -= (size_t)written;
	}
}

static void keep_last(struct flow_log *log, const char *bytes, size_t n)
{
	if (n > FLOW_LOG_LAST) {
		bytes += n - FLOW_LOG_LAST;
		n = FLOW_LOG_LAST;
	}
	if (!log->last && n)
		log->last = mem_array(FLOW_LOG_LAST, 1);
	while (n) {
		size_t room = FLOW_LOG_LAST - log->last_at, part = n < room ? n : room;

		memcpy(log->last + log->last_at, bytes, part);
		log->last_at = (log->last_at + part) % FLOW_LOG_LAST;
		log->last_length += part;
		bytes += part;
		n -= part;
	}
	if (log->last_length > FLOW_LOG_LAST)
		log->last_length = FLOW_LOG_LAST;
}

static bool has_ink(const struct flow_log_line *line)
{
	char fit[FLOW_LOG_LINE];

	sentence_copy(fit, sizeof fit, line->bytes, line->length);
	return fit[strspn(fit, " ")] != '\0';
}

static void end_line(struct flow_log *log)
{
	if (has_ink(&log->line))
		log->line_before = log->line;
	log->line.length = 0;
}

static void follow_lines(struct flow_log *log, const char *bytes, size_t n)
{
	while (n) {
		const char *newline = memchr(bytes, '\n', n);
		size_t part = newline ? (size_t)(newline - bytes) : n;
		size_t room = sizeof log->line.bytes - log->line.length;

		memcpy(log->line.bytes + log->line.length, bytes, part < room ? part : room);
		log->line.length += part < room ? part : room;
		if (!newline)
			return;
		end_line(log);
		bytes = newline + 1;
		n -= part + 1;
	}
}

void flow_log_add(struct flow_log *log, const char *bytes, size_t n)
{
	size_t first = log->written < FLOW_LOG_FIRST ? FLOW_LOG_FIRST - log->written : 0;

	if (first > n)
		first = n;
	log->total += (int64_t)n;
	follow_lines(log, bytes, n);
	write_out(log, bytes, first);
	log->written += first;
	keep_last(log, bytes + first, n - first);
}

void flow_log_note(struct flow_log *log, const char *format, ...)
{
	char text[512], line[560];
	va_list args;
	int length;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	length = snprintf(line, sizeof line, "%shostler: %s\n", log->line.length ? "\n" : "", text);
	/* Not through follow_lines: the last line is what the flow said. */
	if (log->line.length)
		end_line(log);
	if (log->written < FLOW_LOG_FIRST) {
		write_out(log, line, (size_t)length);
		log->written += (size_t)length;
	} else {
		keep_last(log, line, (size_t)length);
	}
	log->total += length;
}

const struct flow_log_line *flow_log_last_line(const struct flow_log *log)
{
	return has_ink(&log->line) ? &log->line : &log->line_before;
}

static void write_on(void *arg, const char *bytes, size_t n)
{
	write_out(arg, bytes, n);
}

/* From memory into the file, without what has become known since it was written. */
static void let_go(struct flow_log *log, struct redact *redact)
{
	static const char unsearched[] = "hostler: the log cannot be searched for secrets, so it is not kept\n";
	struct redact_stream stream;
	AUTO_CLOSE int from = take_fd(&log->fd);
	char bytes[SLICE];
	ssize_t n;

	log->held = false;
	if (!redact) {
		write_out(log, unsearched, sizeof unsearched - 1);
		return;
	}
	redact_stream_init(&stream, redact);
	for (off_t at = 0; (n = pread(from, bytes, sizeof bytes, at)) > 0; at += n)
		redact_feed(&stream, bytes, (size_t)n, write_on, log);
	redact_flush(&stream, write_on, log);
	redact_stream_clear(&stream);
	explicit_bzero(bytes, sizeof bytes);
}

void flow_log_close(struct flow_log *log, struct redact *redact)
{
	int64_t left_out = log->total - (int64_t)log->written - (int64_t)log->last_length;
	size_t start = (log->last_at + FLOW_LOG_LAST - log->last_length) % FLOW_LOG_LAST;
	size_t straight = FLOW_LOG_LAST - start;
	char line[80];

	if (left_out > 0) {
		snprintf(line, sizeof line, "\nhostler: %" PRId64 " bytes are left out here\n", left_out);
		write_out(log, line, strlen(line));
	}
	if (log->last) {
		size_t part = log->last_length < straight ? log->last_length : straight;

		write_out(log, log->last + start, part);
		write_out(log, log->last, log->last_length - part);
	}
	if (log->held && log->fd >= 0)
		let_go(log, redact);
	if (log->fd >= 0)
		close(log->fd);
	free(log->last);
	free(log->path);
	*log = (struct flow_log){.fd = -1, .broken = true};
}
