/*
 * A mailbox: each mail that comes into a folder of an IMAP server and passes the filters is an event.
 *
 *	[trigger inbox]
 *	plugin   = email
 *	server   = imap.example.com
 *	user     = robot@example.com
 *	password = secret:inbox
 *	from     = @example.com
 *
 * The files beside this one have an idea each: email_stream and email_tls the connection, email_login and email_token signing in,
 * email_box the folder, email_cursor how far it was gone through, email_take one mail from its bytes to its event, email_filter and
 * email_authentication which ones make runs, email_touch what becomes of them, looked what is told of them. Mails are taken apart
 * by another process (parser.h).
 */
#include "box.h"
#include "event.h"
#include "login.h"
#include "../printable.h"
#include "take.h"
#include "touch.h"

#include <hostler/trigger.h>

#include <stdio.h>
#include <string.h>

#define STATE_CURSOR "cursor"

/* What one emit takes over: limits of hst_emit, and of the memory of a call. */
enum { MAILS_AT_ONCE = EMAIL_TOUCHES_MAX, JSON_AT_ONCE = 450 << 10, FILES_AT_ONCE = 500, FILE_BYTES_AT_ONCE = 64 << 20 };
/* Servers end a wait after half an hour, and boxes on the way forget a silent connection sooner. */
#define IDLE_US (9 * 60 * INT64_C(1000000))

struct email {
	const struct email_config *config;
	struct email_server server;
	struct email_login login;
	struct email_parser *parser;
	struct email_box *box; /* NULL: not connected */
	const char *of;        /* whose folder, for the cursor */

	bool loaded; /* the two below are what was kept */
	struct email_cursor cursor;
	struct looked looked;

	bool more;           /* there is something to do at once */
	size_t at_once;      /* how many mails go into one emit */
	int64_t looked_us;   /* when nothing was left, the last time */
};

/* What is kept as state, as it was. */
struct kept {
	struct email_cursor cursor;
	struct looked looked;
};

static int email_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	(void)call, (void)ret;
	return email_options_check(config, err);
}

static void make_of(struct email *email, hst_host *host)
{
	const struct email_config *config = email->config;
	size_t size = strlen(config->user) + strlen(config->server) + strlen(config->folder) + 4;
	char *of = host->alloc(host->instance_arena, size);

	snprintf(of, size, "%s@%s/%s", config->user, config->server, config->folder);
	email->of = of;
}

static int email_open(const void *options, hst_host *host, void **ret_state, hst_error *err)
{
	struct email *email = host->alloc(host->instance_arena, sizeof *email);
	const struct email_config *config = options;
	int code = email_options_check(config, err);

	if (code != HST_OK)
		return code;
	if (!config->password && !config->token)
		return hst_fail(err, HST_INVALID, "password: neither it nor a token is there to sign in with; say password = secret:NAME");
	email->config = config;
	email->login.config = config;
	email->more = true;
	email->at_once = MAILS_AT_ONCE;
	email->server = (struct email_server){
		.name = config->server,
		.port = config->port ? (unsigned)config->port : config->tls.index == EMAIL_TLS_IMPLICIT ? 993 : 143,
		.tls = config->tls.index,
		.ca = config->ca,
		.time_out_ms = config->time_out.ms,
	};
	make_of(email, host);
	code = email_parser_open(NULL, &email->parser, err);
	if (code == HST_OK)
		*ret_state = email;
	return code;
}

static void email_close(void *state)
{
	struct email *email = state;

	email_box_close(email->box);
	email_token_forget(&email->login.token);
	email_parser_close(email->parser);
}

static int put(struct email *email, hst_call *call, hst_error *err)
{
	char *cursor = hst_alloc(call, EMAIL_CURSOR_BYTES + strlen(email->of)), *looked = hst_alloc(call, LOOKED_BYTES);
	size_t length = email_cursor_write(&email->cursor, email->of, cursor, EMAIL_CURSOR_BYTES + strlen(email->of));
	int code = hst_state_put(call->host, STATE_CURSOR, cursor, length, err);

	length = looked_write(&email->looked, looked, LOOKED_BYTES);
	return code == HST_OK ? hst_state_put(call->host, HST_STATE_LOOKED, looked, length, err) : code;
}

static struct kept kept(const struct email *email)
{
	return (struct kept){email->cursor, email->looked};
}

/*
 * Stores events together with how far the folder was gone through. When that fails everything is as in `before`, also what waits for the
 * next emit, whatever that is of.
 */
static int store(struct email *email, hst_call *call, const struct kept *before, const hst_event *events, size_t n, hst_error *err)
{
	hst_error ignored = {0};
	int code = put(email, call, err);

	if (code == HST_OK)
		code = hst_emit(call->host, events, n, err);
	if (code != HST_OK) {
		email->cursor = before->cursor;
		email->looked = before->looked;
		put(email, call, &ignored);
	}
	return code;
}

/* NULL: nothing is kept under the name. */
static int get(hst_call *call, const char *name, const char **ret, hst_error *err)
{
	const void *bytes = NULL;
	hst_error why = {0};
	size_t length = 0;
	int code = hst_state_get(call, name, &bytes, &length, &why);

	*ret = code == HST_OK ? hst_copy(call, bytes, length) : NULL;
	return code == HST_OK || code == HST_NOT_FOUND ? HST_OK : hst_fail(err, (hst_code)code, "%s", why.text);
}

static int load(struct email *email, hst_call *call, bool *ret_known, hst_error *err)
{
	const char *cursor = NULL, *looked = NULL;
	int code = get(call, STATE_CURSOR, &cursor, err);

	if (code == HST_OK && !email->looked.n)
		code = get(call, HST_STATE_LOOKED, &looked, err);
	if (looked)
		looked_read(&email->looked, looked);
	*ret_known = cursor && email_cursor_read(cursor, email->of, &email->cursor);
	return code;
}

/*
 * What keeps it from looking at mails at all is told where people ask why none starts anything. Once, not with every try; and how far the
 * folder was gone through is none of it.
 */
static void note_failure(struct email *email, hst_call *call, const hst_error *err)
{
	const struct look *newest = looked_back(&email->looked, 0);
	char outcome[sizeof newest->outcome], *text = hst_alloc(call, LOOKED_BYTES);
	const char *kept = NULL;
	hst_error ignored = {0};

	if (!newest && get(call, HST_STATE_LOOKED, &kept, &ignored) != HST_OK)
		return;
	if (kept)
		looked_read(&email->looked, kept);
	newest = looked_back(&email->looked, 0);
	printable(err->text, outcome, sizeof outcome);
	if (newest && strcmp(newest->outcome, outcome) == 0)
		return;
	looked_add(&email->looked, hst_now_us(call->host), email->of, outcome);
	if (hst_state_put(call->host, HST_STATE_LOOKED, text, looked_write(&email->looked, text, LOOKED_BYTES), &ignored) == HST_OK)
		hst_emit(call->host, NULL, 0, &ignored);
}

/* What was taken over is marked, moved or deleted: only now, since its event is stored. That is noted by the next emit. */
static int touch(struct email *email, hst_call *call, hst_error *err)
{
	struct email_cursor *cursor = &email->cursor;
	hst_error why = {0};
	int code = email_touch(email->box, call, email->config->after.index, email->config->move_to, cursor->touches, cursor->touches_n, &why);

	if (code == HST_RETRY)
		return hst_fail(err, HST_RETRY, "%s", why.text);
	if (code != HST_OK)
		hst_log(call->host, HST_ERROR, "%zu mails were taken over and stay in %s as they are: %s; see `after`", cursor->touches_n,
			email->config->folder, why.text);
	cursor->touches_n = 0;
	return HST_OK;
}

/* Where to go on from in the folder that was just opened. */
static int settle(struct email *email, hst_call *call, hst_error *err)
{
	uint32_t validity = email_box_validity(email->box), next = email_box_next(email->box);
	struct kept before;
	bool known = email->loaded, changed;
	int code = known ? HST_OK : load(email, call, &known, err);

	if (code != HST_OK)
		return code;
	changed = !known || email->cursor.validity != validity || email->cursor.touches_n;
	if (!known)
		email_cursor_begin(&email->cursor, email->config->start.index, validity, next, hst_now_us(call->host));
	before = kept(email);
	if (email->cursor.validity != validity) {
		hst_log(call->host, HST_WARNING, "the server has numbered the mails of %s anew; those of the last days are looked at again, and "
			"none makes a second run", email->config->folder);
		email_cursor_renumbered(&email->cursor, validity, next);
	}
	if (email->cursor.touches_n)
		code = touch(email, call, err);
	if (code == HST_OK && changed)
		code = store(email, call, &before, NULL, 0, err);
	email->loaded = code == HST_OK;
	return code;
}

static void disconnect(struct email *email)
{
	email_box_close(email->box);
	email->box = NULL;
}

static int connect_box(struct email *email, hst_call *call, hst_error *err)
{
	const struct email_signing signing = {email_login, &email->login};
	int code = email_login_allowed(&email->login, call, err);

	if (code == HST_OK)
		code = email_box_open(call, &email->server, &signing, email->config->folder,
				      email->config->after.index == EMAIL_AFTER_LEAVE, &email->box, err);
	if (code == HST_OK && email->config->move_to)
		code = email_box_has(email->box, call, email->config->move_to, err);
	return code == HST_OK ? settle(email, call, err) : code;
}

/* Takes over what was found, as many at once as fit into one emit. */
static int take_over(struct email *email, hst_call *call, const struct email_uids *uids, hst_error *err)
{
	const struct email_taking taking = {email->config, email->box, email->parser, &email->cursor, &email->looked};
	hst_event *events = hst_alloc(call, email->at_once * sizeof *events);
	const struct kept before = kept(email);
	size_t n = 0, json = 0, files = 0, file_bytes = 0;
	struct email_taken taken;
	int code = HST_OK, stored;
	hst_error why = {0};

	for (size_t i = 0; i < uids->n && i < email->at_once && json < JSON_AT_ONCE && files < FILES_AT_ONCE && file_bytes < FILE_BYTES_AT_ONCE; i++) {
		code = email_take(&taking, call, uids->at[i], &taken, &why);
		if (code != HST_OK)
			break;
		email->cursor.uid = uids->at[i];
		json += taken.json_bytes;
		files += taken.files;
		file_bytes += taken.file_bytes;
		if (!taken.wanted)
			continue;
		events[n++] = taken.event;
		if (email->config->after.index != EMAIL_AFTER_LEAVE)
			email->cursor.touches[email->cursor.touches_n++] = uids->at[i];
	}
	/* What was understood before a failure is as good without the rest. */
	stored = email->cursor.uid != before.cursor.uid ? store(email, call, &before, events, n, err) : HST_OK;
	if (stored == HST_INVALID && email->at_once > 1) {
		email->at_once = 1;
		return HST_OK;
	}
	if (stored == HST_INVALID) {
		/* One that cannot be stored will never be: it is passed over, and that is told. */
		email->cursor.uid = uids->at[0];
		looked_add(&email->looked, hst_now_us(call->host), "a mail", err->text);
		hst_log(call->host, HST_ERROR, "the mail with the UID %u of %s is passed over: %s", uids->at[0], email->config->folder, err->text);
		stored = store(email, call, &before, NULL, 0, err);
	}
	if (stored != HST_OK)
		return stored;
	email->at_once = MAILS_AT_ONCE;
	return code == HST_OK ? HST_OK : hst_fail_as(err, (hst_code)code, why.reason, "%s", why.text);
}

static int look(struct email *email, hst_call *call, hst_error *err)
{
	struct email_search search;
	struct email_uids uids;
	struct kept before;
	int code;

	do {
		email_cursor_next(&email->cursor, &search.from, &search.to, &search.unseen, &search.since_us);
		code = search.to && search.from > search.to ? (uids.n = 0, HST_OK) : email_box_search(email->box, call, &search, &uids, err);
	} while (code == HST_OK && !uids.n && email_cursor_exhausted(&email->cursor, hst_now_us(call->host)));
	if (code != HST_OK)
		return code;
	email->more = uids.n > 0;
	if (uids.n)
		code = take_over(email, call, &uids, err);
	if (code != HST_OK || !email->cursor.touches_n)
		return code;
	before = kept(email);
	code = touch(email, call, err);
	return code == HST_OK ? store(email, call, &before, NULL, 0, err) : code;
}

/* The server is to say when there is more. */
static int rest(struct email *email, hst_call *call, hst_error *err)
{
	int code = HST_OK;

	email->looked_us = hst_now_us(call->host);
	if (email->config->idle && email_box_can_idle(email->box)) {
		code = email_box_idle(email->box, call, err);
		email->more = code == HST_OK && !email_box_idles(email->box);
	}
	return code;
}

static int work(struct email *email, hst_call *call, hst_error *err)
{
	int code = email->box ? email_box_wake(email->box, call, err) : connect_box(email, call, err);

	if (code == HST_OK)
		code = look(email, call, err);
	if (code == HST_OK && !email->more)
		code = rest(email, call, err);
	return code;
}

static int email_ready(void *state, hst_call *call, hst_error *err)
{
	struct email *email = state;
	bool kept = email->box != NULL;
	int code = work(email, call, err);

	/* A connection that was lost while nothing happened is a thing of every day. */
	if (code == HST_RETRY && kept && !email_box_lives(email->box)) {
		disconnect(email);
		code = work(email, call, err);
	}
	if (code == HST_OK)
		return HST_OK;
	disconnect(email);
	email->more = true;
	if (code != HST_CANCELLED && !hst_cancelled(call))
		note_failure(email, call, err);
	return code;
}

static int email_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct email *email = state;

	(void)call, (void)err;
	ret->fd = -1;
	if (email->more || !email->box || (email_box_idles(email->box) && email_box_news(email->box))) {
		ret->at.us = 1;
	} else if (email_box_idles(email->box)) {
		ret->fd = email_box_fd(email->box);
		ret->at.us = email->looked_us + IDLE_US;
	} else {
		ret->at.us = email->looked_us + email->config->every.ms * 1000;
	}
	return HST_OK;
}

/* Signs in and opens the folder, and changes nothing there. */
static int email_check(void *state, hst_call *call, hst_error *err)
{
	struct email *email = state;
	const struct email_signing signing = {email_login, &email->login};
	struct email_box *box = NULL;
	int code = email_login_allowed(&email->login, call, err);

	if (code == HST_OK)
		code = email_box_open(call, &email->server, &signing, email->config->folder, true, &box, err);
	if (code == HST_OK && email->config->move_to)
		code = email_box_has(box, call, email->config->move_to, err);
	email_box_close(box);
	return code;
}

static const hst_trigger_ops email_ops = {
	.size = sizeof email_ops,
	.watch = email_watch,
	.ready = email_ready,
};

HST_PLUGIN(email) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "email",
	.version = "1.0",
	.summary = "Each mail that comes into a folder of an IMAP server",
	.config_size = sizeof(struct email_config),
	.options = HST_FIELDS(email_options),
	.event = HST_FIELDS(email_event_fields),
	.fields = email_fields,
	.open = email_open,
	.check = email_check,
	.close = email_close,
	.ops = &email_ops,
	.about = "[email.md](../email.md) says how a mailbox is set up, what is checked before the password is sent, and why each mail makes "
		 "one run.",
};
