#include "box.h"

#include "folders.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PIECE_BYTES = 512 << 10, FIRST_ROOM = 1 << 20 };

struct email_box {
	mailimap *session;
	struct email_stream *stream; /* the session's */
	const struct email_server *server;
	const char *folder;
	uint32_t validity, next;
	bool idles;
};

static int lost(struct email_box *box, const char *doing, int rc, hst_error *err)
{
	const char *trouble = email_stream_trouble(box->stream);
	const char *said = box->session->imap_response ? box->session->imap_response : "";

	email_stream_break(box->stream);
	if (*trouble)
		return hst_fail(err, HST_RETRY, "the mail server %s, %s: %s", box->server->name, doing, trouble);
	if (rc == MAILIMAP_ERROR_PARSE)
		return hst_fail(err, HST_RETRY, "the mail server %s, %s: it said what cannot be understood", box->server->name, doing);
	return hst_fail(err, HST_RETRY, "the mail server %s, %s: it refused: %.200s", box->server->name, doing, said);
}

static bool fine(int rc)
{
	return rc == MAILIMAP_NO_ERROR || rc == MAILIMAP_NO_ERROR_AUTHENTICATED || rc == MAILIMAP_NO_ERROR_NON_AUTHENTICATED;
}

static void begin(struct email_box *box, hst_call *call)
{
	email_stream_begin(box->stream, call);
}

static int start_tls(struct email_box *box, hst_error *err)
{
	int rc = mailimap_starttls(box->session);

	if (!fine(rc) && !*email_stream_trouble(box->stream))
		return hst_fail(err, HST_DENIED, "the mail server %s does not secure connections to port %u (STARTTLS): %.200s; see `tls`",
				box->server->name, box->server->port, box->session->imap_response ? box->session->imap_response : "");
	return fine(rc) ? email_stream_secure(box->stream, box->session->imap_stream, box->server, err)
			: lost(box, "securing the connection", rc, err);
}

/* What the server was said to be able to do before the connection was secured, and before somebody signed in, counts for nothing. */
static int ask_capabilities(struct email_box *box, hst_error *err)
{
	struct mailimap_capability_data *data = NULL;
	int rc = mailimap_capability(box->session, &data);

	if (fine(rc) && data)
		mailimap_capability_data_free(data);
	return fine(rc) ? HST_OK : lost(box, "asking what it can do", rc, err);
}

static int select_folder(struct email_box *box, bool read_only, hst_error *err)
{
	int rc = read_only ? mailimap_examine(box->session, box->folder) : mailimap_select(box->session, box->folder);
	const struct mailimap_selection_info *info = box->session->imap_selection_info;

	if (!fine(rc) && !*email_stream_trouble(box->stream) && rc != MAILIMAP_ERROR_PARSE)
		return email_folders_missing(box->session, box->server->name, box->folder, err);
	if (!fine(rc))
		return lost(box, "opening the folder", rc, err);
	box->validity = info->sel_uidvalidity;
	box->next = info->sel_uidnext;
	if (!box->validity || !box->next)
		return hst_fail(err, HST_DENIED, "the mail server %s keeps no lasting numbers (UIDs) in the folder %s, so nobody can tell which "
				"mails are new", box->server->name, box->folder);
	return HST_OK;
}

static int enter(struct email_box *box, hst_call *call, const struct email_signing *signing, bool read_only, hst_error *err)
{
	int rc = mailimap_connect(box->session, email_stream_lend(box->stream));
	int code = fine(rc) ? HST_OK : lost(box, "greeting", rc, err);

	if (code == HST_OK && rc == MAILIMAP_NO_ERROR_AUTHENTICATED)
		code = hst_fail(err, HST_DENIED, "the mail server %s lets everybody in without a password, so it is not the one", box->server->name);
	if (code == HST_OK && box->server->tls == EMAIL_TLS_STARTTLS)
		code = start_tls(box, err);
	if (code == HST_OK)
		code = ask_capabilities(box, err);
	if (code == HST_OK)
		code = signing->sign_in(signing->context, call, box->session, err);
	email_stream_wipe(box->session->imap_stream);
	if (code == HST_RETRY && *email_stream_trouble(box->stream))
		code = lost(box, "signing in", MAILIMAP_ERROR_STREAM, err);
	if (code == HST_OK)
		code = ask_capabilities(box, err);
	return code == HST_OK ? select_folder(box, read_only, err) : code;
}

int email_box_open(hst_call *call, const struct email_server *server, const struct email_signing *signing, const char *folder,
		   bool read_only, struct email_box **ret, hst_error *err)
{
	struct email_stream *stream = NULL;
	struct email_box *box;
	int code = email_stream_open(call, server, &stream, err);

	if (code != HST_OK)
		return code;
	box = calloc(1, sizeof *box);
	if (!box || !(box->session = mailimap_new(0, NULL)))
		abort();
	box->stream = stream;
	box->server = server;
	box->folder = folder;
	code = enter(box, call, signing, read_only, err);
	if (code == HST_OK)
		*ret = box;
	else
		email_box_close(box);
	return code;
}

void email_box_close(struct email_box *box)
{
	if (!box)
		return;
	email_stream_begin(box->stream, NULL);
	if (box->idles)
		email_stream_break(box->stream);
	mailimap_free(box->session);
	free(box);
}

int email_box_has(struct email_box *box, hst_call *call, const char *folder, hst_error *err)
{
	clist *found = NULL;
	bool there;
	int rc;

	begin(box, call);
	rc = mailimap_list(box->session, "", folder, &found);
	if (!fine(rc))
		return lost(box, "looking for a folder", rc, err);
	there = clist_count(found) > 0;
	mailimap_list_result_free(found);
	return there ? HST_OK : email_folders_missing(box->session, box->server->name, folder, err);
}

bool email_box_lives(const struct email_box *box)
{
	return !*email_stream_trouble(box->stream);
}

uint32_t email_box_validity(const struct email_box *box)
{
	return box->validity;
}

uint32_t email_box_next(const struct email_box *box)
{
	return box->next;
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static struct mailimap_search_key *both(struct mailimap_search_key *all, struct mailimap_search_key *one)
{
	clist_append(all->sk_data.sk_multiple, one);
	return all;
}

static struct mailimap_search_key *unread(void)
{
	return mailimap_search_key_new(MAILIMAP_SEARCH_KEY_UNSEEN, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
				       NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL);
}

static struct mailimap_search_key *key_of(const struct email_search *search)
{
	struct mailimap_search_key *key = mailimap_search_key_new_multiple_empty();
	time_t since = (time_t)(search->since_us / 1000000);
	struct tm day;

	both(key, mailimap_search_key_new_uid(mailimap_set_new_interval(search->from, search->to)));
	if (search->unseen)
		both(key, unread());
	if (search->since_us) {
		gmtime_r(&since, &day);
		both(key, mailimap_search_key_new_since(mailimap_date_new(day.tm_mday, day.tm_mon + 1, day.tm_year + 1900)));
	}
	return key;
}

int email_box_search(struct email_box *box, hst_call *call, const struct email_search *search, struct email_uids *ret, hst_error *err)
{
	struct mailimap_search_key *key = key_of(search);
	clist *found = NULL;
	int rc;

	begin(box, call);
	rc = mailimap_uid_search(box->session, NULL, key, &found);
	mailimap_search_key_free(key);
	if (!fine(rc))
		return lost(box, "looking for mails", rc, err);
	ret->at = hst_alloc(call, ((size_t)clist_count(found) + 1) * sizeof *ret->at);
	ret->n = 0;
	for (clistiter *cell = clist_begin(found); cell; cell = clist_next(cell)) {
		uint32_t uid = *(uint32_t *)clist_content(cell);

		/* "7:*" is also the last mail there is, be its number lower than 7. */
		if (uid >= search->from && (!search->to || uid <= search->to))
			ret->at[ret->n++] = uid;
	}
	mailimap_search_result_free(found);
	qsort(ret->at, ret->n, sizeof *ret->at, by_number);
	return HST_OK;
}

static void make_room(struct email_raw *raw, size_t n)
{
	size_t room = raw->room ? raw->room : FIRST_ROOM;
	void *mapped;

	if (n <= raw->room)
		return;
	while (room < n)
		room *= 2;
	mapped = raw->bytes ? mremap(raw->bytes, raw->room, room, MREMAP_MAYMOVE)
			    : mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		abort();
	raw->bytes = mapped;
	raw->room = room;
}

void email_raw_free(struct email_raw *raw)
{
	if (raw->bytes)
		munmap(raw->bytes, raw->room);
	*raw = (struct email_raw){0};
}

static int64_t moment_of(const struct mailimap_date_time *date)
{
	struct tm parts = {.tm_mday = date->dt_day, .tm_mon = date->dt_month - 1, .tm_year = date->dt_year - 1900,
			   .tm_hour = date->dt_hour, .tm_min = date->dt_min, .tm_sec = date->dt_sec};
	/* libetpan has "+0130" as the number 130. */
	int64_t ahead_s = date->dt_zone / 100 * 3600 + date->dt_zone % 100 * 60;

	return ((int64_t)timegm(&parts) - ahead_s) * 1000000;
}

/* What one answer to a fetch says. */
struct piece {
	bool there;
	uint32_t size;
	int64_t received_us;
	const char *bytes;
	size_t n;
};

static void take_item(const struct mailimap_msg_att_item *item, struct piece *ret)
{
	const struct mailimap_msg_att_static *said = item->att_data.att_static;

	if (item->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC || !said)
		return;
	if (said->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE)
		ret->size = said->att_data.att_rfc822_size;
	if (said->att_type == MAILIMAP_MSG_ATT_INTERNALDATE && said->att_data.att_internal_date)
		ret->received_us = moment_of(said->att_data.att_internal_date);
	if (said->att_type == MAILIMAP_MSG_ATT_BODY_SECTION && said->att_data.att_body_section->sec_body_part) {
		ret->there = true;
		ret->bytes = said->att_data.att_body_section->sec_body_part;
		ret->n = said->att_data.att_body_section->sec_length;
	}
}

static struct mailimap_fetch_type *piece_wanted(size_t offset)
{
	struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
	struct mailimap_section *whole = mailimap_section_new(NULL);

	mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_uid());
	if (!offset) {
		mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_rfc822_size());
		mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_internaldate());
	}
	mailimap_fetch_type_new_fetch_att_list_add(
		type, mailimap_fetch_att_new_body_peek_section_partial(whole, (uint32_t)offset, PIECE_BYTES));
	return type;
}

/* True: there may be more of it. */
static int fetch_piece(struct email_box *box, hst_call *call, uint32_t uid, size_t most, struct email_raw *raw, bool *ret_more,
		       hst_error *err)
{
	struct mailimap_fetch_type *type = piece_wanted(raw->n);
	struct mailimap_set *set = mailimap_set_new_single(uid);
	struct piece piece = {0};
	clist *answers = NULL;
	int rc, code = HST_OK;

	begin(box, call);
	rc = mailimap_uid_fetch(box->session, set, type, &answers);
	mailimap_set_free(set);
	mailimap_fetch_type_free(type);
	if (!fine(rc))
		return lost(box, "fetching a mail", rc, err);
	for (clistiter *cell = clist_begin(answers); cell; cell = clist_next(cell)) {
		struct piece one = {0};
		const struct mailimap_msg_att *answer = clist_content(cell);

		for (clistiter *item = clist_begin(answer->att_list); item; item = clist_next(item))
			take_item(clist_content(item), &one);
		/* Among them may be flags of other mails that the server wanted to be said. */
		if (one.there)
			piece = one;
	}
	if (!raw->n)
		raw->received_us = piece.received_us;
	if (!piece.there && !raw->n)
		code = hst_fail(err, HST_NOT_FOUND, "it is not there any more");
	else if (piece.size > most || raw->n + piece.n > most)
		code = hst_fail(err, HST_INVALID, "it is larger than %zu MiB", most >> 20);
	*ret_more = code == HST_OK && piece.n == PIECE_BYTES;
	if (code == HST_OK && piece.n) {
		make_room(raw, raw->n + piece.n);
		memcpy(raw->bytes + raw->n, piece.bytes, piece.n);
		raw->n += piece.n;
	}
	mailimap_fetch_list_free(answers);
	return code;
}

int email_box_fetch(struct email_box *box, hst_call *call, uint32_t uid, size_t most, struct email_raw *ret, hst_error *err)
{
	bool more = true;
	int code = HST_OK;

	email_raw_free(ret);
	while (more && code == HST_OK)
		code = fetch_piece(box, call, uid, most, ret, &more, err);
	return code;
}

mailimap *email_box_session(struct email_box *box, hst_call *call)
{
	begin(box, call);
	return box->session;
}

int email_box_lost(struct email_box *box, const char *doing, int rc, hst_error *err)
{
	return lost(box, doing, rc, err);
}

bool email_box_can_idle(const struct email_box *box)
{
	return mailimap_has_idle(box->session);
}

/*
 * libetpan's own drops what the server says between the command and the "+" that it has understood it, such as that a mail has come.
 * Here every other line means that there is news.
 */
int email_box_idle(struct email_box *box, hst_call *call, hst_error *err)
{
	mailimap *session = box->session;
	bool news = false;

	begin(box, call);
	if (mailimap_send_current_tag(session) != MAILIMAP_NO_ERROR || mailstream_write(session->imap_stream, "IDLE\r\n", 6) != 6 ||
	    mailstream_flush(session->imap_stream) < 0)
		return lost(box, "beginning to wait", MAILIMAP_ERROR_STREAM, err);
	for (;;) {
		const char *line = mailimap_read_line(session);

		if (!line)
			return lost(box, "beginning to wait", MAILIMAP_ERROR_STREAM, err);
		if (line[0] == '+')
			break;
		if (line[0] != '*')
			return lost(box, "beginning to wait", MAILIMAP_ERROR_PARSE, err);
		news = true;
	}
	box->idles = true;
	return news ? email_box_wake(box, call, err) : HST_OK;
}

bool email_box_idles(const struct email_box *box)
{
	return box->idles;
}

int email_box_fd(const struct email_box *box)
{
	return email_stream_fd(box->stream);
}

bool email_box_news(const struct email_box *box)
{
	return email_stream_pending(box->stream, box->session->imap_stream);
}

int email_box_wake(struct email_box *box, hst_call *call, hst_error *err)
{
	int rc;

	if (!box->idles)
		return HST_OK;
	begin(box, call);
	box->idles = false;
	rc = mailimap_idle_done(box->session);
	return fine(rc) ? HST_OK : lost(box, "waiting", rc, err);
}
