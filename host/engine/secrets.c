#include "engine/secrets.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "seal/sealed_standing.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 3000 };

/* One file, as it was when it was last read. */
struct engine_secret {
	char stamp[FILES_STAMP];
	uint8_t *bytes; /* NULL: it cannot be used */
	size_t length;
	int64_t serial;
};

static enum sealed_standing read_file(struct engine_secret *secret, const char *path, const char *name, hst_error *err)
{
	struct sealed_file *file = NULL;
	enum sealed_standing standing = sealed_stands(path, name, NULL, &file, err);

	if (file) {
		secret->bytes = take(file->bytes);
		secret->length = file->length;
		secret->serial = file->envelope.header.serial;
	}
	sealed_file_free(file);
	return standing;
}

int secrets_get(struct engine *engine, const char *name, struct secret_envelope *ret, hst_error *err)
{
	struct engine_secret *secret = table_get(&engine->secrets, name), fresh = {.length = 0};
	AUTO_FREE char *path = NULL;
	hst_error why = {{0}, {0}};
	enum sealed_standing standing;

	if (!secret_name_fits(name))
		return hst_fail_as(err, HST_DENIED, "SecretUnusable", "no secret can have the name that was given");
	path = secret_file(engine->definitions->conf->path, name);
	files_stamp(path, fresh.stamp);
	if (!secret || !secret->bytes || strcmp(secret->stamp, fresh.stamp) != 0) {
		if (secret)
			free(take(secret->bytes));
		standing = read_file(&fresh, path, name, &why);
		if (standing != SEALED_READY)
			return hst_fail_as(err, HST_DENIED, "SecretUnusable", "the secret \"%s\" cannot be used: %s; %s", name, why.text,
					   sealed_remedy(engine->scratch, standing, name));
		/* Only what is there has an entry: names that somebody made up take no room. */
		if (!secret) {
			secret = mem_alloc(sizeof *secret);
			table_set(&engine->secrets, name, secret);
		}
		*secret = fresh;
	}
	*ret = (struct secret_envelope){.bytes = secret->bytes, .length = secret->length, .serial = secret->serial};
	return HST_OK;
}

int64_t secrets_serial(struct engine *engine, const char *connection)
{
	const struct conf_connection *conf = conf_connection(engine->definitions->conf, connection);
	struct secret_envelope secret;

	return conf && conf->password && secrets_get(engine, conf->password, &secret, NULL) >= 0 ? secret.serial : 0;
}

/* Offered by an engine before this one: its file may have been the same. */
int64_t secrets_failed(struct engine *engine, const struct step *step)
{
	return step->serial ? step->serial : secrets_serial(engine, step->facts.connection);
}

static void look_due(void *arg)
{
	struct engine *engine = arg;

	engine->secrets_look = NULL;
	secrets_look(engine);
}

void secrets_look(struct engine *engine)
{
	const struct conf *conf = engine->definitions->conf;
	bool blocked = false;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const char *name = conf->connections[i].name;
		const struct core_block *block = core_blocked(engine->core, name);
		struct core_event event = {.kind = CORE_UNBLOCKED, .connection = name};
		int64_t failed = block ? block->serial : 0, now = block ? secrets_serial(engine, name) : 0;

		if (block && now > failed) {
			log_info("connection %s: its password was sealed again (serial %lld, %lld had failed); it is tried again", name,
				 (long long)now, (long long)failed);
			engine_event(engine, &event);
		} else if (block && conf->connections[i].password) {
			blocked = true;
		}
	}
	if (blocked && !engine->secrets_look)
		engine->secrets_look = loop_in(engine->loop, LOOK_MS, look_due, engine);
}

void secrets_clear(struct engine *engine)
{
	TABLE_EACH(&engine->secrets, entry) {
		struct engine_secret *secret = entry->value;

		free(secret->bytes);
		free(secret);
	}
	table_clear(&engine->secrets);
	loop_cancel(engine->loop, &engine->secrets_look);
}
