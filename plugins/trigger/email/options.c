#include "options.h"

#include <string.h>

static const char *const tls_words[] = {"implicit", "starttls", "none", NULL};
static const char *const start_words[] = {"now", "all", "unseen", NULL};
static const char *const after_words[] = {"leave", "read", "move", "delete", NULL};
static const char *const importance_words[] = {"any", "low", "normal", "high", NULL};

const hst_field email_options[EMAIL_OPTIONS_N] = {
	HST_FIELD(struct email_config, server, .required = true, .doc = "name of the IMAP server, such as imap.example.com"),
	HST_FIELD(struct email_config, port, .min = 0, .max = 65535, .def = "0",
		  .doc = "its port; 0: 993, or 143 where the connection begins in the clear"),
	HST_FIELD(struct email_config, tls, .choices = tls_words, .def = "implicit",
		  .doc = "how the connection is secured: from its first byte, by STARTTLS, or not at all, which only this machine itself may be asked"),
	HST_FIELD(struct email_config, ca,
		  .doc = "file with the certificates (PEM) to trust instead of those that the system trusts"),
	HST_FIELD(struct email_config, user, .required = true, .doc = "whose mailbox it is, as the server knows them"),
	HST_FIELD(struct email_config, password, .doc = "the password; this or token"),
	HST_FIELD(struct email_config, token,
		  .doc = "signs in by XOAUTH2: the refresh token where token_url is given, else the access token itself"),
	HST_FIELD(struct email_config, token_url, .doc = "where access tokens are got for the refresh token: an https:// address"),
	HST_FIELD(struct email_config, token_ca, .doc = "file with the certificates (PEM) to trust there instead of the system's"),
	HST_FIELD(struct email_config, client_id, .doc = "what this application is called at token_url"),
	HST_FIELD(struct email_config, client_secret, .doc = "and its secret there, where it has one"),
	HST_FIELD(struct email_config, scope, .doc = "what is asked for at token_url, where that has to be said"),
	HST_FIELD(struct email_config, folder, .def = "INBOX", .doc = "the folder that is watched, as the server writes its name"),
	HST_FIELD(struct email_config, start, .choices = start_words, .def = "now",
		  .doc = "which of the mails that are there when it is watched for the first time count: none, all, or those unread"),
	HST_FIELD(struct email_config, idle, .def = "yes", .doc = "let the server say when a mail comes, where it can (IDLE)"),
	HST_FIELD(struct email_config, every, .def = "60s", .min = 1000, .max = 86400000,
		  .doc = "time between two looks where the server does not say it"),
	HST_FIELD(struct email_config, time_out, .def = "60s", .min = 1000, .max = 300000,
		  .doc = "a server that is silent for so long when it should answer counts as gone"),
	HST_FIELD(struct email_config, from,
		  .doc = "only mails from one of these: ada@example.org, or @example.org for everybody there"),
	HST_FIELD(struct email_config, to, .doc = "only mails to one of these, written like from"),
	HST_FIELD(struct email_config, cc, .doc = "only mails with a copy to one of these, written like from"),
	HST_FIELD(struct email_config, subject, .doc = "only mails whose subject contains this, in capitals or not"),
	HST_FIELD(struct email_config, importance, .choices = importance_words, .def = "any", .doc = "only mails of this importance"),
	HST_FIELD(struct email_config, with_attachments, .def = "no", .doc = "only mails that something is attached to"),
	HST_FIELD(struct email_config, require_authentication,
		  .doc = "only mails whose sender this server has found to be true: the name it puts first into Authentication-Results"),
	HST_FIELD(struct email_config, include_attachments, .def = "no", .doc = "make files of the run of what is attached"),
	HST_FIELD(struct email_config, attachments_most, .def = "50", .min = 1, .max = 100, .doc = "how many of one mail at most"),
	HST_FIELD(struct email_config, attachment_max, .def = "25", .min = 1, .max = 64, .doc = "larger ones are left out: MiB of one"),
	HST_FIELD(struct email_config, attachments_max, .def = "50", .min = 1, .max = 64, .doc = "MiB of all of one mail together"),
	HST_FIELD(struct email_config, attachment_types,
		  .doc = "only such: .pdf for an end of the name, application/pdf or image/* for a type"),
	HST_FIELD(struct email_config, after, .choices = after_words, .def = "leave",
		  .doc = "what becomes of a mail when its event is stored: nothing, marked as read, moved to another folder, deleted"),
	HST_FIELD(struct email_config, move_to, .doc = "where to, with after = move"),
};

static int check_credentials(const struct email_config *config, hst_error *err)
{
	/* Where options are only looked at, secrets are not there. */
	if (config->password && config->token)
		return hst_fail(err, HST_INVALID, "token: there is a password, too; leave one of them out");
	if (config->token_url && strncmp(config->token_url, "https://", 8) != 0)
		return hst_fail(err, HST_INVALID, "token_url: it has to begin with https://, since a token goes there");
	if (config->token_url && !config->client_id)
		return hst_fail(err, HST_INVALID, "token_url: it needs a client_id");
	if (!config->token_url && (config->client_id || config->client_secret || config->scope || config->token_ca))
		return hst_fail(err, HST_INVALID, "%s: this is only said to token_url, and there is none",
				config->client_id ? "client_id" : config->client_secret ? "client_secret" : config->scope ? "scope" : "token_ca");
	return HST_OK;
}

static int check_patterns(const char *option, const hst_texts *patterns, hst_error *err)
{
	for (size_t i = 0; i < patterns->n; i++) {
		const char *at = strchr(patterns->at[i], '@');

		if (!at || !at[1] || strchr(at + 1, '@'))
			return hst_fail(err, HST_INVALID, "%s: \"%.100s\" is no address; write ada@example.org, or @example.org for all of them",
					option, patterns->at[i]);
	}
	return HST_OK;
}

int email_options_check(const struct email_config *config, hst_error *err)
{
	int code = check_credentials(config, err);

	if (code == HST_OK)
		code = check_patterns("from", &config->from, err);
	if (code == HST_OK)
		code = check_patterns("to", &config->to, err);
	if (code == HST_OK)
		code = check_patterns("cc", &config->cc, err);
	if (code != HST_OK)
		return code;
	if (config->tls.index == EMAIL_TLS_NONE && config->ca)
		return hst_fail(err, HST_INVALID, "ca: nothing is checked with it, since tls = none");
	if ((config->after.index == EMAIL_AFTER_MOVE) != (config->move_to != NULL))
		return hst_fail(err, HST_INVALID, config->move_to ? "move_to: it needs after = move" : "after: move needs move_to, the folder");
	if (config->move_to && strcmp(config->move_to, config->folder) == 0)
		return hst_fail(err, HST_INVALID, "move_to: this is the folder that is watched");
	if (config->attachment_types.n && !config->include_attachments)
		return hst_fail(err, HST_INVALID, "attachment_types: no attachments are included; say include_attachments = yes");
	return HST_OK;
}
