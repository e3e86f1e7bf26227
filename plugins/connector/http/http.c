/*
 * Asks services over HTTP.
 *
 *	[connector web]
 *	plugin = http
 *	hosts  = api.example.com
 *	bearer = secret:api
 */
#include "key.h"
#include "request.h"

#include <hostler/connector.h>

#include <string.h>

enum { URL_MAX = 8000, TEXT_MAX = 1 << 20 };

struct http_config {
	hst_texts hosts;
	bool plain;
	const char *ca, *client_certificate_file, *user;
	hst_secret *client_key, *password, *bearer;
	const hst_value *secret_headers;
	int64_t redirects, max_size;
};

static const hst_field http_options[] = {
	HST_FIELD(struct http_config, hosts, .required = true,
		  .doc = "where requests may go, also by a redirect: api.example.com, *.example.com, localhost:8443, or * for every host abroad"),
	HST_FIELD(struct http_config, plain, .def = "no", .doc = "http:// also to other machines; to this one it always may be"),
	HST_FIELD(struct http_config, ca, .max = 4000,
		  .doc = "file with the certificates (PEM) to trust instead of those that the system trusts"),
	HST_FIELD(struct http_config, client_certificate_file, .max = 4000, .doc = "file with the certificate (PEM) that is shown to servers that ask for one"),
	HST_FIELD(struct http_config, client_key, .max = 65536, .doc = "its private key in PEM: secret:NAME"),
	HST_FIELD(struct http_config, user, .max = 254, .doc = "who asks, by HTTP Basic"),
	HST_FIELD(struct http_config, password, .max = 4096, .doc = "of that user: secret:NAME"),
	HST_FIELD(struct http_config, bearer, .max = 16000, .doc = "a token instead: secret:NAME"),
	HST_FIELD(struct http_config, secret_headers, .name = "secret_header.*", .as = HST_TYPE_SECRET,
		  .doc = "a header of this name for every request: secret_header.x-api-key = secret:NAME"),
	HST_FIELD(struct http_config, redirects, .def = "5", .min = 0, .max = 20, .doc = "how many are followed; 0: a redirect is the answer"),
	HST_FIELD(struct http_config, max_size, .def = "16777216", .min = 0, .max = 268435456, .doc = "bytes of an answer, at most"),
};

struct http {
	struct http_service service;
	struct http_key key;
};

static bool says_who(const struct http_config *config)
{
	return config->password || config->bearer || (config->user && *config->user) ||
	       (config->client_certificate_file && *config->client_certificate_file);
}

static int http_open(const void *given, hst_host *host, void **ret_state, hst_error *err)
{
	const struct http_config *config = given;
	struct http *http = host->alloc(host->instance_arena, sizeof *http);
	hst_call call = {.size = sizeof call, .host = host, .arena = host->instance_arena, .deadline_us = INT64_MAX};
	int code;

	*http = (struct http){
		.service = {.places = {.hosts = config->hosts, .plain = config->plain},
			    .proof = {.user = config->user, .password = config->password, .bearer = config->bearer,
				      .secret_headers = config->secret_headers, .certificate = config->client_certificate_file},
			    .ca = config->ca,
			    .redirects = config->redirects,
			    .max_size = config->max_size},
		.key = {.fd = -1},
	};
	code = http_places_check(&http->service.places, err);
	if (code == HST_OK && http_places_any(&http->service.places) && (says_who(config) || hst_count(&call, config->secret_headers)))
		code = hst_fail(err, HST_INVALID, "hosts: with * anybody could be told who asks; name the hosts that user, token, headers and certificate are for");
	if (code == HST_OK)
		code = http_proof_check(&call, &http->service.proof, err);
	if (code == HST_OK)
		code = transfer_start(err);
	if (code == HST_OK && config->client_key) {
		code = http_key_make(&http->key, host, config->client_key, err);
		http->service.proof.key = http->key.path;
	}
	if (code == HST_OK)
		*ret_state = http;
	else
		http_key_clear(&http->key);
	return code;
}

static void http_close(void *state)
{
	struct http *http = state;

	http_key_clear(&http->key);
}

/* One for all actions; each fills in what it declares. */
struct http_input {
	const char *url, *user, *text, *content_type, *save;
	const hst_value *headers, *secret_headers, *query, *form, *json;
	hst_secret *password, *bearer;
	hst_file *file;
	bool any_status;
};

#define ASKING                                                                                                                                  \
	HST_FIELD(struct http_input, url, .required = true, .min = 1, .max = URL_MAX, .doc = "https://host/path"),                               \
		HST_FIELD(struct http_input, query, .name = "query.*", .as = HST_TYPE_TEXT,                                                      \
			  .doc = "a value of this name for the URL's query, encoded: query.number = ${trigger.number}"),                         \
		HST_FIELD(struct http_input, headers, .name = "header.*", .as = HST_TYPE_TEXT,                                                   \
			  .doc = "a header of this name: header.accept = application/json"),                                                     \
		HST_FIELD(struct http_input, secret_headers, .name = "secret_header.*", .as = HST_TYPE_SECRET,                                   \
			  .doc = "a secret header of this name: secret_header.x-api-key = secret:NAME"),                                         \
		HST_FIELD(struct http_input, user, .max = 254, .doc = "who asks, instead of whom the section names"),                            \
		HST_FIELD(struct http_input, password, .max = 4096, .doc = "of that user"),                                                      \
		HST_FIELD(struct http_input, bearer, .max = 16000, .doc = "a token instead"),                                                    \
		HST_FIELD(struct http_input, save, .min = 1, .max = 200, .doc = "name of a file of the run for the answer, whatever its size"), \
		HST_FIELD(struct http_input, any_status, .def = "no", .doc = "a status of 400 and more is an answer, too, and no error")

#define CARRYING                                                                                                                                \
	HST_FIELD(struct http_input, json, .doc = "the body as JSON: a record, a list, or a value of an earlier step"),                          \
		HST_FIELD(struct http_input, text, .max = TEXT_MAX, .doc = "the body as it is"),                                                 \
		HST_FIELD(struct http_input, form, .name = "form.*", .as = HST_TYPE_TEXT, .doc = "the body as a form: one field of this name"),  \
		HST_FIELD(struct http_input, file, .doc = "the body as a file of the run"),                                                      \
		HST_FIELD(struct http_input, content_type, .min = 1, .max = 200, .doc = "of the body, where it is not what is usual for its kind")

static const hst_field asking[] = {ASKING};
static const hst_field carrying[] = {ASKING, CARRYING};

static const hst_field http_outputs[] = {
	HST_FIELD(struct http_output, status, .doc = "of the answer: 200"),
	HST_FIELD(struct http_output, url, .derived = true, .doc = "where the answer came from, after redirects"),
	HST_FIELD(struct http_output, headers, .derived = true, .doc = "a record, names in small letters: ${page.headers.content-type}"),
	HST_FIELD(struct http_output, json, .derived = true, .doc = "the answer, if it is JSON and up to 512 KiB"),
	HST_FIELD(struct http_output, body, .derived = true, .doc = "the answer, if it is another text in UTF-8 and up to 512 KiB"),
	HST_FIELD(struct http_output, file, .derived = true, .doc = "the answer as a file of the run, if it is neither, or `save` names one"),
	HST_FIELD(struct http_output, size, .doc = "its length in bytes"),
};

static int ask(const char *method, bool has_body, void *state, hst_call *call, const void *input, void *output, hst_error *err)
{
	const struct http *http = state;
	const struct http_input *in = input;
	const struct http_request request = {.method = method,
					     .url = in->url,
					     .proof = {.user = in->user, .password = in->password, .bearer = in->bearer,
						       .secret_headers = in->secret_headers},
					     .headers = in->headers,
					     .query = in->query,
					     .form = in->form,
					     .json = in->json,
					     .text = in->text,
					     .content_type = in->content_type,
					     .save = in->save,
					     .file = in->file,
					     .has_body = has_body,
					     .any_status = in->any_status};

	if (in->content_type && strpbrk(in->content_type, "\r\n"))
		return hst_fail(err, HST_INVALID, "content_type must be one line");
	return http_run(&http->service, call, &request, output, err);
}

#define ACTION(name, METHOD, has_body)                                                                                                \
	static int run_##name(void *state, hst_call *call, const void *input, const hst_value *values, void *output,                  \
			      const hst_value **ret_values, hst_error *err)                                                           \
	{                                                                                                                             \
		(void)values, (void)ret_values;                                                                                       \
		return ask(METHOD, has_body, state, call, input, output, err);                                                        \
	}
ACTION(get, "GET", false)
ACTION(post, "POST", true)
ACTION(put, "PUT", true)
ACTION(patch, "PATCH", true)
ACTION(delete, "DELETE", false)

#define ROW(action_name, action_summary, fields, action_flags)                                                                           \
	{                                                                                                                                \
		.name = #action_name, .summary = action_summary, .inputs = HST_FIELDS(fields), .input_size = sizeof(struct http_input), \
		.outputs = HST_FIELDS(http_outputs), .output_size = sizeof(struct http_output), .flags = action_flags,                  \
		.run = run_##action_name,                                                                                                \
	}

/* Idempotent as RFC 9110 has it: done twice, the service is as after once. */
static const hst_action http_actions[] = {
	ROW(get, "Gets what is at a URL", asking, HST_IDEMPOTENT),
	ROW(post, "Posts a body to a URL", carrying, 0),
	ROW(put, "Puts a body in the place of what is at a URL", carrying, HST_IDEMPOTENT),
	ROW(patch, "Changes a part of what is at a URL", carrying, 0),
	ROW(delete, "Deletes what is at a URL", asking, HST_IDEMPOTENT),
};

HST_PLUGIN(http) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "http",
	.version = "1.0",
	.summary = "Asks services over HTTP",
	.options = HST_FIELDS(http_options),
	.config_size = sizeof(struct http_config),
	.actions = http_actions,
	.action_count = sizeof http_actions / sizeof http_actions[0],
	.open = http_open,
	.close = http_close,
	.about = "Requests go to the `hosts` of the section and nowhere else, redirects included; with `*`, to every host but this machine and its own\n"
		 "network. Certificates are always verified. What says who asks (user, token, secret headers, the client's certificate), and every\n"
		 "header but `accept`, `accept-language` and `user-agent`, is said to the place of `url` alone: a redirect to another scheme, host or\n"
		 "port gets a GET without it, and nothing else goes there at all. No proxy is used, and nothing of the environment is read.\n\n"
		 "`get`, `put` and `delete` are idempotent, as HTTP has it: a call whose worker died is made again. `post` and `patch` are not: their\n"
		 "step is lost, and `on_lost` says what follows.\n\n"
		 "With a secure input the answer is sealed, because a service may repeat what it was told; the section's own secrets make nothing of\n"
		 "the answer secure. `status` and `size` tell nothing.\n\n"
		 "More, with examples: [mail and HTTP](../mail-and-http.md).",
};
