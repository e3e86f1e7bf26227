/* The roster in the supervisor, and what follows from it for each child: what it reads on fd 4. */
#include "supervise/internal.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"
#include "supervise/accounts.h"
#include "supervise/keys.h"
#include "supervise/roster.h"

#include <string.h>

/* A gateway of another host believes what its invitation says, whoever else runs here. */
static bool is_guest(const struct supervisor *supervisor)
{
	const struct conf *conf = supervisor->conf;

	return !conf->has_host && conf->has_gateway && conf->gateway_host;
}

static void believe(struct supervisor *supervisor, const struct roster *roster)
{
	free(supervisor->roster);
	supervisor->roster = roster ? roster_write(roster) : NULL;
}

static void look_at_own(struct supervisor *supervisor)
{
	struct roster *roster = NULL;
	struct accounts accounts;
	hst_error err = {{0}, {0}};
	int code = accounts_prepare(&accounts, &err);

	if (code == HST_OK)
		code = house_roster(supervisor->conf, supervisor->arguments->seed, &accounts, &roster, &err);
	if (code == HST_OK)
		believe(supervisor, roster);
	else if (code != HST_NOT_FOUND)
		log_warning("%s", err.text);
	roster_free(roster);
}

void believing_open(struct supervisor *supervisor)
{
	if (is_guest(supervisor)) {
		guest_open(&supervisor->guest, supervisor->conf);
		believe(supervisor, supervisor->guest.pinned.roster);
	} else if (supervisor->conf->has_host) {
		look_at_own(supervisor);
	}
}

void believing_look(struct supervisor *supervisor)
{
	if (supervisor->conf->has_host)
		look_at_own(supervisor);
	else if (is_guest(supervisor) && guest_look(&supervisor->guest, supervisor->conf))
		believe(supervisor, supervisor->guest.pinned.roster);
}

void believing_clear(struct supervisor *supervisor)
{
	guest_clear(&supervisor->guest);
	free(supervisor->roster);
}

/* ---- What children read. ---- */

/* Until it has seen a roster. */
static char *with_pin(char *keys_take, const struct supervisor *supervisor)
{
	const struct pinned *pinned = &supervisor->guest.pinned;
	char pin[PIN_TEXT], *both;

	if (!pinned->has_pin || pinned->roster)
		return keys_with_roster(keys_take, supervisor->roster);
	pinned_pin_text(&pinned->pin, pin);
	both = mem_printf("%spin %s\n", keys_take, pin);
	keys_forget(keys_take);
	return both;
}

/* Where there is a host, too, its roster is the one that counts, and nothing can be sealed to a gateway of another one. */
static char *invited_beside_host(const struct conf *conf)
{
	AUTO_FREE char *path = files_join(conf->state_dir, "invitation");
	char *line = keys_invitation(path), *lines = line ? mem_printf("enrol %s\n", line) : mem_text("");

	keys_forget(line);
	return lines;
}

static char *keys_of_gateway(struct supervisor *supervisor, const char *name)
{
	const struct conf *conf = supervisor->conf;
	const uint8_t *seed = supervisor->arguments->seed;
	char *keys, *invited, *both;
	uint8_t other[KEY_BYTES];

	if (!conf->gateway_host || !conf->gateway_host_key || keys_read_text(conf->gateway_host_key, other, NULL) != HST_OK)
		return keys_with_roster(keys_for_child(seed, name, supervisor->host), supervisor->roster);
	invited = is_guest(supervisor) ? guest_invited(&supervisor->guest, conf, seed) : invited_beside_host(conf);
	if (is_guest(supervisor))
		believe(supervisor, supervisor->guest.pinned.roster);
	keys = keys_for_child(seed, name, other);
	both = mem_printf("%s%s", keys, invited);
	keys_forget(keys);
	keys_forget(invited);
	return with_pin(both, supervisor);
}

/* Who drains has the name, and with it the key, of the one in its place. */
static bool is_again(const struct supervisor *supervisor, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(supervisor->children[i]->plan.name, supervisor->children[at]->plan.name) == 0)
			return true;
	return false;
}

static char *keys_of_engine(const struct supervisor *supervisor)
{
	AUTO_FREE const char **names = mem_array(supervisor->n + 1, sizeof *names);
	size_t n = 0;

	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part != PLAN_ENGINE && !is_again(supervisor, i))
			names[n++] = supervisor->children[i]->plan.name;
	return keys_for_engine(supervisor->arguments->seed, names, n);
}

char *believing_keys(const struct role_child *child)
{
	struct supervisor *supervisor = child->of;

	if (child->plan.part == PLAN_ENGINE)
		return keys_of_engine(supervisor);
	if (child->plan.part == PLAN_GATEWAY)
		return keys_of_gateway(supervisor, child->plan.name);
	return keys_for_worker(supervisor->arguments->seed, child->plan.name, supervisor->host, supervisor->roster);
}

char *believing_keys_of_hold(void *arg)
{
	const struct supervisor *supervisor = arg;
	AUTO_FREE char *name = mem_printf("gateway/%s", supervisor->conf->gateway_name);
	AUTO_FREE char *derived = guest_derived(&supervisor->guest, supervisor->conf);

	return with_pin(keys_for_hold(supervisor->arguments->seed, name, derived), supervisor);
}
