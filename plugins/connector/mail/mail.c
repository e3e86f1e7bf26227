/*
 * Sends mail by SMTP.
 *
 *	[connector post]
 *	plugin   = mail
 *	server   = smtp.example.com
 *	from     = Robot <robot@example.com>
 *	user     = robot@example.com
 *	password = secret:post
 */
#include "smtp.h"
#include "../transfer.h"

#include <hostler/connector.h>

#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { TEXT_MAX = 1 << 20, SUBJECT_MAX = 2000, FILES_MAX = 100 };

struct mail_config {
	const char *server, *ca, *user, *from;
	int64_t port, max_size;
	hst_choice tls;
	hst_secret *password;
};

static const char *const tls_words[] = {"implicit", "starttls", "none", NULL};

static const hst_field mail_options[] = {
	HST_FIELD(struct mail_config, server, .required = true, .min = 1, .max = 253, .doc = "name of the SMTP server"),
	HST_FIELD(struct mail_config, tls, .choices = tls_words, .def = "implicit",
		  .doc = "how the connection is secured: from its first byte, by STARTTLS, or not at all, which reaches this machine alone"),
	HST_FIELD(struct mail_config, port, .min = 1, .max = 65535, .doc = "left out: 465, 587 with starttls, 25 with none"),
	HST_FIELD(struct mail_config, ca, .max = 4000, .doc = "file with the certificates (PEM) to trust instead of those that the system trusts"),
	HST_FIELD(struct mail_config, user, .max = 254, .doc = "who signs in; left out: nobody does"),
	HST_FIELD(struct mail_config, password, .max = 4096, .doc = "of that user: secret:NAME"),
	HST_FIELD(struct mail_config, from, .required = true, .min = 3, .max = 500, .doc = "the sender of every mail: Robot <robot@example.com>"),
	HST_FIELD(struct mail_config, max_size, .def = "26214400", .min = 0, .max = 268435456,
		  .doc = "bytes that the attachments of a mail have together, at most"),
};

struct mail {
	struct mail_server server;
	const char *from;
	int64_t max_size;
};

static int read_from(hst_call *call, const char *from, struct mail_addresses *ret, hst_error *err)
{
	int code = mail_addresses_read(call, "from", &(hst_texts){.n = 1, .at = &from}, ret, err);

	return code == HST_OK && ret->n != 1 ? hst_fail(err, HST_INVALID, "from: one sender is wanted") : code;
}

static int mail_open(const void *given, hst_host *host, void **ret_state, hst_error *err)
{
	const struct mail_config *config = given;
	struct mail *mail = host->alloc(host->instance_arena, sizeof *mail);
	int code;

	*mail = (struct mail){.from = config->from, .max_size = config->max_size};
	mail->server = (struct mail_server){.name = config->server,
					    .port = config->port,
					    .security = (enum mail_security)config->tls.index,
					    .ca = config->ca,
					    .user = config->user,
					    .password = config->password};
	code = mail_server_check(&mail->server, err);
	if (code == HST_OK) {
		struct mail_addresses from = {0};
		hst_call call = {.size = sizeof call, .host = host, .arena = host->instance_arena, .deadline_us = INT64_MAX};

		code = read_from(&call, config->from, &from, err);
	}
	if (code == HST_OK)
		code = transfer_start(err);
	if (code == HST_OK)
		*ret_state = mail;
	return code;
}

static int mail_check(void *state, hst_call *call, hst_error *err)
{
	const struct mail *mail = state;

	return mail_sign_in(&mail->server, call, err);
}

struct send_input {
	hst_texts to, cc, bcc, reply_to, references;
	const char *subject, *text, *html, *in_reply_to;
	hst_files attachments;
};

struct send_output {
	const char *message_id;
	int64_t accepted;
};

static const hst_field send_inputs[] = {
	HST_FIELD(struct send_input, to, .required = true, .doc = "addresses, with commas between: Ada <ada@example.org>, bob@example.org"),
	HST_FIELD(struct send_input, cc, .doc = "who gets a copy, for all to see"),
	HST_FIELD(struct send_input, bcc, .doc = "who gets a copy that nobody else sees"),
	HST_FIELD(struct send_input, reply_to, .doc = "where answers go, if not to the sender"),
	HST_FIELD(struct send_input, subject, .max = SUBJECT_MAX, .doc = "one line"),
	HST_FIELD(struct send_input, text, .max = TEXT_MAX, .doc = "the letter"),
	HST_FIELD(struct send_input, html, .max = TEXT_MAX, .doc = "the letter as HTML, instead of the text or beside it"),
	HST_FIELD(struct send_input, in_reply_to, .max = 4000, .doc = "message id of the mail that this one answers: ${trigger.message_id}"),
	HST_FIELD(struct send_input, references, .doc = "ids of the conversation before that, the oldest first: ${trigger.references}"),
	HST_FIELD(struct send_input, attachments, .doc = "files of the run"),
};

static const hst_field send_outputs[] = {
	HST_FIELD(struct send_output, message_id, .required = true, .doc = "the id that the mail got, without its angle brackets"),
	HST_FIELD(struct send_output, accepted, .doc = "for how many recipients the server took it: for all of them"),
};

/* A mail that is made again because nobody heard how it ended has the id of the first one: whoever gets both can tell. */
static int make_id(hst_call *call, const char *from, const char **ret, hst_error *err)
{
	const char *once = hst_once(call), *domain = strchr(from, '@');
	size_t size = 120 + strlen(domain);
	char *id = hst_alloc(call, size);
	unsigned long long chance[2];

	if (!once && getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
		return hst_fail(err, HST_RETRY, "the system gives no chance to make an id of");
	if (once)
		snprintf(id, size, "%.100s%s", once, domain);
	else
		snprintf(id, size, "%016llx%016llx%s", chance[0], chance[1], domain);
	*ret = id;
	return HST_OK;
}

static int check_files(const struct mail *mail, hst_call *call, const hst_files *files, hst_error *err)
{
	int64_t size = 0;
	struct stat file;

	if (files->n > FILES_MAX)
		return hst_fail(err, HST_INVALID, "attachments: a mail has at most %d of them, got %zu", FILES_MAX, files->n);
	for (size_t i = 0; i < files->n; i++)
		size += stat(hst_file_path(call, files->at[i]), &file) == 0 ? file.st_size : 0;
	if (size > mail->max_size)
		return hst_fail(err, HST_INVALID, "attachments: they have %lld bytes, and max_size of this connector grants %lld", (long long)size,
				(long long)mail->max_size);
	return HST_OK;
}

/* Who is named twice gets one mail. */
static void drop_known(struct mail_addresses *addresses, const struct mail_addresses *known)
{
	size_t n = 0;

	for (size_t i = 0; i < addresses->n; i++)
		if (!mail_addresses_have(known, addresses->at[i].address))
			addresses->at[n++] = addresses->at[i];
	addresses->n = n;
}

static int read_addresses(hst_call *call, const struct send_input *in, struct mail_letter *letter, hst_error *err)
{
	const struct {
		const char *field;
		const hst_texts *texts;
		struct mail_addresses *to;
	} fields[] = {
		{"to", &in->to, &letter->to}, {"cc", &in->cc, &letter->cc}, {"bcc", &in->bcc, &letter->bcc}, {"reply_to", &in->reply_to, &letter->reply_to}};
	int code = HST_OK;

	for (size_t i = 0; i < sizeof fields / sizeof fields[0] && code == HST_OK; i++)
		code = mail_addresses_read(call, fields[i].field, fields[i].texts, fields[i].to, err);
	if (code != HST_OK)
		return code;
	if (!letter->to.n)
		return hst_fail(err, HST_INVALID, "to: there is no recipient");
	drop_known(&letter->cc, &letter->to);
	drop_known(&letter->bcc, &letter->to);
	drop_known(&letter->bcc, &letter->cc);
	if (letter->to.n + letter->cc.n + letter->bcc.n > MAIL_RECIPIENTS_MAX)
		return hst_fail(err, HST_INVALID, "a mail has at most %d recipients", MAIL_RECIPIENTS_MAX);
	return HST_OK;
}

static int read_conversation(hst_call *call, const struct send_input *in, struct mail_letter *letter, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < in->references.n && code == HST_OK; i++)
		code = mail_ids_read(call, "references", in->references.at[i], &letter->references, err);
	if (code == HST_OK && in->in_reply_to)
		code = mail_ids_read(call, "in_reply_to", in->in_reply_to, &letter->in_reply_to, err);
	if (code == HST_OK && in->in_reply_to)
		code = mail_ids_read(call, "in_reply_to", in->in_reply_to, &letter->references, err);
	return code;
}

static int run_send(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
		    hst_error *err)
{
	const struct mail *mail = state;
	const struct send_input *in = input;
	struct send_output *out = output;
	struct mail_letter *letter = hst_alloc(call, sizeof *letter);
	int code;

	(void)values, (void)ret_values;
	letter->subject = in->subject ? in->subject : "";
	letter->text = in->text ? in->text : "";
	letter->html = in->html ? in->html : "";
	letter->files = in->attachments;
	if (!*letter->text && !*letter->html && !letter->files.n)
		return hst_fail(err, HST_INVALID, "a mail without text, html and attachments says nothing");
	if ((code = mail_check_line("subject", letter->subject, err)) != HST_OK || (code = read_from(call, mail->from, &letter->from, err)) != HST_OK ||
	    (code = read_addresses(call, in, letter, err)) != HST_OK || (code = read_conversation(call, in, letter, err)) != HST_OK ||
	    (code = check_files(mail, call, &letter->files, err)) != HST_OK ||
	    (code = make_id(call, letter->from.at[0].address, &letter->message_id, err)) != HST_OK)
		return code;
	code = mail_send(&mail->server, call, letter, err);
	out->message_id = letter->message_id;
	out->accepted = (int64_t)(letter->to.n + letter->cc.n + letter->bcc.n);
	return code;
}

/* Not idempotent: a mail that was sent twice has come twice, though under one id. */
static const hst_action mail_actions[] = {
	{
		.name = "send",
		.summary = "Sends one mail, to all of its recipients or to none",
		.inputs = HST_FIELDS(send_inputs),
		.input_size = sizeof(struct send_input),
		.outputs = HST_FIELDS(send_outputs),
		.output_size = sizeof(struct send_output),
		.deadline = {.ms = 5 * 60 * 1000},
		.run = run_send,
	},
};

HST_PLUGIN(mail) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "mail",
	.version = "1.0",
	.summary = "Sends mail by SMTP, over TLS",
	.options = HST_FIELDS(mail_options),
	.config_size = sizeof(struct mail_config),
	.actions = mail_actions,
	.action_count = sizeof mail_actions / sizeof mail_actions[0],
	.open = mail_open,
	.check = mail_check,
	.about = "The server's certificate is verified before a name, a password or a word of the mail is said to it. A server that does not\n"
		 "offer STARTTLS gets nothing. `tls = none` reaches this machine alone, whatever the name of the server leads to.\n\n"
		 "When the server refuses one recipient, nobody gets the mail, and the error names whom it refused. No input can add a header:\n"
		 "addresses are read strictly, and a line break in a subject is an error. The recipients of `bcc` stand in no header.\n\n"
		 "**Sending is not idempotent.** A step whose worker died in the middle of it is lost, and `on_lost` says what follows. With\n"
		 "`on_lost = again` the second mail has the Message-ID of the first one, so that a mail program can tell. When the connection\n"
		 "breaks after the server had the mail and before it said yes or no, the step fails with `OutcomeUnknown`.\n\n"
		 "`text`, `html` and the rest may be secure with `secure_inputs = yes`: what is sealed is opened by this connector's worker\n"
		 "alone, and its outputs tell nothing of it. That the mail itself is readable for those who get it goes without saying.\n\n"
		 "More, with examples: [mail and HTTP](../mail-and-http.md).",
};
