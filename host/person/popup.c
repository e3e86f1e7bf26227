#include "person/popup.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "person/words.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SERVICE "org.freedesktop.Notifications"
#define OBJECT "/org/freedesktop/Notifications"

/* A desktop may have to start its server for the first answer. */
enum { ANSWER_MS = 5000, BETWEEN_MS = 1000, BODY_BYTES_MAX = 8 << 10 };

/* When the server takes a notification away by itself. */
enum { AS_IT_LIKES = -1, NEVER = 0 };

struct popup {
	struct loop *loop;
	struct popup_role role;
	sd_bus *bus; /* NULL: there is none, or none any more */
	int fd;
	struct loop_timer *later;    /* when the next may be shown */
	struct loop_timer *patience; /* with the server */

	bool known; /* what the server can do */
	bool actions, markup;
	bool asking;	/* the server is being asked or told something */
	bool waiting;	/* `next` is to be shown */
	bool dismissed; /* by the person; progress shows nothing then */
	struct happening next, shown;
	uint32_t id; /* of the notification; 0: none is there */
	int64_t shown_us;
};

static void show_next(struct popup *popup);

static void let_go(struct popup *popup)
{
	loop_cancel(popup->loop, &popup->later);
	loop_cancel(popup->loop, &popup->patience);
	if (!popup->bus)
		return;
	if (popup->fd >= 0)
		loop_fd(popup->loop, popup->fd, 0, NULL, NULL);
	sd_bus_close(popup->bus);
	popup->bus = sd_bus_unref(popup->bus);
}

static void give_up(struct popup *popup, enum trouble trouble)
{
	popup->waiting = popup->asking = false;
	let_go(popup);
	popup->role.answered(popup->role.arg, ANSWER_TROUBLE, trouble);
}

static void no_answer(void *arg)
{
	struct popup *popup = arg;

	popup->patience = NULL;
	give_up(popup, TROUBLE_SILENT);
}

/* The bus */

static void process(struct popup *popup)
{
	sd_bus *bus = sd_bus_ref(popup->bus);
	int n = 1;

	while (popup->bus && n > 0)
		n = sd_bus_process(bus, NULL);
	sd_bus_unref(bus);
	if (popup->bus && n < 0)
		give_up(popup, TROUBLE_NO_BUS);
}

static void on_bus(void *arg, int fd, short ready)
{
	(void)fd, (void)ready;
	process(arg);
}

/* What the bus waits for changes with everything that is said on it. */
static void watch_bus(void *arg)
{
	struct popup *popup = arg;
	int events;

	if (!popup->bus)
		return;
	events = sd_bus_get_events(popup->bus);
	if (events < 0) {
		give_up(popup, TROUBLE_NO_BUS);
		return;
	}
	loop_fd(popup->loop, popup->fd, (short)(events ? events : POLLIN), on_bus, popup);
}

/* What the server says */

static bool is_answer(struct popup *popup, sd_bus_message *message)
{
	const sd_bus_error *error = sd_bus_message_get_error(message);
	bool nobody;

	loop_cancel(popup->loop, &popup->patience);
	popup->asking = false;
	if (!popup->bus)
		return false;
	if (!error)
		return true;
	nobody = sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
	give_up(popup, nobody ? TROUBLE_NO_SERVER : TROUBLE_SILENT);
	return false;
}

static int on_capabilities(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	struct popup *popup = arg;
	const char *one;

	(void)unused;
	if (!is_answer(popup, message))
		return 0;
	popup->known = true;
	if (sd_bus_message_enter_container(message, 'a', "s") > 0) {
		while (sd_bus_message_read_basic(message, 's', &one) > 0) {
			popup->actions |= strcmp(one, "actions") == 0;
			popup->markup |= strcmp(one, "body-markup") == 0;
		}
	}
	show_next(popup);
	return 0;
}

static int on_shown(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	struct popup *popup = arg;

	(void)unused;
	if (!is_answer(popup, message))
		return 0;
	if (sd_bus_message_read_basic(message, 'u', &popup->id) < 0)
		popup->id = 0;
	show_next(popup);
	return 0;
}

/* The server may lie about what was pressed; so may anybody on the bus: it is the person's. */
static int on_pressed(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	struct popup *popup = arg;
	uint32_t id = 0;
	const char *key;

	(void)unused;
	if (sd_bus_message_read(message, "us", &id, &key) < 0 || id != popup->id || !id)
		return 0;
	for (int answer = ANSWER_PAUSE; answer <= ANSWER_STOP; answer++)
		if (strcmp(key, answer_word((enum answer)answer)) == 0)
			popup->role.answered(popup->role.arg, (enum answer)answer, popup->shown.token);
	return 0;
}

static int on_closed(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	enum { BY_THE_PERSON = 2 };
	struct popup *popup = arg;
	uint32_t id = 0, why = 0;

	(void)unused;
	if (sd_bus_message_read(message, "uu", &id, &why) < 0 || id != popup->id || !id)
		return 0;
	popup->id = 0;
	popup->dismissed |= why == BY_THE_PERSON;
	return 0;
}

/* What is said to the server */

static void ask(struct popup *popup, sd_bus_message *message, sd_bus_message_handler_t answered)
{
	/* Its own time-out would begin only once the bus has let us in. */
	if (sd_bus_call_async(popup->bus, NULL, message, answered, popup, UINT64_MAX) < 0) {
		give_up(popup, TROUBLE_NO_BUS);
		return;
	}
	popup->asking = true;
	popup->patience = loop_in(popup->loop, ANSWER_MS, no_answer, popup);
}

static sd_bus_message *new_message(struct popup *popup, const char *method)
{
	sd_bus_message *message = NULL;

	if (sd_bus_message_new_method_call(popup->bus, &message, SERVICE, OBJECT, SERVICE, method) < 0)
		abort();
	return message;
}

static void ask_capabilities(struct popup *popup)
{
	sd_bus_message *message = new_message(popup, "GetCapabilities");

	ask(popup, message, on_capabilities);
	sd_bus_message_unref(message);
}

/* Each a key and what its button says. */
static int add_buttons(sd_bus_message *message, const struct happening *happening)
{
	const char *state = happening->state;

	if (strcmp(state, "running") == 0)
		return sd_bus_message_append(message, "as", 4, "pause", "Pause", "stop", "Stop");
	if (strcmp(state, "pausing") == 0 || strcmp(state, "paused") == 0)
		return sd_bus_message_append(message, "as", 4, "resume", "Go on", "stop", "Stop");
	return sd_bus_message_append(message, "as", 0);
}

static int fill(const struct popup *popup, const struct happening *happening, sd_bus_message *message)
{
	const bool ended = happening_is_end(happening);
	char summary[SUMMARY_SIZE];
	AUTO(text) struct text body;
	int code;

	text_init(&body, BODY_BYTES_MAX);
	words_summary(summary, happening);
	words_body(&body, happening, popup->markup);
	code = sd_bus_message_append(message, "susss", "hostler", popup->id, "", summary, body.s);
	if (code >= 0)
		code = popup->actions ? add_buttons(message, happening) : sd_bus_message_append(message, "as", 0);
	if (code >= 0)
		code = sd_bus_message_append(message, "a{sv}", 2, "urgency", "y", 1, "resident", "b", !ended);
	return code < 0 ? code : sd_bus_message_append(message, "i", ended || !popup->actions ? AS_IT_LIKES : NEVER);
}

static void notify(struct popup *popup, const struct happening *happening)
{
	sd_bus_message *message = new_message(popup, "Notify");

	if (fill(popup, happening, message) >= 0)
		ask(popup, message, on_shown);
	else
		give_up(popup, TROUBLE_NO_BUS);
	sd_bus_message_unref(message);
}

static void may_show(void *arg)
{
	struct popup *popup = arg;

	popup->later = NULL;
	show_next(popup);
}

static bool is_progress(const struct popup *popup)
{
	return popup->shown_us && popup->shown.token == popup->next.token && strcmp(popup->shown.state, popup->next.state) == 0;
}

static void show_next(struct popup *popup)
{
	int64_t next_us = popup->shown_us + (int64_t)BETWEEN_MS * 1000;

	if (!popup->bus || !popup->known || popup->asking || !popup->waiting || popup->later)
		return;
	if (!is_progress(popup)) {
		popup->dismissed = false;
	} else if (popup->dismissed) {
		popup->waiting = false;
		return;
	} else if (clock_steady_us() < next_us) {
		popup->later = loop_at(popup->loop, next_us, may_show, popup);
		return;
	}
	popup->waiting = false;
	popup->shown = popup->next;
	popup->shown_us = clock_steady_us();
	notify(popup, &popup->shown);
}

/* From outside */

static int listen_to(struct popup *popup, const char *signal, sd_bus_message_handler_t heard)
{
	return sd_bus_match_signal_async(popup->bus, NULL, SERVICE, OBJECT, SERVICE, signal, heard, NULL, popup);
}

struct popup *popup_new(struct loop *loop, const struct popup_role *role)
{
	struct popup *popup = mem_alloc(sizeof *popup);

	*popup = (struct popup){.loop = loop, .role = *role, .fd = -1};
	if (sd_bus_open_user(&popup->bus) >= 0)
		popup->fd = sd_bus_get_fd(popup->bus);
	if (popup->fd < 0 || listen_to(popup, "NotificationClosed", on_closed) < 0 || listen_to(popup, "ActionInvoked", on_pressed) < 0) {
		give_up(popup, TROUBLE_NO_BUS);
		return popup;
	}
	loop_before(loop, watch_bus, popup);
	ask_capabilities(popup);
	return popup;
}

void popup_free(struct popup *popup)
{
	if (!popup)
		return;
	loop_forget_before(popup->loop, watch_bus, popup);
	let_go(popup);
	free(popup);
}

void popup_show(struct popup *popup, const struct happening *happening)
{
	popup->next = *happening;
	popup->waiting = popup->bus != NULL;
	loop_cancel(popup->loop, &popup->later);
	show_next(popup);
}

bool popup_is_done(const struct popup *popup)
{
	return !popup->bus || (!popup->asking && !popup->waiting);
}
