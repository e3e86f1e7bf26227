/*
 * The floor: a bare program that does what a durable run cannot do without, and nothing else. Every figure of
 * `make bench` is a ratio to it, so it stays as it is once it is written.
 *
 *	client --press--> host --start--> gateway (nothing, or a process) --ended--> host --done--> client
 *
 * Three processes, ZeroMQ over ipc without CURVE, one message of 200 bytes per arrow. The host keeps runs in SQLite (WAL,
 * synchronous=FULL): INSERT and UPDATE to running are committed before a run is started, UPDATE to done before its
 * notice. A commit is shared by everything that waits: drain the socket, one COMMIT, then send. The order of what waits
 * for a slot is a heap in memory.
 *
 * With --in-flight the client presses again whenever a run is done, with --rate it presses at that pace whatever
 * happens. The answer is one JSON object on stdout; times are microseconds of CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

extern char **environ;

enum { SLOTS_MAX = 1024, OUTPUT_MAX = 64, SILENCE_MS = 20000 };

#define ENDPOINT "ipc://floor.ipc"
#define STORE "floor.db"

enum word { READY, PRESS, START, ENDED, DONE };

/* What every arrow carries: 200 bytes, as a small control message has. */
struct note {
	int64_t word, number; /* READY: number is the count of slots */
	int64_t pressed_us, started_us;
	char body[168];
};

struct settings {
	double seconds, warm;
	int64_t in_flight, rate, slots;
	char *program; /* NULL: a run is nothing */
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "floor: %s: %s\n", what, why);
	_exit(1);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *socket_of(void *zmq, int type, const char *name)
{
	static const int no_limit = 0;
	void *socket = zmq_socket(zmq, type);

	zmq_setsockopt(socket, ZMQ_LINGER, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
	if (name)
		zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
	if ((name ? zmq_connect(socket, ENDPOINT) : zmq_bind(socket, ENDPOINT)) != 0)
		fail(ENDPOINT, zmq_strerror(zmq_errno()));
	return socket;
}

/* False: nothing is there. */
static bool take(void *socket, struct note *ret)
{
	int n = zmq_recv(socket, ret, sizeof *ret, ZMQ_DONTWAIT);

	if (n == (int)sizeof *ret)
		return true;
	if (n >= 0)
		fail("a message", "it has another size");
	if (errno != EAGAIN && errno != EINTR)
		fail("receiving", zmq_strerror(errno));
	return false;
}

/* The order of waiting runs: (priority, number), smallest first */

struct waiting {
	int64_t priority;
	struct note note;
};

struct heap {
	struct waiting **at;
	size_t n, size;
};

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->note.number < b->note.number;
}

static void heap_push(struct heap *heap, struct waiting *item)
{
	size_t i = heap->n++;

	if (heap->n > heap->size) {
		heap->size = heap->size ? 2 * heap->size : 1024;
		heap->at = realloc(heap->at, heap->size * sizeof *heap->at);
		if (!heap->at)
			abort();
	}
	for (; i > 0 && before(item, heap->at[(i - 1) / 2]); i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = item;
}

static struct waiting *heap_pop(struct heap *heap)
{
	struct waiting *top = heap->at[0], *last = heap->at[--heap->n];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
		if (child + 1 < heap->n && before(heap->at[child + 1], heap->at[child]))
			child++;
		if (!before(heap->at[child], last))
			break;
		heap->at[i] = heap->at[child];
	}
	heap->at[i] = last;
	return top;
}

/* The host */

enum sql { SQL_BEGIN, SQL_COMMIT, SQL_INSERT, SQL_RUNNING, SQL_DONE, SQL_COUNT };

static const char *const statements[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_INSERT] = "INSERT INTO run(number, priority, state, pressed_us, inputs) VALUES(?1, ?2, 'queued', ?3, ?4)",
	[SQL_RUNNING] = "UPDATE run SET state = 'running', placed_us = ?2 WHERE number = ?1",
	[SQL_DONE] = "UPDATE run SET state = 'done', ended_us = ?2, outputs = ?3 WHERE number = ?1",
};

static const char schema[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			     "CREATE TABLE run(number INTEGER PRIMARY KEY, priority INTEGER, state TEXT,"
			     " pressed_us INTEGER, placed_us INTEGER, ended_us INTEGER, inputs BLOB, outputs BLOB)";

struct host {
	void *socket;
	sqlite3 *db;
	sqlite3_stmt *sql[SQL_COUNT];
	struct heap waiting;
	int64_t slots; /* free ones of the gateway */
	struct {
		const char *to;
		struct note note;
	} *out; /* what is sent after the commit */
	size_t out_count, out_size;
};

static void run_sql(struct host *host, enum sql which)
{
	if (sqlite3_step(host->sql[which]) != SQLITE_DONE)
		fail(statements[which], sqlite3_errmsg(host->db));
	sqlite3_reset(host->sql[which]);
}

static void say(struct host *host, const char *to, const struct note *note, enum word word)
{
	if (host->out_count == host->out_size) {
		host->out_size = host->out_size ? 2 * host->out_size : 1024;
		host->out = realloc(host->out, host->out_size * sizeof *host->out);
		if (!host->out)
			abort();
	}
	host->out[host->out_count].to = to;
	host->out[host->out_count].note = *note;
	host->out[host->out_count++].note.word = word;
}

static void pressed(struct host *host, const struct note *note)
{
	struct waiting *item = malloc(sizeof *item);

	if (!item)
		abort();
	*item = (struct waiting){.note = *note};
	sqlite3_bind_int64(host->sql[SQL_INSERT], 1, note->number);
	sqlite3_bind_int64(host->sql[SQL_INSERT], 2, item->priority);
	sqlite3_bind_int64(host->sql[SQL_INSERT], 3, note->pressed_us);
	sqlite3_bind_blob(host->sql[SQL_INSERT], 4, item->note.body, sizeof item->note.body, SQLITE_STATIC);
	run_sql(host, SQL_INSERT);
	heap_push(&host->waiting, item);
}

static void ended(struct host *host, const struct note *note)
{
	sqlite3_bind_int64(host->sql[SQL_DONE], 1, note->number);
	sqlite3_bind_int64(host->sql[SQL_DONE], 2, now_us());
	sqlite3_bind_blob(host->sql[SQL_DONE], 3, note->body, sizeof note->body, SQLITE_STATIC);
	run_sql(host, SQL_DONE);
	host->slots++;
	say(host, "client", note, DONE);
}

static void place(struct host *host)
{
	while (host->slots > 0 && host->waiting.n > 0) {
		struct waiting *item = heap_pop(&host->waiting);

		sqlite3_bind_int64(host->sql[SQL_RUNNING], 1, item->note.number);
		sqlite3_bind_int64(host->sql[SQL_RUNNING], 2, now_us());
		run_sql(host, SQL_RUNNING);
		host->slots--;
		say(host, "gateway", &item->note, START);
		free(item);
	}
}

/* One turn: whatever has come, one transaction, then whatever there is to say. */
static void host_turn(struct host *host)
{
	bool begun = false;
	char from[16];

	while (zmq_recv(host->socket, from, sizeof from, ZMQ_DONTWAIT) >= 0) {
		struct note note;

		if (!take(host->socket, &note))
			fail("a message", "it has no body");
		if (!begun)
			run_sql(host, SQL_BEGIN);
		begun = true;
		if (note.word == PRESS)
			pressed(host, &note);
		else if (note.word == ENDED)
			ended(host, &note);
		else if (note.word == READY)
			host->slots += note.number;
	}
	if (!begun)
		return;
	place(host);
	run_sql(host, SQL_COMMIT);
	for (size_t i = 0; i < host->out_count; i++) {
		zmq_send(host->socket, host->out[i].to, strlen(host->out[i].to), ZMQ_SNDMORE);
		zmq_send(host->socket, &host->out[i].note, sizeof host->out[i].note, 0);
	}
	host->out_count = 0;
}

static void be_host(const struct settings *settings)
{
	struct host host = {.socket = socket_of(zmq_ctx_new(), ZMQ_ROUTER, NULL)};

	(void)settings;
	if (sqlite3_open(STORE, &host.db) != SQLITE_OK || sqlite3_exec(host.db, schema, NULL, NULL, NULL) != SQLITE_OK)
		fail(STORE, sqlite3_errmsg(host.db));
	for (int i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v2(host.db, statements[i], -1, &host.sql[i], NULL) != SQLITE_OK)
			fail(statements[i], sqlite3_errmsg(host.db));
	for (;;) {
		zmq_pollitem_t item = {.socket = host.socket, .events = ZMQ_POLLIN};

		if (zmq_poll(&item, 1, -1) > 0)
			host_turn(&host);
	}
}

/* The gateway */

struct process {
	pid_t pid; /* 0: the place is free */
	int output;
	char said[OUTPUT_MAX];
	size_t length;
	struct note note;
};

static void process_start(struct process *process, const struct settings *settings, const struct note *note)
{
	char *const argv[] = {settings->program, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pipe_fds[2], error;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		fail("a pipe", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	error = posix_spawn(&process->pid, settings->program, &actions, &attributes, argv, environ);
	if (error)
		fail(settings->program, strerror(error));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	process->output = pipe_fds[0];
	process->length = 0;
	process->note = *note;
}

/* True when the process has ended; its output is the time at which it began. */
static bool process_read(struct process *process)
{
	ssize_t n = read(process->output, process->said + process->length, sizeof process->said - 1 - process->length);

	if (n > 0) {
		process->length += (size_t)n;
		return false;
	}
	close(process->output);
	waitpid(process->pid, NULL, 0);
	process->said[process->length] = '\0';
	process->note.started_us = strtoll(process->said, NULL, 10);
	process->pid = 0;
	return true;
}

struct gateway {
	void *socket;
	const struct settings *settings;
	struct process processes[SLOTS_MAX];
};

static void answer(struct gateway *gateway, struct note *note)
{
	note->word = ENDED;
	zmq_send(gateway->socket, note, sizeof *note, 0);
}

static void gateway_start(struct gateway *gateway, struct note *note)
{
	struct process *process = gateway->processes;

	if (!gateway->settings->program) {
		answer(gateway, note);
		return;
	}
	while (process->pid)
		process++;
	process_start(process, gateway->settings, note);
}

static void gateway_turn(struct gateway *gateway)
{
	zmq_pollitem_t items[SLOTS_MAX + 1] = {{.socket = gateway->socket, .events = ZMQ_POLLIN}};
	struct process *of[SLOTS_MAX + 1];
	struct note note;
	int n = 1;

	for (int64_t i = 0; i < gateway->settings->slots; i++) {
		struct process *process = &gateway->processes[i];

		if (!process->pid)
			continue;
		items[n] = (zmq_pollitem_t){.fd = process->output, .events = ZMQ_POLLIN};
		of[n++] = process;
	}
	if (zmq_poll(items, n, -1) <= 0)
		return;
	for (int i = 1; i < n; i++)
		if (items[i].revents && process_read(of[i]))
			answer(gateway, &of[i]->note);
	while (take(gateway->socket, &note))
		gateway_start(gateway, &note);
}

static void be_gateway(const struct settings *settings)
{
	static struct gateway gateway;
	struct note ready = {.word = READY, .number = settings->slots};

	gateway.settings = settings;
	gateway.socket = socket_of(zmq_ctx_new(), ZMQ_DEALER, "gateway");
	zmq_send(gateway.socket, &ready, sizeof ready, 0);
	for (;;)
		gateway_turn(&gateway);
}

/* The client */

struct samples {
	int64_t *at;
	size_t n, size;
};

static void sample(struct samples *samples, int64_t value)
{
	if (samples->n == samples->size) {
		samples->size = samples->size ? 2 * samples->size : 4096;
		samples->at = realloc(samples->at, samples->size * sizeof *samples->at);
		if (!samples->at)
			abort();
	}
	samples->at[samples->n++] = value;
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void print_samples(const char *name, struct samples *samples)
{
	if (!samples->n)
		return;
	qsort(samples->at, samples->n, sizeof *samples->at, by_size);
	printf(", \"%s\": {\"p50\": %lld, \"p99\": %lld}", name, (long long)samples->at[samples->n / 2],
	       (long long)samples->at[samples->n * 99 / 100]);
}

struct client {
	const struct settings *settings;
	void *socket;
	int timer; /* -1: none, presses follow what is done */
	int64_t number, open;
	int64_t from_us, until_us; /* what is done between these is counted */
	struct samples done, started;
};

static void press(struct client *client)
{
	struct note note = {.word = PRESS, .number = ++client->number, .pressed_us = now_us()};

	memset(note.body, 'x', sizeof note.body);
	zmq_send(client->socket, &note, sizeof note, 0);
	client->open++;
}

static void done(struct client *client, const struct note *note, int64_t now)
{
	client->open--;
	if (now < client->from_us || now >= client->until_us)
		return;
	sample(&client->done, now - note->pressed_us);
	if (note->started_us)
		sample(&client->started, note->started_us - note->pressed_us);
}

/* Returns false when nothing comes any more although something should. */
static bool client_turn(struct client *client, bool pressing)
{
	zmq_pollitem_t items[] = {{.socket = client->socket, .events = ZMQ_POLLIN}, {.fd = client->timer, .events = ZMQ_POLLIN}};
	bool paced = client->timer >= 0;
	struct note note;
	uint64_t due = 0;
	int64_t now;

	if (zmq_poll(items, paced ? 2 : 1, SILENCE_MS) == 0)
		return false;
	now = now_us();
	while (take(client->socket, &note))
		done(client, &note, now);
	if (paced && read(client->timer, &due, sizeof due) == (ssize_t)sizeof due)
		for (; pressing && due > 0; due--)
			press(client);
	while (!paced && pressing && client->open < client->settings->in_flight)
		press(client);
	return true;
}

static int pacemaker(int64_t rate)
{
	long each_ns = (long)(1000000000 / rate);
	struct timespec each = {.tv_sec = each_ns / 1000000000, .tv_nsec = each_ns % 1000000000};
	struct itimerspec pace = {.it_interval = each, .it_value = each};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0 || timerfd_settime(timer, 0, &pace, NULL) != 0)
		fail("a timer", strerror(errno));
	return timer;
}

/* The host's resident memory before it has done anything. */
static long resident_kib(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int be_client(const struct settings *settings, pid_t host)
{
	struct client client = {.settings = settings, .timer = -1};
	struct timespec settling = {.tv_nsec = 200000000};
	void *zmq = zmq_ctx_new();
	int64_t begun_us;
	long resident;

	client.socket = socket_of(zmq, ZMQ_DEALER, "client");
	nanosleep(&settling, NULL);
	resident = resident_kib(host);
	begun_us = now_us();
	client.from_us = begun_us + (int64_t)(settings->warm * 1e6);
	client.until_us = client.from_us + (int64_t)(settings->seconds * 1e6);
	if (settings->rate > 0)
		client.timer = pacemaker(settings->rate);
	else
		press(&client);
	while (now_us() < client.until_us || client.open > 0)
		if (!client_turn(&client, now_us() < client.until_us))
			fail("the client", "runs that were pressed do not end");
	printf("{\"runs\": %zu, \"runs_per_s\": %.1f, \"idle_kib\": %ld", client.done.n, (double)client.done.n / settings->seconds,
	       resident);
	print_samples("done_us", &client.done);
	print_samples("started_us", &client.started);
	printf("}\n");
	return client.done.n > 0 ? 0 : 1;
}

static pid_t process_of(void (*be)(const struct settings *settings), const struct settings *settings)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	be(settings);
	_exit(1);
}

static const char usage[] = "usage: floor [--seconds S] [--warm S] [--in-flight N | --rate PER_SECOND] [--slots N]\n"
			    "             [--spawn PROGRAM] [--dir EMPTY_FOLDER]\n";

static const struct option options[] = {
	{"seconds", required_argument, NULL, 's'}, {"warm", required_argument, NULL, 'w'},
	{"in-flight", required_argument, NULL, 'n'}, {"rate", required_argument, NULL, 'r'},
	{"slots", required_argument, NULL, 'l'}, {"spawn", required_argument, NULL, 'p'},
	{"dir", required_argument, NULL, 'd'}, {0},
};

int main(int argc, char **argv)
{
	struct settings settings = {.seconds = 5, .warm = 1, .in_flight = 500, .slots = 512};
	const char *dir = ".";
	pid_t host, gateway;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's': settings.seconds = atof(optarg); break;
		case 'w': settings.warm = atof(optarg); break;
		case 'n': settings.in_flight = atoll(optarg); break;
		case 'r': settings.rate = atoll(optarg); break;
		case 'l': settings.slots = atoll(optarg); break;
		case 'p': settings.program = realpath(optarg, NULL); break;
		case 'd': dir = optarg; break;
		default: return fputs(usage, stderr), 2;
		}
		if (option == 'p' && !settings.program)
			fail(optarg, strerror(errno));
	}
	if (settings.seconds <= 0 || settings.in_flight < 1 || settings.rate < 0 || settings.slots < 1 ||
	    settings.slots > SLOTS_MAX || optind < argc)
		return fputs(usage, stderr), 2;
	if (chdir(dir) != 0)
		fail(dir, strerror(errno));
	host = process_of(be_host, &settings);
	gateway = process_of(be_gateway, &settings);
	status = be_client(&settings, host);
	kill(gateway, SIGKILL);
	kill(host, SIGKILL);
	waitpid(gateway, NULL, 0);
	waitpid(host, NULL, 0);
	return status;
}
