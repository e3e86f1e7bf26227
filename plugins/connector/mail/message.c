#include "message.h"

#include <string.h>

/* What mail programs open by a press; everything else is bytes. */
static const char *const kinds[][2] = {
	{".csv", "text/csv"},	      {".gif", "image/gif"}, {".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},	      {".json", "application/json"}, {".pdf", "application/pdf"},
	{".png", "image/png"},	      {".txt", "text/plain"},	     {".xml", "application/xml"},
	{".zip", "application/zip"},
	{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
};

static const char *kind_of(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t end = strlen(kinds[i][0]);

		if (length > end && strcasecmp(name + length - end, kinds[i][0]) == 0)
			return kinds[i][1];
	}
	return "application/octet-stream";
}

static bool add_header(struct mail_message *message, const char *line)
{
	struct curl_slist *longer = curl_slist_append(message->headers, line);

	if (longer)
		message->headers = longer;
	return longer;
}

static bool add_headers(struct mail_message *message, hst_call *call, const struct mail_letter *letter)
{
	const struct mail_ids own = {.n = 1, .at = {letter->message_id}};
	bool made = add_header(message, mail_date_header(call, hst_now_us(call->host))) &&
		    add_header(message, mail_address_header(call, "From", &letter->from)) &&
		    (!letter->to.n || add_header(message, mail_address_header(call, "To", &letter->to))) &&
		    (!letter->cc.n || add_header(message, mail_address_header(call, "Cc", &letter->cc))) &&
		    (!letter->reply_to.n || add_header(message, mail_address_header(call, "Reply-To", &letter->reply_to))) &&
		    (!*letter->subject || add_header(message, mail_text_header(call, "Subject", letter->subject))) &&
		    add_header(message, mail_ids_header(call, "Message-ID", &own));

	if (made && letter->in_reply_to.n)
		made = add_header(message, mail_ids_header(call, "In-Reply-To", &letter->in_reply_to));
	if (made && letter->references.n)
		made = add_header(message, mail_ids_header(call, "References", &letter->references));
	/* RFC 3834: machines do not answer what a machine wrote. */
	return made && add_header(message, letter->in_reply_to.n ? "Auto-Submitted: auto-replied" : "Auto-Submitted: auto-generated");
}

/* Lines end as mail has them, whatever the text's own way is. */
static const char *with_crlf(hst_call *call, const char *text)
{
	size_t n = strlen(text);
	char *lines = hst_alloc(call, 2 * n + 1), *to = lines;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\r' && text[i + 1] == '\n')
			continue;
		if (text[i] == '\n' || text[i] == '\r')
			*to++ = '\r';
		*to++ = text[i] == '\r' ? '\n' : text[i];
	}
	return lines;
}

static bool add_text(curl_mime *mime, hst_call *call, const char *text, const char *type)
{
	curl_mimepart *part = curl_mime_addpart(mime);

	return part && curl_mime_data(part, with_crlf(call, text), CURL_ZERO_TERMINATED) == CURLE_OK && curl_mime_type(part, type) == CURLE_OK &&
	       curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

static bool add_texts(struct mail_message *message, CURL *curl, hst_call *call, const struct mail_letter *letter)
{
	static const char plain[] = "text/plain; charset=utf-8", html[] = "text/html; charset=utf-8";
	curl_mime *both;
	curl_mimepart *part;

	if (!*letter->html)
		return add_text(message->mime, call, letter->text, plain);
	if (!*letter->text)
		return add_text(message->mime, call, letter->html, html);
	both = curl_mime_init(curl);
	part = both ? curl_mime_addpart(message->mime) : NULL;
	if (!part || curl_mime_subparts(part, both) != CURLE_OK) {
		curl_mime_free(both);
		return false;
	}
	return curl_mime_type(part, "multipart/alternative") == CURLE_OK && add_text(both, call, letter->text, plain) &&
	       add_text(both, call, letter->html, html);
}

static int add_file(struct mail_message *message, hst_call *call, const hst_file *file, hst_error *err)
{
	const char *path = hst_file_path(call, file), *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : "";
	curl_mimepart *part = curl_mime_addpart(message->mime);
	struct curl_slist *headers;

	if (!*name)
		return hst_fail(err, HST_INVALID, "attachments: one of them is no file of this run");
	headers = curl_slist_append(NULL, mail_attachment_header(call, name));
	if (!part || !headers || curl_mime_headers(part, headers, 1) != CURLE_OK) {
		curl_slist_free_all(headers);
		return hst_fail(err, HST_RETRY, "there is no memory for the mail");
	}
	/* Its own header has the name, as RFC 2231 writes it. */
	if (curl_mime_filedata(part, path) != CURLE_OK || curl_mime_filename(part, NULL) != CURLE_OK ||
	    curl_mime_type(part, kind_of(name)) != CURLE_OK || curl_mime_encoder(part, "base64") != CURLE_OK)
		return hst_fail(err, HST_RETRY, "attachments: %.100s cannot be read", name);
	return HST_OK;
}

int mail_message_make(struct mail_message *message, CURL *curl, hst_call *call, const struct mail_letter *letter, hst_error *err)
{
	int code = HST_OK;

	*message = (struct mail_message){.mime = curl_mime_init(curl)};
	if (!message->mime || !add_headers(message, call, letter) || !add_texts(message, curl, call, letter))
		return hst_fail(err, HST_RETRY, "there is no memory for the mail");
	for (size_t i = 0; i < letter->files.n && code == HST_OK; i++)
		code = add_file(message, call, letter->files.at[i], err);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, message->headers);
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, message->mime);
	return code;
}

void mail_message_clear(struct mail_message *message)
{
	curl_slist_free_all(message->headers);
	curl_mime_free(message->mime);
	*message = (struct mail_message){0};
}
