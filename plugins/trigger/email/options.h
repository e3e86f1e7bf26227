/* What the section of a mailbox says. What is wrong is told with the name of the option in front. */
#ifndef PLUGINS_TRIGGER_EMAIL_OPTIONS_H
#define PLUGINS_TRIGGER_EMAIL_OPTIONS_H

#include <hostler/error.h>
#include <hostler/fields.h>

enum email_tls { EMAIL_TLS_IMPLICIT, EMAIL_TLS_STARTTLS, EMAIL_TLS_NONE };
enum email_start { EMAIL_START_NOW, EMAIL_START_ALL, EMAIL_START_UNSEEN };
enum email_after { EMAIL_AFTER_LEAVE, EMAIL_AFTER_READ, EMAIL_AFTER_MOVE, EMAIL_AFTER_DELETE };
enum email_wanted { EMAIL_WANTED_ANY, EMAIL_WANTED_LOW, EMAIL_WANTED_NORMAL, EMAIL_WANTED_HIGH };

struct email_config {
	const char *server;
	int64_t port; /* 0: the usual one */
	hst_choice tls;
	const char *ca;
	const char *user;
	hst_secret *password;
	hst_secret *token;
	const char *token_url, *client_id, *scope;
	hst_secret *client_secret;
	const char *token_ca;

	const char *folder;
	hst_choice start;
	bool idle;
	hst_duration every;
	hst_duration time_out;

	hst_texts from, to, cc;
	const char *subject;
	hst_choice importance;
	bool with_attachments;
	const char *require_authentication;

	bool include_attachments;
	int64_t attachments_most; /* how many */
	int64_t attachment_max, attachments_max; /* MiB */
	hst_texts attachment_types;
	hst_choice after;
	const char *move_to;
};

enum { EMAIL_OPTIONS_N = 31 };
extern const hst_field email_options[EMAIL_OPTIONS_N];

/* What no table can say: which options need or exclude each other. */
int email_options_check(const struct email_config *config, hst_error *err);

#endif
