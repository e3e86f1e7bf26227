#include "smtp.h"

#include "message.h"
#include "../transfer.h"

#include <string.h>

enum { CONNECT_MS = 30000, ANSWER_S = 60, SAID_MAX = 300 };

static const struct security {
	const char *scheme;
	long port, tls;
	enum transfer_reach reach;
} securities[] = {
	[MAIL_STARTTLS] = {"smtp", 587, CURLUSESSL_ALL, TRANSFER_ANYWHERE},
	[MAIL_TLS] = {"smtps", 465, CURLUSESSL_ALL, TRANSFER_ANYWHERE},
	[MAIL_PLAIN] = {"smtp", 25, CURLUSESSL_NONE, TRANSFER_LOOPBACK},
};

/* How far a conversation came. What signs in is not kept. */
struct talk {
	struct transfer transfer;
	struct curl_slist *recipients;
	struct mail_message message;
	char said[SAID_MAX];   /* the last command that may be shown, or "" */
	char answer[SAID_MAX]; /* the last line of the server's, or "" */
	long status;	       /* of that line; 0: none */
	bool handed_over;      /* the server has said that it waits for the mail itself */
	bool leaving;	       /* QUIT was said: all that counts was before */
};

static void keep_line(char *to, const char *bytes, size_t n)
{
	size_t length = 0;

	while (length < n && length < SAID_MAX - 1 && bytes[length] != '\r' && bytes[length] != '\n') {
		to[length] = (unsigned char)bytes[length] < 0x20 || (unsigned char)bytes[length] >= 0x7f ? '?' : bytes[length];
		length++;
	}
	to[length] = '\0';
}

static void keep_said(struct talk *talk, const char *bytes, size_t n)
{
	static const char *const shown[] = {"EHLO", "HELO", "STARTTLS", "MAIL FROM:", "RCPT TO:", "DATA"};

	talk->leaving = talk->leaving || (n >= 4 && memcmp(bytes, "QUIT", 4) == 0);
	if (talk->leaving)
		return;
	talk->said[0] = '\0';
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		if (n >= strlen(shown[i]) && memcmp(bytes, shown[i], strlen(shown[i])) == 0)
			keep_line(talk->said, bytes, n);
}

static void keep_answer(struct talk *talk, const char *bytes, size_t n)
{
	if (talk->leaving || n < 4 || bytes[0] < '2' || bytes[0] > '5' || bytes[1] < '0' || bytes[1] > '9' || bytes[2] < '0' || bytes[2] > '9')
		return;
	keep_line(talk->answer, bytes, n);
	talk->status = (bytes[0] - '0') * 100 + (bytes[1] - '0') * 10 + (bytes[2] - '0');
	if (talk->status == 354)
		talk->handed_over = true;
}

static int overhear(CURL *curl, curl_infotype type, char *bytes, size_t n, void *arg)
{
	(void)curl;
	if (type == CURLINFO_HEADER_OUT)
		keep_said(arg, bytes, n);
	else if (type == CURLINFO_HEADER_IN)
		keep_answer(arg, bytes, n);
	return 0;
}

static int64_t port_of(const struct mail_server *server)
{
	return server->port ? server->port : securities[server->security].port;
}

int mail_server_check(const struct mail_server *server, hst_error *err)
{
	for (const char *c = server->name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr(".-:", *c)))
			return hst_fail(err, HST_INVALID, "server: \"%.100s\" is no name of a machine and no address", server->name);
	return HST_OK;
}

static int set_server(struct talk *talk, const struct mail_server *server, hst_call *call, hst_error *err)
{
	const struct security *security = &securities[server->security];
	struct transfer *transfer = &talk->transfer;
	char url[400];
	int code = transfer_begin(transfer, call, security->scheme, server->ca, CONNECT_MS, err);

	if (code != HST_OK)
		return code;
	transfer->reach = security->reach;
	snprintf(url, sizeof url, strchr(server->name, ':') ? "%s://[%s]:%lld" : "%s://%s:%lld", security->scheme, server->name,
		 (long long)port_of(server));
	curl_easy_setopt(transfer->curl, CURLOPT_URL, url);
	curl_easy_setopt(transfer->curl, CURLOPT_USE_SSL, security->tls);
	curl_easy_setopt(transfer->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)ANSWER_S);
	curl_easy_setopt(transfer->curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(transfer->curl, CURLOPT_DEBUGFUNCTION, overhear);
	curl_easy_setopt(transfer->curl, CURLOPT_DEBUGDATA, talk);
	return HST_OK;
}

static int set_password(struct talk *talk, const struct mail_server *server, hst_call *call, hst_error *err)
{
	CURL *curl = talk->transfer.curl;
	size_t length = 0;
	const char *password;

	if (!server->user || !*server->user)
		return HST_OK;
	if (!server->password)
		return hst_fail(err, HST_INVALID, "there is a user and no password: say password = secret:NAME, and `hostler seal NAME`");
	password = hst_secret_bytes(call, server->password, &length);
	if (strlen(password) != length)
		return hst_fail(err, HST_INVALID, "the password has a NUL byte, which SMTP cannot say");
	/* What is said under TLS needs no disguise, and servers of every kind take these two. */
	if (curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN") != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_USERNAME, server->user) != CURLE_OK || curl_easy_setopt(curl, CURLOPT_PASSWORD, password) != CURLE_OK)
		return hst_fail(err, HST_RETRY, "libcurl takes no user and password");
	return HST_OK;
}

static bool add_recipients(struct talk *talk, const struct mail_addresses *addresses)
{
	for (size_t i = 0; i < addresses->n; i++) {
		struct curl_slist *longer = curl_slist_append(talk->recipients, addresses->at[i].address);

		if (!longer)
			return false;
		talk->recipients = longer;
	}
	return true;
}

static int set_letter(struct talk *talk, hst_call *call, const struct mail_letter *letter, hst_error *err)
{
	CURL *curl = talk->transfer.curl;

	if (!add_recipients(talk, &letter->to) || !add_recipients(talk, &letter->cc) || !add_recipients(talk, &letter->bcc))
		return hst_fail(err, HST_RETRY, "there is no memory for the mail");
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, letter->from.at[0].address);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, talk->recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	return mail_message_make(&talk->message, curl, call, letter, err);
}

static void talk_end(struct talk *talk)
{
	transfer_end(&talk->transfer);
	mail_message_clear(&talk->message);
	curl_slist_free_all(talk->recipients);
}

/* The server's no, as it said it. */
static int refused(const struct talk *talk, const struct mail_server *server, hst_error *err)
{
	hst_code code = talk->status < 500 ? HST_RETRY : talk->status == 530 || talk->status == 534 || talk->status == 535 ? HST_DENIED : HST_INVALID;
	const char *later = code == HST_RETRY ? "; it may take it later" : "";

	if (strncmp(talk->said, "RCPT TO:", 8) == 0)
		return hst_fail(err, code, "%.100s takes no mail for %.120s: %.200s%s. Nothing was sent to anybody", server->name, talk->said + 8,
				talk->answer, later);
	if (strncmp(talk->said, "MAIL FROM:", 10) == 0)
		return hst_fail(err, code, "%.100s takes no mail from %.120s: %.160s%s", server->name, talk->said + 10, talk->answer,
				code == HST_DENIED ? ". Does it want `user` and `password`?" : later);
	return hst_fail(err, code, "%.100s did not take the mail: %.250s%s", server->name, talk->answer, later);
}

static int failed(const struct talk *talk, CURLcode curl, const struct mail_server *server, hst_error *err)
{
	if (talk->handed_over && talk->status == 354)
		return hst_fail_as(err, HST_INVALID, "OutcomeUnknown",
				   "the connection with %.100s broke while it had the mail and had not said yet whether it takes it", server->name);
	if (curl == CURLE_USE_SSL_FAILED)
		return hst_fail(err, HST_DENIED,
				"%.100s offers no STARTTLS on port %lld, so nothing was said to it, no name, no password and no mail. tls = implicit "
				"is for port 465; else ask who runs the server",
				server->name, (long long)port_of(server));
	if (curl == CURLE_WEIRD_SERVER_REPLY && strcmp(talk->said, "STARTTLS") == 0)
		return hst_fail(err, HST_DENIED,
				"%.100s went on in the clear after STARTTLS, as somebody between would; nothing more was said to it, no name, no "
				"password and no mail",
				server->name);
	if (curl == CURLE_LOGIN_DENIED && talk->status >= 400)
		return hst_fail(err, talk->status < 500 ? HST_RETRY : HST_DENIED,
				"%.100s does not let %.100s in: %.150s. Is `user` right? `hostler seal` seals another password", server->name,
				server->user ? server->user : "", talk->answer);
	if (curl == CURLE_LOGIN_DENIED)
		return hst_fail(err, HST_DENIED, "%.100s takes neither AUTH PLAIN nor AUTH LOGIN, so nobody can sign in to it with a password",
				server->name);
	if (talk->status >= 400)
		return refused(talk, server, err);
	return transfer_failed(&talk->transfer, curl, server->name, err);
}

static int cut_off(const struct talk *talk, int code, const struct mail_server *server, hst_error *err)
{
	const char *late = code == HST_TIMEOUT ? "its time-out passed" : "it was cancelled";

	if (talk->handed_over)
		return hst_fail_as(err, (hst_code)code, "OutcomeUnknown",
				   "%s while %.100s had the mail and had not said yet whether it takes it", late, server->name);
	return hst_fail(err, (hst_code)code, "%s before %.100s had the mail: nothing was sent", late, server->name);
}

static int run(struct talk *talk, const struct mail_server *server, hst_error *err)
{
	CURLcode curl;
	int code = transfer_run(&talk->transfer, &curl);

	if (code != HST_OK)
		return cut_off(talk, code, server, err);
	return curl == CURLE_OK ? HST_OK : failed(talk, curl, server, err);
}

int mail_send(const struct mail_server *server, hst_call *call, const struct mail_letter *letter, hst_error *err)
{
	struct talk talk = {0};
	int code = set_server(&talk, server, call, err);

	if (code == HST_OK)
		code = set_password(&talk, server, call, err);
	if (code == HST_OK)
		code = set_letter(&talk, call, letter, err);
	if (code == HST_OK)
		code = run(&talk, server, err);
	talk_end(&talk);
	return code;
}

int mail_sign_in(const struct mail_server *server, hst_call *call, hst_error *err)
{
	struct talk talk = {0};
	int code = set_server(&talk, server, call, err);

	if (code == HST_OK && server->password)
		code = set_password(&talk, server, call, err);
	if (code == HST_OK) {
		curl_easy_setopt(talk.transfer.curl, CURLOPT_CONNECT_ONLY, 1L);
		code = run(&talk, server, err);
	}
	talk_end(&talk);
	return code;
}
