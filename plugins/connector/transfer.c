#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LOOK_MS = 100, ROOM = 16 };

/* Before what is given lies its size, so that all of it can be wiped. */
static void *wiping_malloc(size_t size)
{
	size_t *room = malloc(size + ROOM);

	if (!room)
		return NULL;
	*room = size;
	return (char *)room + ROOM;
}

static void wiping_free(void *memory)
{
	size_t *room = memory ? (size_t *)(void *)((char *)memory - ROOM) : NULL;

	if (!room)
		return;
	explicit_bzero(memory, *room);
	free(room);
}

static void *wiping_realloc(void *memory, size_t size)
{
	size_t before = memory ? *(size_t *)(void *)((char *)memory - ROOM) : 0;
	void *larger = wiping_malloc(size);

	if (!larger)
		return NULL;
	if (before)
		memcpy(larger, memory, before < size ? before : size);
	wiping_free(memory);
	return larger;
}

static void *wiping_calloc(size_t n, size_t size)
{
	size_t whole;
	void *memory = __builtin_mul_overflow(n, size, &whole) ? NULL : wiping_malloc(whole);

	return memory ? memset(memory, 0, whole) : NULL;
}

static char *wiping_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	void *copy = wiping_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

int transfer_start(hst_error *err)
{
	static bool started;

	if (!started && curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc, wiping_strdup,
					     wiping_calloc) != CURLE_OK)
		return hst_fail(err, HST_RETRY, "libcurl cannot be made ready");
	started = true;
	return HST_OK;
}

/* Looked up each time, since a machine gets and loses addresses; where that fails nobody knows what is its own. */
static bool may_reach(enum transfer_reach reach, const struct sockaddr *address)
{
	struct ifaddrs *own = NULL;
	bool may;

	if (reach == TRANSFER_ABROAD && getifaddrs(&own) < 0)
		return false;
	may = transfer_reaches(reach, address, own);
	if (own)
		freeifaddrs(own);
	return may;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;

	(void)purpose;
	if (!may_reach(transfer->reach, &address->addr)) {
		transfer->kept_out = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

#define SET(option, value) curl_easy_setopt(transfer->curl, option, value)

int transfer_begin(struct transfer *transfer, hst_call *call, const char *schemes, const char *ca, int64_t connect_ms,
		   hst_error *err)
{
	*transfer = (struct transfer){.call = call, .curl = curl_easy_init()};
	if (!transfer->curl)
		return hst_fail(err, HST_RETRY, "libcurl has no handle to give");
	SET(CURLOPT_ERRORBUFFER, transfer->why);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, schemes);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	if (ca && *ca && (SET(CURLOPT_CAINFO, ca) != CURLE_OK || SET(CURLOPT_CAPATH, NULL) != CURLE_OK))
		return hst_fail(err, HST_INVALID, "ca %.200s cannot be used", ca);
	return HST_OK;
}

void transfer_end(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	transfer->curl = NULL;
}

static int cut_off(hst_call *call)
{
	return hst_now_us(call->host) >= call->deadline_us ? HST_TIMEOUT : HST_CANCELLED;
}

static int turn(struct transfer *transfer, CURLM *multi)
{
	int running = 1;

	while (running) {
		if (hst_cancelled(transfer->call))
			return cut_off(transfer->call);
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
		    (running && curl_multi_poll(multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK))
			return HST_RETRY;
	}
	return HST_OK;
}

int transfer_run(struct transfer *transfer, CURLcode *ret)
{
	CURLM *multi = curl_multi_init();
	const CURLMsg *message;
	int left, code = HST_OK;

	*ret = CURLE_FAILED_INIT;
	if (!multi || curl_multi_add_handle(multi, transfer->curl) != CURLM_OK) {
		curl_multi_cleanup(multi);
		return HST_OK;
	}
	code = turn(transfer, multi);
	while ((message = curl_multi_info_read(multi, &left)))
		if (message->msg == CURLMSG_DONE)
			*ret = message->data.result;
	curl_multi_remove_handle(multi, transfer->curl);
	curl_multi_cleanup(multi);
	return code == HST_TIMEOUT || code == HST_CANCELLED ? code : HST_OK;
}

/* Libcurl's codes that say something about the other side; the rest are told in libcurl's words. */
static const struct failure {
	CURLcode code;
	hst_code answer;
	const char *reason, *text, *remedy;
} failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, HST_RETRY, NULL, "the name of %s has no address", "Is it spelled right, and does this machine's name server answer?"},
	{CURLE_COULDNT_CONNECT, HST_RETRY, NULL, "%s takes no connection", "Is it up, and is the port right?"},
	{CURLE_OPERATION_TIMEDOUT, HST_RETRY, NULL, "%s did not answer in time", "Is it up, and may this machine connect to it?"},
	{CURLE_PEER_FAILED_VERIFICATION, HST_DENIED, "CertificateRejected", "the certificate of %s could not be verified, and nothing was said to it",
	 "Name its authority with ca, or install it in the system."},
	{CURLE_SSL_CACERT_BADFILE, HST_INVALID, NULL, "the authorities that %s is to be verified with cannot be read",
	 "Is ca a file of certificates in PEM that the worker may read? Without it, is ca-certificates installed?"},
	{CURLE_SSL_CERTPROBLEM, HST_INVALID, NULL, "the certificate to be shown to %s cannot be used", "Does it belong to its key, and are both PEM?"},
	{CURLE_SSL_CONNECT_ERROR, HST_RETRY, NULL, "there is no TLS with %s", "Does that port speak it?"},
	{CURLE_GOT_NOTHING, HST_RETRY, NULL, "%s closed the connection without an answer", ""},
	{CURLE_RECV_ERROR, HST_RETRY, NULL, "the connection with %s broke", ""},
	{CURLE_SEND_ERROR, HST_RETRY, NULL, "the connection with %s broke", ""},
	{CURLE_PARTIAL_FILE, HST_RETRY, NULL, "%s closed the connection in the middle of its answer", ""},
};

int transfer_failed(const struct transfer *transfer, CURLcode code, const char *host, hst_error *err)
{
	const char *why = transfer->why[0] ? transfer->why : curl_easy_strerror(code);
	const struct failure *failure = NULL;
	char text[200];

	if (transfer->kept_out)
		return hst_fail(err, HST_DENIED, "%.150s leads to an address that may not be connected to: %s", host,
				transfer->reach == TRANSFER_LOOPBACK ? "without TLS that is this machine alone"
								     : "this machine and its own network have to be named in `hosts`");
	for (size_t i = 0; i < sizeof failures / sizeof failures[0] && !failure; i++)
		if (failures[i].code == code)
			failure = &failures[i];
	if (!failure)
		return hst_fail(err, HST_INVALID, "%.150s: %.200s", host, why);
	snprintf(text, sizeof text, failure->text, host);
	return hst_fail_as(err, failure->answer, failure->reason, "%s (%.120s)%s%s", text, why, *failure->remedy ? ". " : "", failure->remedy);
}
