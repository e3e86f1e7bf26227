#include "touch.h"

#include "options.h"
#include "../printable.h"

static struct mailimap_set *set_of(const uint32_t *uids, size_t n)
{
	struct mailimap_set *set = mailimap_set_new_empty();

	for (size_t i = 0; i < n; i++)
		mailimap_set_add_single(set, uids[i]);
	return set;
}

/* A refusal leaves the connection as good as it was. */
static int judged(struct email_box *box, mailimap *session, const char *doing, int rc, hst_error *err)
{
	char said[200];

	if (rc == MAILIMAP_NO_ERROR)
		return HST_OK;
	if (rc == MAILIMAP_ERROR_STREAM || rc == MAILIMAP_ERROR_PARSE || rc == MAILIMAP_ERROR_FATAL || rc == MAILIMAP_ERROR_BAD_STATE)
		return email_box_lost(box, doing, rc, err);
	printable(session->imap_response ? session->imap_response : "", said, sizeof said);
	return hst_fail(err, HST_DENIED, "%s was refused: %s", doing, said);
}

static int set_flag(struct email_box *box, mailimap *session, struct mailimap_set *set, struct mailimap_flag *flag, const char *doing,
		    hst_error *err)
{
	struct mailimap_flag_list *flags = mailimap_flag_list_new_empty();
	struct mailimap_store_att_flags *wanted;
	int rc;

	mailimap_flag_list_add(flags, flag);
	wanted = mailimap_store_att_flags_new_add_flags_silent(flags);
	rc = mailimap_uid_store(session, set, wanted);
	mailimap_store_att_flags_free(wanted);
	return judged(box, session, doing, rc, err);
}

/* EXPUNGE alone would also remove what a person has marked and might want back. */
static int delete(struct email_box *box, mailimap *session, struct mailimap_set *set, hst_error *err)
{
	int code = set_flag(box, session, set, mailimap_flag_new_deleted(), "deleting mails", err);

	if (code != HST_OK || !mailimap_has_uidplus(session))
		return code;
	return judged(box, session, "removing deleted mails", mailimap_uid_expunge(session, set), err);
}

static int move(struct email_box *box, mailimap *session, struct mailimap_set *set, const char *to, hst_error *err)
{
	int code;

	if (mailimap_has_extension(session, "MOVE"))
		return judged(box, session, "moving mails", mailimap_uid_move(session, set, to), err);
	code = judged(box, session, "copying mails", mailimap_uid_copy(session, set, to), err);
	return code == HST_OK ? delete(box, session, set, err) : code;
}

int email_touch(struct email_box *box, hst_call *call, int after, const char *move_to, const uint32_t *uids, size_t n, hst_error *err)
{
	mailimap *session = email_box_session(box, call);
	struct mailimap_set *set;
	int code = HST_OK;

	if (!n || after == EMAIL_AFTER_LEAVE)
		return HST_OK;
	set = set_of(uids, n);
	if (after == EMAIL_AFTER_READ)
		code = set_flag(box, session, set, mailimap_flag_new_seen(), "marking mails as read", err);
	else if (after == EMAIL_AFTER_DELETE)
		code = delete(box, session, set, err);
	else
		code = move(box, session, set, move_to, err);
	mailimap_set_free(set);
	return code;
}
