/* A mail as libcurl sends it: its headers, and its parts. */
#ifndef PLUGINS_CONNECTOR_MAIL_MESSAGE_H
#define PLUGINS_CONNECTOR_MAIL_MESSAGE_H

#include "smtp.h"

#include <curl/curl.h>

struct mail_message {
	struct curl_slist *headers;
	curl_mime *mime;
};

/* Sets it up for the handle, which has to end before the message does. */
int mail_message_make(struct mail_message *message, CURL *curl, hst_call *call, const struct mail_letter *letter, hst_error *err);
void mail_message_clear(struct mail_message *message); /* fine after a failed make */

#endif
