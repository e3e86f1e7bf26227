#include "parser.h"

#include "process.h"
#include "reply.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TRIES = 3,
	/* A process is replaced after so much, so that nothing gathers in it. */
	MAILS_EACH = 1000,
	BYTES_EACH = 1 << 30,
	PIECE = 64 << 10
};

const struct email_limits email_limits_usual = {
	.text_bytes = 1 << 20,
	.html_bytes = 1 << 20,
	.header_bytes = 256 << 10,
	.headers = 1000,
	.addresses = 1000,
	.attachments = 100,
	.attachment_bytes = 50 << 20,
	.attachments_bytes = 50 << 20,
	.wait_ms = 20000,
};

struct email_parser {
	char *program;
	struct email_process process;
	size_t mails, bytes; /* that the process has got */
	bool told;           /* what this machine cannot forbid it was said */
	struct email_limits limits;
	struct email_reply reply;
};

/* One mail that is being asked about. */
struct asking {
	struct email_parser *parser;
	hst_call *call;
	enum email_asked asked;
	const void *raw;
	size_t n;
	const struct email_sink *sink;
	int64_t until_ms;
};

/* Beside the folder of the plugins that the code lies in, wherever the whole was put. */
static int find_program(char **ret, hst_error *err)
{
	static const char beside[] = "/../../hostler-mail-parser";
	char here[PATH_MAX];
	Dl_info about;
	char *slash;

	if (!dladdr(&email_limits_usual, &about) || !about.dli_fname || !realpath(about.dli_fname, here) || !(slash = strrchr(here, '/')))
		return hst_fail(err, HST_BROKEN, "hostler-mail-parser cannot be found: this plugin has no file");
	*slash = '\0';
	if (asprintf(ret, "%s%s", here, beside) < 0)
		abort();
	return HST_OK;
}

int email_parser_open(const char *program, struct email_parser **ret, hst_error *err)
{
	struct email_parser *parser;
	char *path = NULL;
	int code = program ? HST_OK : find_program(&path, err);

	if (code != HST_OK)
		return code;
	if (program)
		path = strdup(program);
	parser = calloc(1, sizeof *parser);
	if (!path || !parser)
		abort();
	parser->program = path;
	parser->process.fd = -1;
	if (access(path, X_OK) < 0) {
		code = hst_fail(err, HST_BROKEN, "%s cannot be run: %s: install hostler again", path, strerrordesc_np(errno));
		email_parser_close(parser);
		return code;
	}
	*ret = parser;
	return HST_OK;
}

void email_parser_close(struct email_parser *parser)
{
	if (!parser)
		return;
	email_process_end(&parser->process);
	email_reply_clear(&parser->reply);
	free(parser->program);
	free(parser);
}

/* Once: on an older kernel something of it stands on fewer legs, and a build for tests on none. */
static void tell(struct email_parser *parser, hst_host *host)
{
	unsigned is = parser->process.confined;

	if (parser->told)
		return;
	parser->told = true;
	if (is & EMAIL_WITH_SANITIZERS)
		hst_log(host, HST_WARNING, "hostler-mail-parser is a build with sanitizers, which is not confined: for tests alone");
	else if (!(is & EMAIL_NO_FILES))
		hst_log(host, HST_INFO, "this kernel has no Landlock: the filter of system calls alone keeps the mail parser from files");
}

/* HST_OK with a process that waits for a mail. */
static int have_process(struct asking *it, hst_error *err)
{
	struct email_parser *parser = it->parser;
	int code;

	if (parser->process.pid > 0 && (parser->mails >= MAILS_EACH || parser->bytes >= BYTES_EACH))
		email_process_end(&parser->process);
	if (parser->process.pid > 0)
		return HST_OK;
	parser->mails = parser->bytes = 0;
	code = email_process_start(&parser->process, parser->program, it->call, it->until_ms, err);
	if (code == HST_OK)
		tell(parser, it->call->host);
	return code;
}

static int send_mail(struct asking *it, hst_error *err)
{
	const struct email_limits *limits = &it->parser->limits;
	const uint64_t numbers[EMAIL_LIMIT_COUNT] = {
		[EMAIL_LIMIT_TEXT] = limits->text_bytes,
		[EMAIL_LIMIT_HTML] = limits->html_bytes,
		[EMAIL_LIMIT_HEADER] = limits->header_bytes,
		[EMAIL_LIMIT_HEADERS] = limits->headers,
		[EMAIL_LIMIT_ADDRESSES] = limits->addresses,
		[EMAIL_LIMIT_ATTACHMENTS] = limits->attachments,
		[EMAIL_LIMIT_ATTACHMENT] = limits->attachment_bytes,
		[EMAIL_LIMIT_ALL_ATTACHMENTS] = limits->attachments_bytes,
		[EMAIL_LIMIT_GIVE] = it->sink != NULL,
	};
	unsigned char head[EMAIL_FRAME_HEAD + EMAIL_LIMITS_BYTES] = {(unsigned char)it->asked};
	int code;

	email_put32(head + 1, (uint32_t)(EMAIL_LIMITS_BYTES + it->n));
	for (size_t i = 0; i < EMAIL_LIMIT_COUNT; i++)
		email_put64(head + EMAIL_FRAME_HEAD + 8 * i, numbers[i]);
	code = email_process_send(&it->parser->process, it->call, head, sizeof head, it->until_ms, err);
	if (code == HST_OK)
		code = email_process_send(&it->parser->process, it->call, it->raw, it->n, it->until_ms, err);
	return code;
}

static int hear_answer(struct asking *it, hst_error *err)
{
	struct email_reply *reply = &it->parser->reply;

	while (!reply->ended) {
		unsigned char piece[PIECE];
		size_t n = 0;
		int code = email_process_hear(&it->parser->process, it->call, piece, sizeof piece, &n, it->until_ms, err);

		if (code == HST_OK)
			code = email_reply_take(reply, piece, n, err);
		if (code != HST_OK)
			return code;
	}
	return HST_OK;
}

/* One try. Whatever is wrong with the process ends it; *ret_again: another one may do better. */
static int try_it(struct asking *it, bool *ret_again, hst_error *err)
{
	struct email_parser *parser = it->parser;
	int code;

	*ret_again = false;
	email_reply_begin(&parser->reply, it->asked == EMAIL_ASK_HEAD, &parser->limits, it->sink);
	it->until_ms = email_process_now_ms() + parser->limits.wait_ms;
	if (it->sink && it->sink->begin)
		it->sink->begin(it->sink->context);
	code = have_process(it, err);
	if (code != HST_OK)
		return code;
	parser->mails++;
	parser->bytes += it->n;
	code = send_mail(it, err);
	if (code == HST_OK)
		code = hear_answer(it, err);
	if (code == HST_OK)
		return HST_OK;
	*ret_again = code != HST_CANCELLED && !parser->reply.of_sink;
	email_process_end(&parser->process);
	return code;
}

static int ask(struct asking *it, struct email_mail *ret, hst_error *err)
{
	hst_error why = {0};
	bool again = true;
	int code = HST_OK;

	for (int i = 0; i < TRIES && again; i++) {
		code = try_it(it, &again, &why);
		if (code == HST_OK) {
			*ret = it->parser->reply.mail;
			return HST_OK;
		}
		if (again)
			hst_log(it->call->host, HST_WARNING, "a mail of %zu bytes: %s%s", it->n, why.text, i + 1 < TRIES ? "; it is tried again" : "");
	}
	if (again)
		return hst_fail(err, HST_INVALID, "this mail cannot be read: %d processes in turn have failed on it, the last one because %s", TRIES,
		                why.text);
	if (err)
		*err = why;
	return code;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Limits of the house on what is asked for, so that nobody's typing error lets a mail take all memory. */
static struct email_limits within(const struct email_limits *asked)
{
	struct email_limits limits = asked ? *asked : email_limits_usual;

	limits.text_bytes = least(limits.text_bytes, 16 << 20);
	limits.html_bytes = least(limits.html_bytes, 16 << 20);
	limits.header_bytes = least(limits.header_bytes, 4 << 20);
	limits.headers = least(limits.headers, 10000);
	limits.addresses = least(limits.addresses, 10000);
	limits.attachments = least(limits.attachments, 1000);
	limits.attachment_bytes = least(limits.attachment_bytes, EMAIL_RAW_MAX);
	limits.attachments_bytes = least(limits.attachments_bytes, EMAIL_RAW_MAX);
	return limits;
}

/* The parser finds where the section ends, and reads no more than this of any. */
int email_parser_head(struct email_parser *parser, hst_call *call, const void *raw, size_t n, const struct email_limits *limits,
                      struct email_mail *ret, hst_error *err)
{
	enum { HEAD_MAX = 4 << 20 };
	struct asking it = {.parser = parser, .call = call, .asked = EMAIL_ASK_HEAD, .raw = raw, .n = least(n, HEAD_MAX)};

	parser->limits = within(limits);
	return ask(&it, ret, err);
}

int email_parser_mail(struct email_parser *parser, hst_call *call, const void *raw, size_t n, const struct email_limits *limits,
                      const struct email_sink *sink, struct email_mail *ret, hst_error *err)
{
	struct asking it = {.parser = parser, .call = call, .asked = EMAIL_ASK_MAIL, .raw = raw, .n = n,
	                    .sink = sink && sink->take ? sink : NULL};

	if (n > EMAIL_RAW_MAX)
		return hst_fail(err, HST_INVALID, "a mail of %zu bytes is larger than the %d that are read", n, EMAIL_RAW_MAX);
	parser->limits = within(limits);
	return ask(&it, ret, err);
}
