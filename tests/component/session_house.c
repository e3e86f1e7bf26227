#include "session_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/channel.h"
#include "os/files.h"
#include "os/inherited.h"
#include "os/spawn.h"
#include "session/work.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *below(const struct session_house *house, const char *name)
{
	return files_join(house->root, name);
}

static char *folder(struct session_house *house, const char *name, mode_t mode)
{
	char *path = below(house, name);

	assert_int_equal(files_make_directory(path, mode, NULL), HST_OK);
	return path;
}

/* Plugins are loaded from one folder, as installed: a real file, which nobody else can write. */
static void install(struct session_house *house, const char *from, const char *name)
{
	AUTO_FREE char *file = mem_printf("%s/%s.so", from, name);
	AUTO_FREE char *target = mem_printf("%s/plugins/driver/%s.so", house->root, name);
	AUTO_FREE char *bytes = NULL;
	hst_error err = {0};
	size_t length;

	if (files_read(file, 64 << 20, &bytes, &length, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(files_replace(target, bytes, length, 0755, false, NULL), HST_OK);
}

int session_house_set_up(void **state)
{
	const char *test_plugins = getenv("HOSTLER_TEST_PLUGINS"), *plugins = getenv("HOSTLER_PLUGINS");
	struct session_house *house;
	AUTO_FREE char *drivers = plugins ? files_join(plugins, "driver") : NULL;

	if (!plugins || !getenv("HOSTLER_PROGRAMS"))
		return 0;
	house = mem_alloc(sizeof *house);
	snprintf(house->root, sizeof house->root, "/tmp/hostler-session-XXXXXX");
	assert_non_null(mkdtemp(house->root));
	assert_int_equal(chmod(house->root, 0755), 0);
	house->conf = below(house, "hostler.ini");
	house->state_dir = folder(house, "state", 0711);
	house->run_dir = folder(house, "run", 0711);
	house->marks = folder(house, "marks", 0755);
	house->package = folder(house, "state/gateway/packages/" SESSION_DIGEST, 0755);
	house->results = folder(house, SESSION_RESULTS, 0700);
	house->digest = SESSION_DIGEST;
	house->results_name = "1-7";
	free(folder(house, "plugins/driver", 0755));
	install(house, drivers, "null");
	install(house, test_plugins ? test_plugins : "tests/plugins/.libs", "noting");
	house->loop = loop_new(loop_wait_poll);
	house->life = house->ready = house->handover = -1;
	*state = house;
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int session_house_tear_down(void **state)
{
	struct session_house *house = *state;

	if (!house)
		return 0;
	if (house->pid > 0) {
		kill(house->pid, SIGKILL);
		waitpid(house->pid, NULL, 0);
	}
	session_house_leave(house);
	close_end(&house->life);
	close_end(&house->ready);
	close_end(&house->handover);
	/* The flow of a hold that was killed goes on without it. */
	work_sweep(house->state_dir);
	loop_free(house->loop);
	for (size_t i = 0; i < house->heard_count; i++) {
		free(house->heard[i].payload);
		free(house->heard[i].sealed);
	}
	files_remove_tree(house->root, NULL);
	free(house->conf);
	free(house->state_dir);
	free(house->run_dir);
	free(house->marks);
	free(house->results);
	free(house->package);
	free(house);
	return 0;
}

void session_house_configure(struct session_house *house, const char *driver, const char *options)
{
	AUTO_FREE char *plugins = below(house, "plugins");
	AUTO_FREE char *root =
		strcmp(driver, "noting") == 0 ? mem_printf("root = %s\n", house->marks) : mem_text("");
	AUTO_FREE char *text =
		mem_printf("[host]\nstate_dir = %s\nrun_dir = %s\nplugins = %s\n"
			   "[gateway]\nname = ts-01\ndriver = here\nstrategy = open\n"
			   "%s\n%s%s\n"
			   "[driver here]\nplugin = %s\n%s%s",
			   house->state_dir, house->run_dir, plugins,
			   house->anybody ? "" : "accounts = ada, refused", house->outlive ? "outlive = " : "",
			   house->outlive ? house->outlive : "", driver, root, options);

	assert_int_equal(files_replace(house->conf, text, strlen(text), 0600, false, NULL), HST_OK);
}

void session_house_package(struct session_house *house, const char *manifest, const char *script)
{
	AUTO_FREE char *ini = files_join(house->package, "desktop-flow.ini");
	AUTO_FREE char *flow = files_join(house->package, "flow.sh");
	AUTO_FREE char *text =
		mem_printf("[desktop-flow]\nname = test\nrun = sh $HOSTLER_PACKAGE/flow.sh\n%s", manifest);

	assert_int_equal(files_replace(ini, text, strlen(text), 0644, false, NULL), HST_OK);
	assert_int_equal(files_replace(flow, script, strlen(script), 0644, false, NULL), HST_OK);
}

/* Messages */

static void on_message(void *arg, struct stream *stream, const struct message *message)
{
	struct session_house *house = arg;
	struct session_heard *heard = &house->heard[house->heard_count++];

	(void)stream;
	assert_true(house->heard_count < SESSION_HEARD_MAX);
	heard->message = *message;
	heard->payload = message_payload_text(message);
	heard->message.payload = heard->payload;
	heard->sealed = mem_copy(message->sealed_length ? message->sealed : "", message->sealed_length);
	heard->message.sealed = heard->sealed;
}

static void on_ended(void *arg, struct stream *stream, const hst_error *why)
{
	struct session_house *house = arg;

	(void)why;
	house->ended = true;
	house->stream = NULL;
	stream_free(stream);
}

static void too_late(void *arg)
{
	*(bool *)arg = true;
}

const struct session_heard *session_house_hear(struct session_house *house, enum word word)
{
	bool late = false;
	struct loop_timer *limit = loop_in(house->loop, SESSION_LIMIT_MS, too_late, &late);

	for (;;) {
		for (size_t i = 0; i < house->heard_count; i++) {
			struct session_heard *heard = &house->heard[i];

			if (heard->taken || heard->message.word != word)
				continue;
			heard->taken = true;
			loop_cancel(house->loop, &limit);
			return heard;
		}
		if (late || house->ended)
			fail_msg("\"%s\" was not heard", message_row(word)->word);
		loop_turn(house->loop, -1);
	}
}

void session_house_send(struct session_house *house, const struct message *message)
{
	assert_non_null(house->stream);
	assert_int_equal(stream_send(house->stream, message, NULL), HST_OK);
}

void session_house_say(struct session_house *house, enum word word, uint64_t id)
{
	struct message message;

	message_init(&message, word, id);
	session_house_send(house, &message);
}

static void set_sealed(const struct session_house *house, struct message *message)
{
	if (house->sealed)
		message_set_sealed(message, house->sealed->s, house->sealed->length);
}

void session_house_ask_open(struct session_house *house, const char *user)
{
	struct message message;

	message_init(&message, WORD_open, 1);
	message_set_text(&message, "user", user);
	set_sealed(house, &message);
	session_house_send(house, &message);
}

void session_house_open(struct session_house *house, const char *user)
{
	session_house_ask_open(house, user);
	assert_int_equal(session_house_hear(house, WORD_opened)->message.id, 1);
}

void session_house_launch_of(const struct session_house *house, int64_t step, int64_t timeout_ms, const char *inputs, struct message *ret)
{
	message_init(ret, WORD_launch, (uint64_t)(100 + step));
	message_set_integer(ret, "step", step);
	message_set_integer(ret, "token", 7);
	message_set_text(ret, "run", "r-test");
	message_set_integer(ret, "number", 4711);
	message_set_text(ret, "name", "enter");
	message_set_integer(ret, "timeout_ms", timeout_ms);
	message_set_text(ret, "package", house->digest);
	message_set_text(ret, "results", house->results_name);
	message_set_payload(ret, inputs, strlen(inputs));
	if (house->chain)
		message_set_text(ret, "chain", house->chain);
	set_sealed(house, ret);
}

void session_house_launch(struct session_house *house, int64_t step, int64_t timeout_ms, const char *inputs)
{
	struct message message;

	session_house_launch_of(house, step, timeout_ms, inputs, &message);
	session_house_send(house, &message);
}

void session_house_stop(struct session_house *house, int64_t step, const char *how)
{
	struct message message;

	message_init(&message, WORD_stop, 9);
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", 7);
	message_set_text(&message, "how", how);
	session_house_send(house, &message);
	assert_int_equal(session_house_hear(house, WORD_done)->message.id, 9);
}

void session_house_leave(struct session_house *house)
{
	stream_free(house->stream);
	house->stream = NULL;
}

void session_house_adopt(struct session_house *house)
{
	const struct stream_role role = {SPEAKER_SESSION, on_message, on_ended, house};
	const struct channel_record record = {.what = CHANNEL_ADOPT, .number = 1 << 30};
	int ends[2];

	for (size_t i = 0; i < house->heard_count; i++)
		house->heard[i].taken = true;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(channel_send(house->handover, &record, ends[1], NULL), HST_OK);
	close(ends[1]);
	house->ended = false;
	house->stream = stream_new(house->loop, ends[0], &role);
}

/* The process */

static char *listen_for_ready(struct session_house *house)
{
	struct pollfd wait = {.fd = house->ready, .events = POLLIN};
	char line[1024] = "";
	ssize_t n = 0;

	assert_int_equal(poll(&wait, 1, SESSION_LIMIT_MS), 1);
	n = read(house->ready, line, sizeof line - 1);
	line[n > 0 ? n : 0] = '\0';
	close_end(&house->ready);
	return mem_text(line);
}

char *session_house_start_and_listen(struct session_house *house, const char *what)
{
	const struct stream_role role = {SPEAKER_SESSION, on_message, on_ended, house};
	AUTO_FREE char *program = files_join(getenv("HOSTLER_PROGRAMS"), "hostler-session");
	char *const argv[] = {"hostler-session", (char *)what, "--device", "ts-01", "-c", house->conf, NULL};
	int ready[2], life[2], peer[2], handover[2] = {-1, -1}, keys[2] = {-1, -1};
	struct spawn_fd fds[5];
	size_t n = 0;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, peer), 0);
	if (house->outlive)
		assert_int_equal(channel_pair(handover, NULL), HST_OK);
	if (house->keys) {
		assert_int_equal(pipe2(keys, O_CLOEXEC), 0);
		assert_int_equal(write(keys[1], house->keys, strlen(house->keys)), strlen(house->keys));
		close_end(&keys[1]);
		fds[n++] = (struct spawn_fd){keys[0], INHERITED_KEYS};
	}
	fds[n++] = (struct spawn_fd){ready[1], INHERITED_READY};
	fds[n++] = (struct spawn_fd){life[0], INHERITED_LIFE};
	fds[n++] = (struct spawn_fd){peer[1], INHERITED_PEER};
	if (house->outlive)
		fds[n++] = (struct spawn_fd){handover[1], INHERITED_HANDOVER};
	const struct spawn spawn = {.path = program,
				    .argv = argv,
				    .environment = environ,
				    .fds = fds,
				    .fd_count = n};

	assert_int_equal(spawn_start(&spawn, &house->pid, NULL), HST_OK);
	close_end(&keys[0]);
	close(ready[1]);
	close(life[0]);
	close(peer[1]);
	close_end(&keys[0]);
	house->ready = ready[0];
	close_end(&handover[1]);
	house->handover = handover[0];
	house->life = life[1];
	house->ended = false;
	house->stream = stream_new(house->loop, peer[0], &role);
	return listen_for_ready(house);
}

void session_house_start(struct session_house *house, const char *what)
{
	AUTO_FREE char *said = session_house_start_and_listen(house, what);

	assert_string_equal(said, "ready\n");
}

int session_house_wait(struct session_house *house)
{
	AUTO_CLOSE int fd = pidfd_open(house->pid, 0);
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int status = -1;

	assert_int_equal(poll(&wait, 1, SESSION_LIMIT_MS), 1);
	assert_int_equal(waitpid(house->pid, &status, 0), house->pid);
	house->pid = 0;
	close_end(&house->life);
	return status;
}

static int occurrences(const char *bytes, size_t n, const char *text)
{
	const char *at = bytes;
	int found = 0;

	while ((at = memmem(at, n - (size_t)(at - bytes), text, strlen(text))) != NULL) {
		at++;
		found++;
	}
	return found;
}

static int occurrences_in(int memory, unsigned long from, unsigned long to, const char *text)
{
	AUTO_FREE char *bytes = mem_array(to - from, 1);
	ssize_t n = pread(memory, bytes, to - from, (off_t)from);

	return n > 0 ? occurrences(bytes, (size_t)n, text) : 0;
}

int session_house_remembers(struct session_house *house, const char *text, int *ret_unlocked)
{
	AUTO_FREE char *maps_path = mem_printf("/proc/%d/smaps", (int)house->pid);
	AUTO_FREE char *memory_path = mem_printf("/proc/%d/mem", (int)house->pid);
	AUTO_CLOSE int memory = open(memory_path, O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen(maps_path, "re");
	unsigned long from = 0, to = 0, at, end;
	char line[512], mode[8] = "", kind[8];
	int found = 0, unlocked = 0, here;

	/* It says that a run is over before it has put everything of it away. */
	session_house_stop(house, 0, "cancel");
	while (memory >= 0 && maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx %7s", &at, &end, kind) == 3) {
			from = at;
			to = end;
			memcpy(mode, kind, sizeof mode);
		}
		/* The last line of each region. The shadow of a sanitizer is larger than any memory, and has no text in it. */
		if (strncmp(line, "VmFlags:", 8) != 0 || mode[1] != 'w' || to - from > SESSION_REGION_MAX)
			continue;
		here = occurrences_in(memory, from, to, text);
		found += here;
		unlocked += strstr(line, " lo") ? 0 : here;
	}
	if (maps)
		fclose(maps);
	if (ret_unlocked)
		*ret_unlocked = unlocked;
	return found;
}

/* Files */

bool session_house_has(const struct session_house *house, const char *name)
{
	AUTO_FREE char *path = below(house, name);

	return access(path, F_OK) == 0;
}

char *session_house_read(const struct session_house *house, const char *name)
{
	AUTO_FREE char *path = below(house, name);
	char *bytes = NULL;

	return files_read(path, 1 << 20, &bytes, NULL, NULL) == HST_OK ? bytes : mem_text("");
}

char *session_house_only(const struct session_house *house, const char *name)
{
	AUTO_FREE char *path = below(house, name);
	DIR *directory = opendir(path);
	struct dirent *entry;
	char *only = NULL;

	assert_non_null(directory);
	assert_int_equal(session_house_count(house, name), 1);
	while ((entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			only = mem_text(entry->d_name);
	closedir(directory);
	return only;
}

int session_house_count(const struct session_house *house, const char *name)
{
	AUTO_FREE char *path = below(house, name);
	DIR *directory = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (directory && (entry = readdir(directory)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (directory)
		closedir(directory);
	return n;
}
