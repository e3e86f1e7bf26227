/* The machine's side: who runs the house, the clock, the address of the host. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "config/accounts.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

/* A house that root starts, looked at by somebody else: what only root may see is left out. */
static void look_as_guest(struct doctor *doctor)
{
	const struct passwd *owner = getpwuid(doctor->owner);
	const struct group *group = getgrnam(ACCOUNT_GROUP);
	bool member = group && group_member(group->gr_gid);

	if (doctor->owner == 0 && !member)
		doctor_note(doctor, "user", "sudo usermod -aG " ACCOUNT_GROUP " NAME, then sign in anew; or look with sudo.",
			    "this house is root's, and this user is not in the group " ACCOUNT_GROUP ", which may ask it");
	else
		doctor_note(doctor, "user", "Look as that user to see all.",
			    "this house is the one of %s; what only its owner can see was left out", owner ? owner->pw_name : "another user");
}

static void look_at_roles(struct doctor *doctor)
{
	static const char *const accounts[] = {ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY};

	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
		if (!getpwnam(accounts[i])) {
			doctor_note(doctor, "user", NULL,
				    "root; the user %s is not there yet, and the first `hostler up` makes it", accounts[i]);
			return;
		}
	doctor_good(doctor, "user", "root; engine, workers and gateway each have a user of their own");
}

static void look_at_user(struct doctor *doctor)
{
	const struct passwd *self = getpwuid(geteuid());

	if (doctor->guest)
		look_as_guest(doctor);
	else if (geteuid() == 0)
		look_at_roles(doctor);
	else
		doctor_note(doctor, "user", "Start it as root where that matters: each part then has a user of its own.",
			    "a house started by %s runs as %s throughout: its plugins and desktop flows could read its keys and "
			    "store, and runs have sessions of no other user",
			    self ? self->pw_name : "this user", self ? self->pw_name : "this user");
}

/* Times of several machines stand side by side in histories. */
static void look_at_clock(struct doctor *doctor)
{
	struct timex now = {0};
	int state = adjtimex(&now);

	if (state < 0)
		doctor_note(doctor, "clock", NULL, "the system does not say whether it is set: %s", strerror(errno));
	else if (state == TIME_ERROR || (now.status & STA_UNSYNC))
		doctor_note(doctor, "clock", "Let chrony or systemd-timesyncd set it.", "nothing keeps it set right");
	else
		doctor_good(doctor, "clock", "it is kept set right");
}

/* "tcp://HOST:PORT" taken apart; '*' is every address. */
static struct addrinfo *address_of(struct doctor *doctor, const char *endpoint)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	char *host = arena_text(doctor->arena, endpoint + strlen("tcp://")), *port = strrchr(host, ':');
	struct addrinfo *found = NULL;

	if (!port || strcmp(port, ":*") == 0)
		return NULL;
	*port++ = '\0';
	if (host[0] == '[' && strlen(host) > 1 && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	return getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found) == 0 ? found : NULL;
}

static void try_address(struct doctor *doctor, const char *endpoint, const struct addrinfo *address)
{
	AUTO_CLOSE int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (fd < 0 || (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0))
		doctor_good(doctor, "listen", "%s is free for gateways of other machines", endpoint);
	else
		doctor_problem(doctor, "listen", "Name another address in `listen` of [host], or `listen = none`.",
			       "%s cannot be used: %s", endpoint, strerror(errno));
}

static void look_at_address(struct doctor *doctor)
{
	const char *endpoint = doctor->conf->has_host ? doctor->conf->listen : NULL;
	struct addrinfo *address;

	if (!endpoint || doctor->running || strncmp(endpoint, "tcp://", 6) != 0)
		return;
	address = address_of(doctor, endpoint);
	if (!address)
		return;
	try_address(doctor, endpoint, address);
	freeaddrinfo(address);
}

void doctor_machine(struct doctor *doctor)
{
	look_at_user(doctor);
	look_at_clock(doctor);
	if (!doctor->conf)
		return;
	look_at_address(doctor);
}
