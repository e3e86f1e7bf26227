/*
 * A batch apart from the thread that uses the store: one thread, made when it is first wanted, which has the store for as
 * long as it puts and commits that batch and does nothing else. SQLite itself knows no threads here; who has the store is
 * handed over under the mutex.
 */
#include "store/sqlite.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum apart_state { APART_IDLE, APART_ASKED, APART_OVER, APART_ENDING };

struct sqlite_apart {
	struct sqlite_store *store;
	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	enum apart_state state; /* under the mutex; what follows is the thread's while it is ASKED */
	int over;		/* eventfd: readable while it is OVER */
	int (*put)(void *arg, struct store *store, hst_error *err);
	void *arg;
	int code;
	hst_error err;
};

static void apart_do(struct sqlite_apart *apart)
{
	struct sqlite_store *store = apart->store;

	apart->code = apart->put(apart->arg, &store->store, &apart->err);
	if (apart->code)
		store->spoiled = true;
	if (!apart->code || store->in_batch) {
		int code = sqlite_commit_now(store, apart->code ? NULL : &apart->err);

		apart->code = apart->code ? apart->code : code;
	}
}

static void *apart_work(void *arg)
{
	struct sqlite_apart *apart = arg;

	pthread_mutex_lock(&apart->mutex);
	while (apart->state != APART_ENDING) {
		if (apart->state != APART_ASKED) {
			pthread_cond_wait(&apart->changed, &apart->mutex);
			continue;
		}
		pthread_mutex_unlock(&apart->mutex);
		apart_do(apart);
		pthread_mutex_lock(&apart->mutex);
		apart->state = APART_OVER;
		eventfd_write(apart->over, 1);
		pthread_cond_broadcast(&apart->changed);
	}
	pthread_mutex_unlock(&apart->mutex);
	return NULL;
}

static struct sqlite_apart *apart_new(struct sqlite_store *store)
{
	struct sqlite_apart *apart = mem_alloc(sizeof *apart);

	apart->store = store;
	apart->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&apart->mutex, NULL);
	pthread_cond_init(&apart->changed, NULL);
	apart->started = apart->over >= 0 && pthread_create(&apart->thread, NULL, apart_work, apart) == 0;
	return apart;
}

static void apart_say(struct sqlite_apart *apart, enum apart_state state)
{
	pthread_mutex_lock(&apart->mutex);
	apart->state = state;
	pthread_cond_broadcast(&apart->changed);
	pthread_mutex_unlock(&apart->mutex);
}

/* Whether it is over; `wait`: until it is. */
static bool apart_over(struct sqlite_apart *apart, bool wait)
{
	bool over;

	pthread_mutex_lock(&apart->mutex);
	while (wait && apart->state == APART_ASKED)
		pthread_cond_wait(&apart->changed, &apart->mutex);
	over = apart->state != APART_ASKED;
	pthread_mutex_unlock(&apart->mutex);
	return over;
}

struct sqlite_store *sqlite_of(struct store *base)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	if (!store->lent || pthread_equal(store->apart->thread, pthread_self()))
		return store;
	apart_over(store->apart, true);
	store->lent = false;
	return store;
}

int sqlite_commit_begin(struct store *base, int (*put)(void *arg, struct store *store, hst_error *err), void *arg)
{
	struct sqlite_store *store = sqlite_of(base);

	if (!store->apart)
		store->apart = apart_new(store);
	store->apart->put = put;
	store->apart->arg = arg;
	/* A machine that gives no thread is no reason to lose a batch. */
	if (!store->apart->started) {
		apart_do(store->apart);
		return -1;
	}
	store->lent = true;
	apart_say(store->apart, APART_ASKED);
	return store->apart->over;
}

int sqlite_commit_end(struct store *base, bool wait, bool *ret_over, hst_error *err)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct sqlite_apart *apart = store->apart;
	eventfd_t told;

	*ret_over = !store->lent || apart_over(apart, wait);
	if (!*ret_over)
		return HST_OK;
	store->lent = false;
	if (apart->started)
		eventfd_read(apart->over, &told);
	if (apart->code && err)
		*err = apart->err;
	return apart->code;
}

void sqlite_apart_free(struct sqlite_apart *apart)
{
	if (!apart)
		return;
	if (apart->started) {
		apart_over(apart, true);
		apart_say(apart, APART_ENDING);
		pthread_join(apart->thread, NULL);
	}
	if (apart->over >= 0)
		close(apart->over);
	pthread_cond_destroy(&apart->changed);
	pthread_mutex_destroy(&apart->mutex);
	free(apart);
}
