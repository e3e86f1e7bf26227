#include "keeper.h"

#include "keeper_causes.h"
#include "keeper_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 3389, WIDTH = 1280, HEIGHT = 800, GOODBYE_MS = 1000, HOST_MAX = 255 };

struct keeper {
	struct keeper_process process;
	enum keeper_state state;
	unsigned cause;
	char address[HOST_MAX + 8]; /* as it was given, for sentences */
	char particulars[HST_TEXT_MAX];
};

struct asked {
	char bytes[KEEPER_ASK_MAX];
	size_t n;
};

static void add(struct asked *asked, const char *text, size_t n)
{
	memcpy(asked->bytes + asked->n, text, n);
	asked->n += n;
	asked->bytes[asked->n++] = '\0';
}

static void add_number(struct asked *asked, int number)
{
	char text[16];

	add(asked, text, (size_t)snprintf(text, sizeof text, "%d", number));
}

/* With or without a scope behind it. */
static bool is_of_version_six(const char *text, size_t n)
{
	struct in6_addr address;
	char plain[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "%");

	if (length > n)
		length = n;
	if (length >= sizeof plain)
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	return inet_pton(AF_INET6, plain, &address) == 1;
}

/* HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; an address of version 6 without brackets has no port. */
static int split(const char *address, char host[HOST_MAX + 1], int *ret_port, hst_error *err)
{
	const char *begin = address[0] == '[' ? address + 1 : address;
	const char *bracket = begin > address ? strchr(begin, ']') : NULL, *colon = strchr(bracket ? bracket : begin, ':');
	size_t n = strlen(begin);
	long port = PORT;
	char *end;

	if (begin > address && (!bracket || (bracket[1] && bracket[1] != ':')))
		return hst_fail(err, HST_INVALID, "the address \"%s\" begins with a bracket and does not go on as [IPV6]:PORT", address);
	if (bracket)
		n = (size_t)(bracket - begin);
	else if (colon && !strchr(colon + 1, ':'))
		n = (size_t)(colon - begin);
	else if (colon && !is_of_version_six(begin, n))
		return hst_fail(err, HST_INVALID, "the address \"%.80s\" has several colons, and is no address of version 6: HOST:PORT has one",
		                address);
	else
		colon = NULL;
	if (bracket && !is_of_version_six(begin, n))
		return hst_fail(err, HST_INVALID, "the address \"%.80s\" has no address of version 6 in its brackets", address);
	if (n == 0 || n > HOST_MAX)
		return hst_fail(err, HST_INVALID, "the address \"%.80s\" names no host", address);
	if (colon) {
		port = strtol(colon + 1, &end, 10);
		if (colon[1] < '0' || colon[1] > '9' || *end || port < 1 || port > 65535)
			return hst_fail(err, HST_INVALID, "the address \"%.80s\" has no port between 1 and 65535 behind its colon", address);
	}
	memcpy(host, begin, n);
	host[n] = '\0';
	*ret_port = (int)port;
	return HST_OK;
}

static int normal_pin(const char *text, char pin[65], hst_error *err)
{
	size_t n = 0;

	for (const char *at = text; at && *at; at++) {
		if (*at == ':')
			continue;
		if (n == 64 || !strchr("0123456789abcdefABCDEF", *at)) {
			n = 65;
			break;
		}
		pin[n++] = *at >= 'A' && *at <= 'F' ? (char)(*at + 'a' - 'A') : *at;
	}
	if (n != 0 && n != 64)
		return hst_fail(err, HST_INVALID, "the fingerprint is not a SHA-256: it has to be 64 hexadecimal digits, with or without colons");
	pin[n] = '\0';
	return HST_OK;
}

static int add_authorities(struct asked *asked, const char *path, hst_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *to = asked->bytes + asked->n;
	struct stat about;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &about) == 0 && !S_ISREG(about.st_mode))
		errno = EINVAL;
	else if (fd >= 0)
		n = read(fd, to, KEEPER_CA_MAX + 1);
	if (n < 0)
		hst_fail(err, HST_INVALID, "the file of authorities %s cannot be read: %s", path, strerrordesc_np(errno));
	else if (n > KEEPER_CA_MAX)
		hst_fail(err, HST_INVALID, "the file of authorities %s has more than %d KiB", path, KEEPER_CA_MAX >> 10);
	if (fd >= 0)
		close(fd);
	if (n < 0 || n > KEEPER_CA_MAX)
		return HST_INVALID;
	/* Some tools write a NUL behind a certificate; and a file without any must not pass for none that was named. */
	n = (ssize_t)strnlen(to, (size_t)n);
	if (n == 0)
		return hst_fail(err, HST_INVALID, "the file of authorities %s is empty", path);
	asked->n += (size_t)n;
	asked->bytes[asked->n++] = '\0';
	return HST_OK;
}

static int check_size(int side, hst_error *err)
{
	if (side == 0 || (side >= KEEPER_SIZE_MIN && side <= KEEPER_SIZE_MAX))
		return HST_OK;
	return hst_fail(err, HST_INVALID, "a screen of %d pixels cannot be had; a side has %d to %d", side, KEEPER_SIZE_MIN, KEEPER_SIZE_MAX);
}

int keeper_target_fit(const struct keeper_target *target, hst_error *err)
{
	char host[HOST_MAX + 1] = "", pin[65] = "";
	int port = PORT;

	if (split(target->address, host, &port, err) != HST_OK || normal_pin(target->fingerprint, pin, err) != HST_OK ||
	    check_size(target->width, err) != HST_OK || check_size(target->height, err) != HST_OK)
		return HST_INVALID;
	return HST_OK;
}

static bool has_password(const struct keeper_target *target, hst_call *call)
{
	size_t n = 0;

	if (target->password)
		hst_secret_bytes(call, target->password, &n);
	return n > 0;
}

/* In the order of enum keeper_text. */
static int put_together(struct asked *asked, const struct keeper_target *target, hst_call *call, hst_error *err)
{
	const char *domain = target->domain ? target->domain : "", *shell = target->shell ? target->shell : "";
	char host[HOST_MAX + 1] = "", pin[65] = "";
	const char *name;
	int port = PORT;

	if (split(target->address, host, &port, err) != HST_OK || normal_pin(target->fingerprint, pin, err) != HST_OK ||
	    check_size(target->width, err) != HST_OK || check_size(target->height, err) != HST_OK)
		return HST_INVALID;
	name = target->name && *target->name ? target->name : host;
	if (!has_password(target, call))
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
		                   "the connection has no password for %s, and a remote desktop takes none that is empty; seal one", target->user);
	if (strlen(name) > HOST_MAX || strlen(target->user) > HOST_MAX || strlen(domain) > HOST_MAX || strlen(shell) > HOST_MAX || !*target->user)
		return hst_fail(err, HST_INVALID, "name, user, domain and shell have at most %d bytes each, and there has to be a user", HOST_MAX);
	asked->bytes[asked->n++] = KEEPER_ASK_CONNECT;
	add(asked, host, strlen(host));
	add_number(asked, port);
	add(asked, name, strlen(name));
	if (!target->ca || !*target->ca)
		add(asked, "", 0);
	else if (add_authorities(asked, target->ca, err) != HST_OK)
		return HST_INVALID;
	add(asked, pin, strlen(pin));
	add(asked, target->security == KEEPER_TLS_ALLOWED ? "tls" : "nla", 3);
	add(asked, target->user, strlen(target->user));
	add(asked, domain, strlen(domain));
	add(asked, shell, strlen(shell));
	add_number(asked, target->width ? target->width : WIDTH);
	add_number(asked, target->height ? target->height : HEIGHT);
	return HST_OK;
}

/* The bytes are wiped here as soon as they are in the socket. */
static int give_password(struct keeper *keeper, const hst_secret *password, hst_call *call)
{
	char message[KEEPER_PASSWORD_MAX + 1] = {KEEPER_ASK_PASSWORD};
	int code = HST_INVALID;
	const void *bytes;
	size_t n;

	bytes = hst_secret_bytes(call, password, &n);
	if (n <= KEEPER_PASSWORD_MAX && !memchr(bytes, '\0', n)) {
		memcpy(message + 1, bytes, n);
		code = keeper_process_send(&keeper->process, message, n + 1);
	}
	explicit_bzero(message, sizeof message);
	return code;
}

/* A sentence of what became of it. */
static int tell(const struct keeper *keeper, const struct keeper_meaning *meaning, hst_error *err)
{
	return hst_fail_as(err, meaning->code, meaning->reason, "the remote desktop of %s %s%s%s. %s", keeper->address, meaning->sentence,
	                   keeper->particulars[0] ? ": " : "", keeper->particulars, meaning->remedy);
}

/* Cut where it does not fit. */
static void copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static void end_because(struct keeper *keeper, unsigned cause, const char *particulars)
{
	keeper->cause = cause;
	keeper->state = keeper_meaning_of(cause)->state;
	copy(keeper->particulars, sizeof keeper->particulars, particulars);
}

/* It has said nothing to the end, so the kernel is asked. */
static void end_unheard(struct keeper *keeper)
{
	int status = keeper_process_reap(&keeper->process);
	char how[64];

	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		snprintf(how, sizeof how, "it died of signal %d (%s)", WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
	else if (WIFEXITED(status))
		snprintf(how, sizeof how, "its exit status was %d", WEXITSTATUS(status));
	else
		snprintf(how, sizeof how, "it was killed");
	end_because(keeper, KEEPER_ENDED_ITSELF, how);
}

/* One step further. HST_OK: there are more. */
static int take_step(struct keeper *keeper, const struct keeper_target *target, hst_call *call, const struct keeper_heard *heard,
                     struct keeper_facts *facts, hst_error *err)
{
	switch (heard->word) {
	case KEEPER_READY:
		if (heard->number != KEEPER_FRAMES_VERSION)
			return hst_fail_as(err, HST_BROKEN, "SessionCreationError", "hostler-rdp-keeper is not of this version: install hostler again");
		facts->confined = (heard->text[0] - KEEPER_CONFINED_BASE) & KEEPER_NO_CALLS;
		return HST_OK;
	case KEEPER_REACHED:
		copy(facts->reached, sizeof facts->reached, heard->text);
		return HST_OK;
	case KEEPER_CERTIFICATE:
		copy(facts->certificate, sizeof facts->certificate, heard->text);
		if (give_password(keeper, target->password, call) == HST_INVALID)
			return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
			                   "the password of %s cannot be one: it has a NUL in it, or more than %d bytes", target->user,
			                   KEEPER_PASSWORD_MAX);
		return HST_OK;
	case KEEPER_SECURED:
		copy(facts->security, sizeof facts->security, heard->text);
		return HST_OK;
	case KEEPER_CONNECTED:
		facts->connected = sscanf(heard->text, "%5dx%5d", &facts->width, &facts->height) == 2;
		return HST_OK;
	default:
		end_because(keeper, heard->number, heard->text);
		return tell(keeper, keeper_meaning_of(keeper->cause), err);
	}
}

static int come_to_connection(struct keeper *keeper, const struct keeper_target *target, hst_call *call, int64_t until_ms,
                              struct keeper_facts *facts, hst_error *err)
{
	int code = HST_OK;

	while (code == HST_OK && !facts->connected) {
		struct keeper_heard heard;

		code = keeper_process_hear(&keeper->process, call, until_ms, &heard);
		if (code == HST_OK) {
			code = take_step(keeper, target, call, &heard, facts, err);
		} else if (code == HST_CANCELLED) {
			hst_fail(err, code, "the connection is not wanted any more");
		} else {
			if (code == HST_TIMEOUT)
				end_because(keeper, KEEPER_SILENT, !facts->reached[0] ? "nothing was heard from the address"
				            : !facts->certificate[0] ? "it shows no certificate"
				            : !facts->security[0] ? "it says nothing to the password" : "the connection is not complete");
			else
				end_unheard(keeper);
			code = tell(keeper, keeper_meaning_of(keeper->cause), err);
		}
	}
	return code;
}

int keeper_start(const struct keeper_target *target, hst_call *call, int within_ms, struct keeper **ret, struct keeper_facts *facts,
                 hst_error *err)
{
	int64_t until_ms = keeper_now_ms() + within_ms;
	struct keeper *keeper = calloc(1, sizeof *keeper);
	struct asked *asked = calloc(1, sizeof *asked);
	int code;

	*facts = (struct keeper_facts){0};
	if (!keeper || !asked)
		abort();
	keeper->process.fd = -1;
	snprintf(keeper->address, sizeof keeper->address, "%s", target->address);
	code = put_together(asked, target, call, err);
	if (code == HST_OK)
		code = keeper_process_start(&keeper->process, target->program, err);
	if (code == HST_OK) {
		facts->pid = (int)keeper->process.pid;
		/* Where that fails, it has ended, and the next to be heard of it is that. */
		keeper_process_send(&keeper->process, asked->bytes, asked->n);
		code = come_to_connection(keeper, target, call, until_ms, facts, err);
	}
	free(asked);
	if (code == HST_OK) {
		*ret = keeper;
		return HST_OK;
	}
	keeper_process_end(&keeper->process, 0);
	free(keeper);
	return code;
}

int keeper_fd(const struct keeper *keeper)
{
	return keeper->process.fd;
}

enum keeper_state keeper_poll(struct keeper *keeper)
{
	struct keeper_heard heard;
	int code = HST_OK;

	while (keeper->state == KEEPER_HOLDS && (code = keeper_process_hear(&keeper->process, NULL, 0, &heard)) == HST_OK)
		if (heard.word == KEEPER_OVER)
			end_because(keeper, heard.number, heard.text);
	if (keeper->state == KEEPER_HOLDS && code == HST_BROKEN)
		end_unheard(keeper);
	return keeper->state;
}

int keeper_lost(const struct keeper *keeper, enum keeper_seen seen, hst_error *err)
{
	return tell(keeper, keeper_meaning_of_loss(keeper->cause, seen), err);
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	keeper_process_end(&keeper->process, keeper->state == KEEPER_HOLDS ? GOODBYE_MS : 0);
	free(keeper);
}
