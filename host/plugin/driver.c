#include "plugin/driver.h"

#include "plugin/guard.h"
#include "plugin/present.h"
#include "schema/facts.h"

#include <string.h>

enum { SESSION_ID_MAX = 200, DOUBT_MAX = 300, SESSIONS_MAX = 10000 };

static const hst_driver_ops *ops_of(const struct plugin_instance *driver)
{
	return driver->plugin->ops;
}

static const hst_driver_ops *begin(const struct plugin_instance *driver, const char *op, const hst_call *call)
{
	plugin_begin(driver, op, guard_limit(call));
	return driver->plugin->ops;
}

static bool id_fits(const char *id)
{
	return id && id[0] && strnlen(id, SESSION_ID_MAX + 1) <= SESSION_ID_MAX;
}

static bool is_fact(hst_fact fact)
{
	return fact == HST_NO || fact == HST_YES || fact == HST_UNKNOWN;
}

static int check_sessions(const struct plugin_instance *driver, const hst_session *sessions, size_t n,
			  hst_error *err)
{
	if (n > SESSIONS_MAX)
		return plugin_broke(driver->plugin, "list", err, "gave %zu sessions, at most %d are allowed",
				    n, SESSIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!id_fits(sessions[i].id))
			return plugin_broke(driver->plugin, "list", err,
					    "gave session %zu an id that is empty or over %d bytes", i,
					    SESSION_ID_MAX);
		if (!sessions[i].user || !sessions[i].key)
			return plugin_broke(driver->plugin, "list", err,
					    "left out the user or key of session \"%s\"", sessions[i].id);
		if (!is_fact(sessions[i].connected) || !is_fact(sessions[i].locked))
			return plugin_broke(driver->plugin, "list", err,
					    "gave session \"%s\" a fact that is none of hst_fact",
					    sessions[i].id);
		if (sessions[i].doubt && strnlen(sessions[i].doubt, DOUBT_MAX + 1) > DOUBT_MAX)
			return plugin_broke(driver->plugin, "list", err,
					    "said more than %d bytes about what it does not know of session \"%s\"",
					    DOUBT_MAX, sessions[i].id);
	}
	return HST_OK;
}

int driver_list(struct plugin_instance *driver, hst_call *call, hst_device *ret_device,
		hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	hst_device device = {.load_milli = -1, .memory_milli = -1};
	hst_session *sessions = NULL;
	hst_error said = {0};
	size_t n = 0;
	int code = begin(driver, "list", call)->list(driver->state, call, &device, &sessions, &n, &said);

	if ((code = plugin_answer(driver->plugin, "list", code, &said, err)) != HST_OK)
		return code;
	if (device.system != HST_CLIENT && device.system != HST_SERVER && device.system != HST_LINUX)
		return plugin_broke(driver->plugin, "list", err,
				    "gave system %d, which is none of hst_system", (int)device.system);
	if ((code = check_sessions(driver, sessions, n, err)) != HST_OK)
		return code;
	device.load_milli = fact_load(device.load_milli);
	device.memory_milli = fact_memory(device.memory_milli);
	*ret_device = device;
	*ret_sessions = sessions;
	*ret_n = n;
	return HST_OK;
}

int driver_identify(struct plugin_instance *driver, hst_call *call, const char *user, hst_identity *ret,
		    hst_error *err)
{
	hst_identity identity = {.uid = -1, .gid = -1};
	hst_error said = {0};
	int code = begin(driver, "identify", call)->identify(driver->state, call, user, &identity, &said);

	if ((code = plugin_answer(driver->plugin, "identify", code, &said, err)) != HST_OK)
		return code;
	if (!identity.key || !identity.key[0] || !identity.name)
		return plugin_broke(driver->plugin, "identify", err,
				    "left out the key or name of user \"%s\"", user);
	*ret = identity;
	return HST_OK;
}

int driver_open(struct plugin_instance *driver, hst_call *call, const hst_open *what,
		const char **ret_session, hst_error *err)
{
	const char *session = NULL;
	hst_error said = {0};
	int code = begin(driver, "open", call)->open(driver->state, call, what, &session, &said);

	if ((code = plugin_answer(driver->plugin, "open", code, &said, err)) != HST_OK)
		return code;
	if (!id_fits(session))
		return plugin_broke(driver->plugin, "open", err,
				    "gave a session id that is empty or over %d bytes", SESSION_ID_MAX);
	*ret_session = session;
	return HST_OK;
}

static int cannot(const struct plugin_instance *driver, const char *op, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "driver plugin \"%s\" has no op %s: its platform cannot do it",
			driver->plugin->name, op);
}

int driver_attach(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err)
{
	const hst_driver_ops *ops = ops_of(driver);
	hst_error said = {0};

	if (!PRESENT(ops, attach))
		return cannot(driver, "attach", err);
	return plugin_answer(driver->plugin, "attach", begin(driver, "attach", call)->attach(driver->state, call, session, &said),
			     &said, err);
}

int driver_start(struct plugin_instance *driver, hst_call *call, const char *session, const hst_start *what,
		 pid_t *ret_pid, hst_error *err)
{
	hst_error said = {0};
	pid_t pid = 0;
	int code = begin(driver, "start", call)->start(driver->state, call, session, what, &pid, &said);

	if ((code = plugin_answer(driver->plugin, "start", code, &said, err)) != HST_OK)
		return code;
	/* Given to kill(), these would reach far more than one program. */
	if (pid <= 1)
		return plugin_broke(driver->plugin, "start", err, "gave pid %d", (int)pid);
	*ret_pid = pid;
	return HST_OK;
}

bool driver_can_screenshot(const struct plugin_instance *driver)
{
	return PRESENT(ops_of(driver), screenshot);
}

int driver_screenshot(struct plugin_instance *driver, hst_call *call, const char *session, const char *path,
		      hst_error *err)
{
	const hst_driver_ops *ops = ops_of(driver);
	hst_error said = {0};

	if (!PRESENT(ops, screenshot))
		return cannot(driver, "screenshot", err);
	return plugin_answer(driver->plugin, "screenshot",
			     begin(driver, "screenshot", call)->screenshot(driver->state, call, session, path, &said), &said, err);
}

bool driver_can_lock(const struct plugin_instance *driver)
{
	return PRESENT(ops_of(driver), lock);
}

int driver_lock(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err)
{
	const hst_driver_ops *ops = ops_of(driver);
	hst_error said = {0};

	if (!PRESENT(ops, lock))
		return cannot(driver, "lock", err);
	return plugin_answer(driver->plugin, "lock", begin(driver, "lock", call)->lock(driver->state, call, session, &said), &said,
			     err);
}

int driver_close(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err)
{
	hst_error said = {0};

	return plugin_answer(driver->plugin, "close",
			     begin(driver, "close", call)->close(driver->state, call, session, &said), &said, err);
}

int driver_reap(struct plugin_instance *driver, hst_call *call, const char *const *notes, size_t n,
		hst_error *err)
{
	const hst_driver_ops *ops = ops_of(driver);
	hst_error said = {0};

	if (!PRESENT(ops, reap))
		return cannot(driver, "reap", err);
	return plugin_answer(driver->plugin, "reap", begin(driver, "reap", call)->reap(driver->state, call, notes, n, &said), &said,
			     err);
}

bool driver_knows_standing(const struct plugin_instance *driver)
{
	return PRESENT(ops_of(driver), standing);
}

int driver_standing(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err)
{
	const hst_driver_ops *ops = ops_of(driver);
	hst_error said = {0};

	if (!PRESENT(ops, standing))
		return cannot(driver, "standing", err);
	return plugin_answer(driver->plugin, "standing", begin(driver, "standing", call)->standing(driver->state, call, session, &said),
			     &said, err);
}

bool driver_events(struct plugin_instance *driver, int *ret_fd, bool *ret_often)
{
	const hst_driver_ops *ops = ops_of(driver);

	*ret_fd = -1;
	*ret_often = false;
	if (!PRESENT(ops, events))
		return false;
	plugin_begin(driver, "events", 0);
	ops->events(driver->state, ret_fd, ret_often);
	guard_leave();
	return *ret_fd >= 0;
}
