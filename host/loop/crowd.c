#include "loop/crowd.h"

#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

/* On Linux they are the same bits, so that nothing has to be translated. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP, "bits of epoll and poll");

struct member {
	void (*call)(void *arg, int fd, short ready); /* NULL: not watched */
	void *arg;
	short events;
	uint32_t generation; /* tells news of this descriptor from news of one that had its number before */
};

struct crowd {
	int set;
	struct member *members; /* by descriptor */
	size_t room;
	uint32_t made, rounds;
};

struct crowd *crowd_new(void)
{
	int set = epoll_create1(EPOLL_CLOEXEC);
	struct crowd *crowd;

	if (set < 0)
		return NULL;
	crowd = mem_alloc(sizeof *crowd);
	crowd->set = set;
	return crowd;
}

void crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return;
	close(crowd->set);
	free(crowd->members);
	free(crowd);
}

int crowd_descriptor(const struct crowd *crowd)
{
	return crowd->set;
}

/* One that was closed before it was forgotten has left the set by itself. */
static bool wait_for(struct crowd *crowd, int fd, const struct member *member)
{
	struct epoll_event event = {.events = (uint32_t)member->events,
				    .data.u64 = (uint64_t)member->generation << 32 | (uint32_t)fd};

	return epoll_ctl(crowd->set, EPOLL_CTL_MOD, fd, &event) == 0 ||
	       (errno == ENOENT && epoll_ctl(crowd->set, EPOLL_CTL_ADD, fd, &event) == 0);
}

bool crowd_watch(struct crowd *crowd, int fd, short events, void (*call)(void *arg, int fd, short ready), void *arg)
{
	struct member member = {.call = call, .arg = arg, .events = events};
	bool known = (size_t)fd < crowd->room && crowd->members[fd].call;

	if (!events || !call) {
		if (!known)
			return false;
		crowd->members[fd] = (struct member){0};
		epoll_ctl(crowd->set, EPOLL_CTL_DEL, fd, NULL);
		return true;
	}
	crowd->members = mem_grow(crowd->members, &crowd->room, (size_t)fd + 1, sizeof *crowd->members);
	member.generation = known ? crowd->members[fd].generation : ++crowd->made;
	if ((!known || crowd->members[fd].events != events) && !wait_for(crowd, fd, &member)) {
		crowd->members[fd] = (struct member){0};
		return false;
	}
	crowd->members[fd] = member;
	return true;
}

/* A turn within a callback has served all this anew, and what it left is told again. */
void crowd_serve(struct crowd *crowd)
{
	struct epoll_event ready[AT_ONCE];
	const uint32_t round = ++crowd->rounds;
	int n = epoll_wait(crowd->set, ready, AT_ONCE, 0);

	for (int i = 0; i < n && crowd->rounds == round; i++) {
		int fd = (int)(uint32_t)ready[i].data.u64;
		struct member member = crowd->members[fd];
		short events = (short)((int)ready[i].events & (member.events | POLLERR | POLLHUP));

		if (member.call && member.generation == (uint32_t)(ready[i].data.u64 >> 32) && events)
			member.call(member.arg, fd, events);
	}
}
