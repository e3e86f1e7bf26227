#include "worker/worker.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/conf.h"
#include "definitions/options.h"
#include "loop/zmq.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/harden.h"
#include "os/inherited.h"
#include "os/limits.h"
#include "plugin/guard.h"
#include "plugin/instance.h"
#include "plugin/load.h"
#include "plugin/present.h"
#include "plugin/registry.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "wire/believed.h"
#include "wire/probing.h"
#include "wire/told.h"
#include "worker/calls.h"
#include "desktop/masking.h"
#include "desktop/program.h"
#include "worker/secrets.h"
#include "worker/services.h"
#include "seal/vault.h"
#include "worker/watching.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <zmq.h>

enum { LAST_REQUESTS_MS = 200 };
enum { STATUS_ENDED = 0, STATUS_FAILED = 1, STATUS_BAD = 2 };

struct worker {
	char *name; /* of the instance: "start" */
	const hst_plugin *plugin;
	const hst_value *options;
	hst_arena *arena;
	char *endpoint;
	char *folder; /* for files of calls */
	struct key_ring ring;
	struct pinned pinned; /* whom it seals to, and whose seals it trusts */

	struct loop *loop;
	void *zmq;
	struct link *link;
	struct vault vault;
	struct services services;
	struct plugin_instance *instance;
	hst_shape shape;
	struct calls calls;
	struct watching watching;
	bool said_ready;
	bool draining, drained; /* it finishes what it is at, and ends; what the engine asked before has come by now */
	struct told told;
};

/* The supervisor gives up on a worker that says so: trying again would change nothing. */
static int say_bad(const char *text)
{
	log_error("%s", text);
	inherited_say(text);
	return STATUS_BAD;
}

static int say_problems(const struct problems *problems)
{
	AUTO_FREE char *line = problems->n ? problem_line(&problems->at[0]) : mem_text("the configuration is wrong");

	return say_bad(line);
}

/* "trigger/start" to kind and name; false when it is no such thing. */
static bool read_instance(const char *text, hst_plugin_kind *ret_kind, const char **ret_name)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *kind = slash ? mem_copy(text, (size_t)(slash - text)) : mem_text("");

	*ret_kind = manifest_kind_named(kind);
	*ret_name = slash ? slash + 1 : "";
	return *ret_kind == HST_TRIGGER || *ret_kind == HST_CONNECTOR;
}

/* Keeps what this instance needs of the configuration and forgets the rest, which is none of its business. */
static int take_section(struct worker *worker, const struct conf *conf, const struct conf_instance *instance,
			struct problems *problems)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *serials = mem_printf("%s/workers/%s-%s", conf->state_dir, manifest_kind_name(instance->kind), instance->name);
	const char *directory = conf->plugins ? conf->plugins : files_plugin_directory();
	hst_error err = {0};

	worker->name = mem_text(instance->name);
	worker->endpoint = conf_engine_endpoint(conf);
	worker->folder = files_join(conf->state_dir, "workers");
	limits_memory(conf->worker_memory_mib << 20);
	if (registry_path(directory, instance->kind, instance->plugin, &path, &err) != HST_OK ||
	    plugin_load(path, &worker->plugin, &err) != HST_OK)
		return say_bad(err.text);
	worker->options = definitions_options(worker->arena, instance, worker->plugin->options, problems);
	vault_keep_serials(&worker->vault, serials);
	if (worker->options)
		worker->options = secrets_of_options(&worker->vault, worker->arena, instance, worker->plugin->options, worker->options, problems);
	if (!worker->options)
		return say_problems(problems);
	if (secrets_are_handled(worker->plugin) && secrets_find_room(&err) != HST_OK)
		return say_bad(err.text);
	return STATUS_ENDED;
}

static int configure(struct worker *worker, const struct worker_arguments *arguments)
{
	AUTO(problems) struct problems problems;
	const struct conf_instance *instance;
	hst_plugin_kind kind;
	const char *name;
	struct conf *conf;
	int status;

	problems_init(&problems);
	if (!read_instance(arguments->instance, &kind, &name))
		return say_bad("--instance names trigger/NAME or connector/NAME");
	conf = conf_load_accepted(arguments->configuration, arguments->for_root, &problems);
	if (!conf)
		return say_problems(&problems);
	instance = conf_instance(conf, kind, name);
	status = instance ? take_section(worker, conf, instance, &problems)
			  : say_bad("the configuration has no such instance");
	conf_free(conf);
	return status;
}

static int open_plugin(struct worker *worker)
{
	hst_error err = {0};
	int code;

	services_init(&worker->services, worker->plugin, worker->name, worker->arena);
	services_mask(&worker->services);
	worker->services.vault = &worker->vault;
	worker->services.loop = worker->loop;
	worker->services.files.parent = worker->folder;
	call_files_sweep(worker->folder);
	code = plugin_shape(worker->plugin, worker->options, &worker->services.host, worker->arena, &worker->shape, &err);
	worker->services.event = worker->shape.event;
	if (code == HST_OK)
		code = plugin_open(worker->plugin, worker->options, &worker->services.host, &worker->instance, &err);
	if (code == HST_OK)
		return STATUS_ENDED;
	masking_text(err.text, sizeof err.text);
	if (code == HST_INVALID || strcmp(err.reason, "MemlockTooSmall") == 0)
		return say_bad(err.text);
	log_error("%s cannot be opened: %s", worker->name, err.text);
	return STATUS_FAILED;
}

static void end(struct worker *worker, int status)
{
	worker->services.ending = true;
	loop_stop(worker->loop, status);
}

static void on_signal(void *arg, int number)
{
	(void)number;
	end(arg, STATUS_ENDED);
}

static void on_life(void *arg, int fd, short ready)
{
	struct worker *worker = arg;

	(void)ready;
	loop_fd(worker->loop, fd, 0, NULL, NULL);
	log_info("the supervisor is gone");
	end(worker, STATUS_ENDED);
}

static void on_up(void *arg)
{
	struct worker *worker = arg;

	if (worker->said_ready)
		return;
	worker->said_ready = true;
	inherited_line("ready", NULL);
	crash_point(CRASH_worker_ready);
	if (worker->plugin->kind == HST_TRIGGER && !worker->draining)
		watching_ask(&worker->watching);
}

/* Another worker has the name, or the engine does not know of the call any more: there is nothing left to finish. */
static void on_down(void *arg)
{
	struct worker *worker = arg;

	log_warning("the engine does not answer");
	if (worker->draining)
		end(worker, STATUS_ENDED);
}

static void on_drained(void *arg)
{
	((struct worker *)arg)->drained = true;
}

static void on_word(void *arg, const char *word)
{
	struct worker *worker = arg;

	if (strcmp(word, "engine") == 0)
		link_hurry(worker->link);
	if (strcmp(word, "drain") != 0)
		return;
	worker->draining = true;
	watching_end(&worker->watching);
	loop_in(worker->loop, LAST_REQUESTS_MS, on_drained, worker);
}

static void on_probe(struct worker *worker, const struct message *message)
{
	AUTO_FREE char *front = mem_printf("%s/%s.", manifest_kind_name(worker->plugin->kind), worker->name);
	struct message answer;
	hst_error why = {{0}, {0}};

	probing_answer(&worker->vault, front, message, &answer, &why);
	if (link_send(worker->link, &answer, NULL) != HST_OK)
		log_warning("what came of a secret that was asked about could not be said");
}

static void on_message(void *arg, const struct message *message)
{
	struct worker *worker = arg;

	if (message->word == WORD_roster)
		believed_heard(&worker->pinned, message);
	else if (message->word == WORD_probe)
		on_probe(worker, message);
	else
		calls_take(&worker->calls, message);
}

/*
 * The end of a turn, where ops run. An op may turn the loop itself; that brings new requests into the row, but never a
 * second op, since a turn within a turn does not come here.
 */
static void on_turn(void *arg)
{
	struct worker *worker = arg;

	guard_row();
	while (!worker->services.ending && (calls_work(&worker->calls) || watching_work(&worker->watching)))
		if (worker->calls.broken || worker->watching.broken)
			end(worker, STATUS_FAILED);
	guard_rest();
	if (worker->watching.broken)
		end(worker, STATUS_FAILED);
	else if (worker->drained)
		end(worker, STATUS_ENDED);
}

static int connect_engine(struct worker *worker)
{
	const struct link_role role = {.up = on_up, .down = on_down, .message = on_message, .arg = worker};
	hst_error err = {0};

	worker->zmq = zmq_ctx_new();
	if (link_new(worker->loop, worker->zmq, worker->endpoint, &worker->ring, &role, &worker->link, &err) != HST_OK) {
		log_error("%s", err.text);
		return STATUS_FAILED;
	}
	worker->services.link = worker->link;
	return STATUS_ENDED;
}

static int serve(struct worker *worker)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	int status;

	loop_signals(worker->loop, signals, on_signal, worker);
	status = open_plugin(worker);
	if (status != STATUS_ENDED)
		return status;
	crash_point(CRASH_worker_opened);
	worker->calls = (struct calls){.services = &worker->services,
				       .vault = &worker->vault,
				       .instance = worker->instance,
				       .shape = &worker->shape,
				       .shaped = PRESENT(worker->plugin, fields)};
	watching_init(&worker->watching, worker->loop, &worker->services, worker->instance);
	status = connect_engine(worker);
	if (status != STATUS_ENDED)
		return status;
	if (inherited_has(INHERITED_LIFE))
		loop_fd(worker->loop, inherited_fd(INHERITED_LIFE), POLLIN, on_life, worker);
	told_open(&worker->told, worker->loop, on_word, worker);
	worker->services.told = &worker->told;
	loop_after(worker->loop, on_turn, worker);
	masking_listen(worker->loop);
	return loop_run(worker->loop);
}

static void worker_clear(struct worker *worker)
{
	masking_end();
	told_close(&worker->told);
	watching_end(&worker->watching);
	calls_clear(&worker->calls);
	plugin_close(worker->instance);
	if (worker->plugin)
		services_clear(&worker->services);
	link_free(worker->link);
	if (worker->zmq)
		zmq_ctx_term(worker->zmq);
	keys_clear(&worker->ring);
	pinned_clear(&worker->pinned);
	vault_clear(&worker->vault);
	loop_free(worker->loop);
	arena_free(worker->arena);
	free(worker->endpoint);
	free(worker->folder);
	free(worker->name);
}

/* Before anything of the plugin's runs in this process. */
static int read_keys(struct worker *worker)
{
	hst_error err = {0};

	inherited_hide();
	/* What its plugin starts and lets go of stays below it, and ends with it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	harden_no_new_privileges();
	if (keys_read_fd(&worker->ring, inherited_fd(INHERITED_KEYS), &err) == HST_OK) {
		believed_begin(&worker->pinned, &worker->ring);
		vault_init(&worker->vault, worker->ring.seal.name, worker->ring.seal.pairs, &worker->pinned);
		fields_use_secrets(&secret_table);
		program_sweep();
		return STATUS_ENDED;
	}
	log_error("no keys from the supervisor: %s", err.text);
	return STATUS_FAILED;
}

int worker_run(const struct worker_arguments *arguments)
{
	struct worker worker = {.loop = loop_new(loop_wait_zmq), .arena = arena_new(), .watching = {.fd = -1}};
	int status = read_keys(&worker);

	if (status == STATUS_ENDED)
		status = configure(&worker, arguments);
	if (status == STATUS_ENDED)
		status = serve(&worker);
	worker_clear(&worker);
	return status;
}
