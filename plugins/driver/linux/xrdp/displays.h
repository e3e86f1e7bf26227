/*
 * What can be seen of xrdp's sessions without asking anybody, from the directory of its sockets, the kernel's list of sockets
 * and /proc: which displays are xrdp's, whether a client is attached, and which processes carry a session.
 *
 * A session is a process of root (sesman's, one for each session), which lives as long as the session does, and below it as the
 * user's: the X server, what the session was started with (the leader; when it ends, the session is over), and the server of
 * xrdp's channels. All of that stays when sesman itself dies.
 */
#ifndef XRDP_DISPLAYS_H
#define XRDP_DISPLAYS_H

#include "../inventory.h"
#include "../remains.h"

/* For struct inventory_kind; `sockets` is where xrdp keeps its sockets, usually /run/xrdp/sockdir. */
void *displays_look_round(hst_call *call, const char *sockets);
void displays_look(const void *seen, int display, const struct ucred *server, struct inventory_facts *facts);

/* Does an X server of this user listen for clients of xrdp on the display? */
bool displays_serves(const void *seen, int display, uid_t uid);

/* Is a client attached to the display of this X server? */
bool displays_is_attached(const char *sockets, int display, pid_t server);

/* The processes of a session. */
struct carriers {
	struct process broker, leader, channels; /* pid 0: not there */
	struct process server;
	int display;
};

/* What begins the text that the leader of a session of hostler's was started with; its mark follows. */
#define DISPLAYS_LEADER MARK_NAME "="

/* The session whose leader has this mark. `ret->display` is -1 while its X server is not known. */
bool displays_find(const char *mark, uid_t uid, struct carriers *ret);

/* Is the session on this display one that was begun with another mark, or without one? False while that cannot be seen yet. */
bool displays_is_anothers(int display, uid_t uid, const char *mark);

/*
 * May a session come on this display? Not once none of sesman's processes for sessions has its X server, or none yet: then it is
 * over. sesman names a session to whoever signs in until that process has ended, and is asked again for another one.
 */
bool displays_may_come(int display);

/* Removes what is left in `sockets` of a display whose X server has ended. */
void displays_remove_sockets(const char *sockets, int display, uid_t uid);

#endif
