#include "take.h"

#include "event.h"
#include "filter.h"

#include <hostler/host.h>

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A mail that is larger is looked at by its headers before all of it is. */
enum { HEAD_FIRST_BYTES = 64 << 10, MIB = 1 << 20 };

/* Takes attachments into files of the call. */
struct sink {
	const struct email_config *config;
	hst_call *call;
	hst_file **files;
	size_t n, bytes;
	gnutls_hash_hd_t contents; /* of all that was taken; their names and sizes are the mail's */
	int fd;
};

static void sink_begin(void *context)
{
	struct sink *sink = context;
	unsigned char dropped[EMAIL_CONTENTS_BYTES];

	gnutls_hash_output(sink->contents, dropped);
	if (sink->fd >= 0)
		close(sink->fd);
	for (size_t i = 0; i < sink->n; i++)
		unlink(hst_file_path(sink->call, sink->files[i]));
	sink->fd = -1;
	sink->n = 0;
	sink->bytes = 0;
}

static int sink_take(void *context, struct email_attachment *attachment, hst_error *err)
{
	struct sink *sink = context;
	const char *refused = email_filter_attachment(sink->config, attachment);
	hst_error said = {0};
	hst_file *file;

	if (refused)
		return hst_fail(err, HST_DENIED, "%s", refused);
	if (sink->n >= (size_t)sink->config->attachments_most)
		return hst_fail(err, HST_DENIED, "there are more than %lld (attachments_most)", (long long)sink->config->attachments_most);
	file = hst_file_new(sink->call, attachment->name, &said);
	if (!file)
		return hst_fail(err, HST_RETRY, "the attachment %s cannot be kept: %s", attachment->name, said.text);
	sink->fd = open(hst_file_path(sink->call, file), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (sink->fd < 0)
		return hst_fail(err, HST_RETRY, "the attachment %s cannot be kept: %s", attachment->name, strerror(errno));
	sink->files[sink->n++] = file;
	sink->bytes += attachment->size;
	return HST_OK;
}

static int sink_bytes(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	struct sink *sink = context;

	gnutls_hash(sink->contents, bytes, n);
	for (const char *at = bytes; n;) {
		ssize_t put = write(sink->fd, at, n);

		if (put < 0 && errno != EINTR)
			return hst_fail(err, HST_RETRY, "the attachment %s cannot be kept: %s", attachment->name, strerror(errno));
		at += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return HST_OK;
}

static int sink_done(void *context, struct email_attachment *attachment, hst_error *err)
{
	struct sink *sink = context;
	int fd = sink->fd;

	sink->fd = -1;
	if (close(fd) < 0)
		return hst_fail(err, HST_RETRY, "the attachment %s cannot be kept: %s", attachment->name, strerror(errno));
	return HST_OK;
}

/* "ada@example.org: Invoice 1" */
static void note(const struct email_taking *taking, hst_call *call, const struct email_mail *mail, const char *outcome)
{
	char what[400];

	snprintf(what, sizeof what, "%.100s: %.280s", mail->from.n ? mail->from.at[0].address : "nobody", mail->subject);
	looked_add(taking->looked, hst_now_us(call->host), what, outcome);
}

/* True, and noted: a filter has turned it away. */
static bool turned_away(const struct email_taking *taking, hst_call *call, const struct email_mail *mail, bool whole)
{
	char why[160], outcome[240];
	const char *option = email_filter(taking->config, mail, whole, why, sizeof why);

	if (!option)
		return false;
	snprintf(outcome, sizeof outcome, "turned away by %s: %s", option, why);
	note(taking, call, mail, outcome);
	return true;
}

static struct email_limits limits_of(const struct email_config *config)
{
	struct email_limits limits = email_event_limits();

	limits.attachment_bytes = (size_t)config->attachment_max * MIB;
	limits.attachments_bytes = (size_t)config->attachments_max * MIB;
	return limits;
}

static int read_whole(const struct email_taking *taking, hst_call *call, const struct email_raw *raw, struct sink *sink,
		      struct email_mail *ret, unsigned char ret_contents[EMAIL_CONTENTS_BYTES], hst_error *err)
{
	const struct email_sink takes = {.context = sink, .begin = sink_begin, .take = sink_take, .bytes = sink_bytes, .done = sink_done};
	const struct email_limits limits = limits_of(taking->config);
	int code;

	if (gnutls_hash_init(&sink->contents, GNUTLS_DIG_SHA256) < 0)
		abort();
	code = email_parser_mail(taking->parser, call, raw->bytes, raw->n, &limits, taking->config->include_attachments ? &takes : NULL, ret, err);
	gnutls_hash_deinit(sink->contents, ret_contents);
	if (sink->fd >= 0)
		close(sink->fd);
	return code;
}

static int take_raw(const struct email_taking *taking, hst_call *call, const struct email_raw *raw, struct email_taken *ret,
		    hst_error *err)
{
	const struct email_limits limits = limits_of(taking->config);
	struct sink sink = {.config = taking->config, .call = call, .fd = -1};
	unsigned char contents[EMAIL_CONTENTS_BYTES];
	struct email_mail mail = {0};
	int code;

	if (raw->n > HEAD_FIRST_BYTES) {
		code = email_parser_head(taking->parser, call, raw->bytes, raw->n, &limits, &mail, err);
		if (code != HST_OK || (ret->looked = turned_away(taking, call, &mail, false)))
			return code;
	}
	sink.files = hst_alloc(call, (size_t)taking->config->attachments_most * sizeof *sink.files);
	code = read_whole(taking, call, raw, &sink, &mail, contents, err);
	if (code != HST_OK || (ret->looked = turned_away(taking, call, &mail, true)))
		return code;
	ret->event.key = email_event_key(call, &mail, raw, contents);
	ret->event.data = email_event_of(call, &mail, raw, &(hst_files){sink.n, sink.files}, &ret->json_bytes);
	ret->files = sink.n;
	ret->file_bytes = sink.bytes;
	ret->wanted = ret->looked = true;
	note(taking, call, &mail, "taken over");
	return HST_OK;
}

int email_take(const struct email_taking *taking, hst_call *call, uint32_t uid, struct email_taken *ret, hst_error *err)
{
	struct email_raw raw = {0};
	hst_error why = {0};
	char what[40], outcome[240];
	int code = email_box_fetch(taking->box, call, uid, EMAIL_RAW_MAX, &raw, &why);

	*ret = (struct email_taken){.wanted = false};
	if (code != HST_NOT_FOUND && email_cursor_counts(taking->cursor, uid, raw.received_us)) {
		if (code == HST_OK)
			code = take_raw(taking, call, &raw, ret, &why);
		if (code == HST_INVALID) {
			snprintf(what, sizeof what, "the mail with the UID %u", uid);
			snprintf(outcome, sizeof outcome, "passed over, since it cannot be read: %.200s", why.text);
			looked_add(taking->looked, hst_now_us(call->host), what, outcome);
			hst_log(call->host, HST_WARNING, "%s of %s is %s", what, taking->config->folder, outcome);
			ret->looked = true;
		}
	}
	email_raw_free(&raw);
	if (code == HST_OK || code == HST_NOT_FOUND || code == HST_INVALID)
		return HST_OK;
	return hst_fail_as(err, (hst_code)code, why.reason, "%s", why.text);
}
