/* Every key of the configuration file. The table in docs/flows.md says the same, and a test compares them. */
#include "config/conf.h"

static const char *const profiles[] = {"2022", "v1", "current", NULL}; /* in the order of enum conf_profile */
static const char *const rights[] = {"look", "press", "control", "admin", NULL};
static const char *const notifications[] = {"popup", "window", "no", NULL}; /* in the order of enum conf_notify */

#define HOST(member) offsetof(struct conf, member)
#define DEFAULTS(member) offsetof(struct conf, gateway_defaults.member)
#define INSTANCE(member) offsetof(struct conf_instance, member)
#define CLUSTER(member) offsetof(struct conf_cluster, member)
#define CONNECTION(member) offsetof(struct conf_connection, member)
#define ALERT(member) offsetof(struct conf_alert, member)
#define DEVICE(member) offsetof(struct conf_device, member)

#define PLUGIN_MEANING "the plugin; other keys are its options"
#define PLUGIN_OF(kind)                                                                 \
	{                                                                               \
		kind, "plugin", CONF_WORD, .required = true, .meaning = PLUGIN_MEANING, \
					   .at = INSTANCE(plugin)                       \
	}

static const struct conf_key keys[] = {
	{"host", "state_dir", CONF_PATH, .fixed = true, .at = HOST(state_dir),
	 .shown = "root: `/var/lib/hostler`; others: `${XDG_STATE_HOME:-~/.local/state}/hostler`",
	 .meaning = "what must survive a restart"},
	{"host", "run_dir", CONF_PATH, .fixed = true, .at = HOST(run_dir),
	 .shown = "root: `/run/hostler`; others: `$XDG_RUNTIME_DIR/hostler`, else `/tmp/hostler-UID`",
	 .meaning = "sockets; its path has at most 88 bytes"},
	{"host", "listen", CONF_ENDPOINT, .fixed = true, .def = "tcp://127.0.0.1:8421", .at = HOST(listen),
	 .meaning = "where gateways on other machines connect, or `none`"},
	{"host", "flows", CONF_PATTERNS, .def = "flows/*.ini", .at = HOST(flow_files),
	 .count_at = HOST(flow_file_count), .meaning = "the files with flows"},
	{"host", "desktop_flows", CONF_PATTERNS, .def = "desktop-flows/*/desktop-flow.ini",
	 .at = HOST(package_files), .count_at = HOST(package_file_count),
	 .meaning = "the manifests of desktop flows"},
	{"host", "plugins", CONF_PATH, .shown = "the installed ones", .at = HOST(plugins),
	 .meaning = "where plugins lie, as `KIND/NAME.so`; what is not there is looked for among the installed ones"},
	{"host", "profile", CONF_CHOICE, .def = "2022", .choices = profiles, .at = HOST(profile),
	 .meaning =
		 "which rules of the queue hold: queue time-out 3h (`2022`), 30m (`v1`) or 6h (`current`)"},
	{"host", "worker_memory", CONF_INTEGER, .def = "1024", .max = 1048576, .at = HOST(worker_memory_mib),
	 .meaning = "MiB of memory that the process of a trigger or connector may have; 0: no limit"},
	{"host", "lost_after", CONF_DURATION, .def = "15m", .at = HOST(lost_after),
	 .meaning = "silence of a device after which its runs are `lost`"},
	{"host", "resolve_within", CONF_DURATION, .def = "3d", .at = HOST(resolve_within),
	 .meaning = "how long a `lost` run waits for a late answer or a person's word before it has failed"},

	{"store", "path", CONF_PATH, .fixed = true, .shown = "`store/hostler.db`", .at = HOST(store_path),
	 .meaning = "the database, relative to `state_dir`"},
	{"store", "keep_runs", CONF_DURATION, .def = "365d", .at = HOST(keep_runs), .never = true,
	 .meaning = "how long runs that have ended are kept, with what happened to them; `0s`: for ever"},
	{"store", "keep_values", CONF_DURATION, .def = "30d", .at = HOST(keep_values), .never = true,
	 .meaning = "how long of those: events, inputs, outputs and logs; `0s`: for ever"},
	{"store", "keep_files", CONF_DURATION, .def = "14d", .at = HOST(keep_files), .never = true,
	 .meaning = "how long of those: pictures and other files; `0s`: for ever"},

	{"gateway", "name", CONF_NAME, .fixed = true, .required = true, .at = HOST(gateway_name),
	 .meaning = "name of the gateway, and of its device where there is no `[device]`"},
	{"gateway", "host", CONF_ENDPOINT, .fixed = true, .shown = "required without `[host]`", .at = HOST(gateway_host),
	 .meaning = "the host's endpoint; left out where `[host]` is in the same file"},
	{"gateway", "host_key", CONF_TEXT, .fixed = true, .shown = "required without `[host]`", .at = HOST(gateway_host_key),
	 .meaning = "the host's public key; left out where `[host]` is in the same file"},
	{"gateway", "driver", CONF_WORD, .shown = "required here or in each `[device]`",
	 .at = DEFAULTS(driver), .meaning = "the driver instance or plugin of devices that name none"},
	{"gateway", "strategy", CONF_WORD, .shown = "by the device's system", .at = DEFAULTS(strategy),
	 .meaning = "the strategy instance or plugin of devices that name none"},
	{"gateway", "accounts", CONF_WORDS, .shown = "the user hostler runs as; as root nobody",
	 .at = DEFAULTS(accounts), .count_at = DEFAULTS(account_count),
	 .meaning = "the users that runs may have on devices that name none"},
	{"gateway", "queue_timeout", CONF_DURATION, .shown = "the profile's", .at = DEFAULTS(queue_timeout),
	 .meaning = "how long a run may wait for a device that says nothing else"},
	{"gateway", "strict_order", CONF_BOOLEAN, .def = "no", .at = DEFAULTS(strict_order),
	 .meaning = "a run that cannot start holds up those behind it, on devices that say nothing else"},
	{"gateway", "notify", CONF_CHOICE, .def = "popup", .choices = notifications, .at = DEFAULTS(notify),
	 .meaning = "how people are told of attended runs in their sessions, on devices that say nothing else: `popup`, by notifications "
		    "of their desktop; `window`, by `hostler watch --here` alone; or `no`"},
	{"gateway", "outlive", CONF_DURATION, .def = "60s", .at = HOST(outlive),
	 .meaning = "how long sessions and the flows in them go on when the gateway has died; the next one takes them over"},
	{"gateway", "state_dir", CONF_PATH, .fixed = true, .shown = "as in `[host]`", .at = HOST(state_dir),
	 .meaning = "only without `[host]`: what must survive a restart"},
	{"gateway", "run_dir", CONF_PATH, .fixed = true, .shown = "as in `[host]`", .at = HOST(run_dir),
	 .meaning = "only without `[host]`: sockets"},
	{"gateway", "plugins", CONF_PATH, .shown = "as in `[host]`", .at = HOST(plugins),
	 .meaning = "only without `[host]`: where plugins lie"},

	{"device", "gateway", CONF_NAME, .shown = "the one of this file", .at = DEVICE(gateway),
	 .meaning = "the gateway of another machine that serves it; its driver, strategy and accounts stand there"},
	{"device", "driver", CONF_WORD, .shown = "the gateway's", .at = DEVICE(driver),
	 .meaning = "a `[driver NAME]`, or a plugin with its defaults"},
	{"device", "address", CONF_TEXT, .shown = "the gateway's machine", .at = DEVICE(address),
	 .meaning = "the machine that its driver connects to, `host` or `host:port`; not every driver does"},
	{"device", "strategy", CONF_WORD, .shown = "the gateway's", .at = DEVICE(strategy),
	 .meaning = "a `[strategy NAME]`, or a plugin with its defaults"},
	{"device", "accounts", CONF_WORDS, .shown = "the gateway's", .at = DEVICE(accounts),
	 .count_at = DEVICE(account_count), .meaning = "the only users that runs may have there, never root"},
	{"device", "queue_timeout", CONF_DURATION, .shown = "the gateway's", .at = DEVICE(queue_timeout),
	 .meaning = "how long a run may wait for this device"},
	{"device", "strict_order", CONF_BOOLEAN, .shown = "the gateway's", .at = DEVICE(strict_order),
	 .meaning = "a run that cannot start holds up those behind it"},
	{"device", "notify", CONF_CHOICE, .shown = "the gateway's", .choices = notifications, .at = DEVICE(notify),
	 .meaning = "how people are told of attended runs in their sessions there"},

	{"cluster", "members", CONF_WORDS, .shown = "required", .at = CLUSTER(members),
	 .count_at = CLUSTER(member_count),
	 .meaning = "the devices that can stand in for each other, first one first"},
	{"cluster", "balancer", CONF_WORD, .def = "random", .at = CLUSTER(balancer),
	 .meaning = "a `[balancer NAME]`, or a plugin with its defaults"},
	{"cluster", "queue_timeout", CONF_DURATION, .shown = "the profile's", .at = CLUSTER(queue_timeout),
	 .meaning = "how long a run may wait for this cluster"},
	{"cluster", "strict_order", CONF_BOOLEAN, .def = "no", .at = CLUSTER(strict_order),
	 .meaning = "a run that cannot start holds up those behind it"},

	{"connection", "target", CONF_TARGET, .required = true, .at = CONNECTION(target),
	 .meaning = "where its runs go: `device:NAME` or `cluster:NAME`"},
	{"connection", "user", CONF_TEXT, .required = true, .at = CONNECTION(user),
	 .meaning = "`user`, `DOMAIN\\user`, `user@domain`, `MACHINE\\user` or `.\\user`; in the accounts of "
		    "each device"},
	{"connection", "password", CONF_SECRET, .at = CONNECTION(password),
	 .meaning = "`secret:NAME`: what the user signs in with; without it a gateway that root starts lets its "
		    "accounts in because it is root; a gateway of a user's own house never tries it"},

	PLUGIN_OF("trigger"),
	PLUGIN_OF("connector"),
	{"connector", "workers", CONF_INTEGER, .def = "1", .min = 1, .max = 16, .at = INSTANCE(workers),
	 .meaning = "processes that work side by side, 1 to 16"},
	PLUGIN_OF("balancer"),
	PLUGIN_OF("strategy"),
	PLUGIN_OF("driver"),

	{"alert", "when", CONF_WORDS, .shown = "required", .at = ALERT(when), .count_at = ALERT(when_count),
	 .meaning = "what it is about: conditions of [alerts.md](alerts.md), such as `failed, waiting > 15m`"},
	{"alert", "flows", CONF_WORDS, .shown = "all", .at = ALERT(flows), .count_at = ALERT(flow_count),
	 .meaning = "the flows whose runs and triggers it is about"},
	{"alert", "use", CONF_TEXT, .required = true, .at = ALERT(use),
	 .meaning = "`connector:INSTANCE.ACTION`: through what it tells"},
	{"alert", "input.", CONF_TEXT, .accepted_only = true, .shown = "the alert's subject and text",
	 .meaning = "`input.NAME`: an input of that action, with tokens such as `${alert.text}`"},
	{"alert", "repeat", CONF_DURATION, .def = "4h", .at = ALERT(repeat), .never = true,
	 .meaning = "after how long it tells again of what still is wrong; `0s`: never"},
	{"alert", "closing", CONF_BOOLEAN, .def = "yes", .at = ALERT(closing),
	 .meaning = "whether it tells when it is over"},

	{"operator", "key", CONF_TEXT, .required = true, .accepted_only = true,
	 .meaning = "the operator's public key; not used in this version"},
	{"operator", "may", CONF_CHOICE, .def = "look", .choices = rights, .accepted_only = true,
	 .meaning = "`look`, `press`, `control` or `admin`; not used in this version"},
};

const struct conf_key *conf_keys(size_t *ret_n)
{
	*ret_n = sizeof keys / sizeof *keys;
	return keys;
}

const char *conf_notify_name(int64_t notify)
{
	return notifications[notify];
}

const char *conf_type_name(enum conf_type type)
{
	static const char *const names[CONF_TYPE_COUNT] = {
		[CONF_TEXT] = "text",	    [CONF_NAME] = "name",	  [CONF_WORD] = "word",
		[CONF_PATH] = "path",	    [CONF_PATTERNS] = "patterns", [CONF_DURATION] = "duration",
		[CONF_BOOLEAN] = "boolean", [CONF_INTEGER] = "integer",	  [CONF_CHOICE] = "choice",
		[CONF_WORDS] = "list",	    [CONF_ENDPOINT] = "endpoint", [CONF_TARGET] = "target",
		[CONF_SECRET] = "secret",
	};

	return names[type];
}

const char *conf_key_default(const struct conf_key *key)
{
	if (key->required)
		return "required";
	if (key->def)
		return key->def;
	return key->shown ? key->shown : "none";
}
