#include "cli/examples.h"

#include <stddef.h>
#include <string.h>

enum { LINES_MAX = 3 };

static const struct {
	const char *command;
	const char *lines[LINES_MAX + 1];
} examples[] = {
	{"up", {"hostler up", "hostler -c demo/hostler.ini up"}},
	{"down", {"hostler down"}},
	{"reload", {"hostler check && hostler reload", "hostler reload --upgrade"}},
	{"check", {"hostler check", "hostler check --rehearse", "hostler -c new.ini check --json"}},
	{"doctor", {"hostler doctor", "sudo hostler doctor --json"}},
	{"press", {"hostler press order --input number=1042 --wait", "hostler press approve --secret code"}},
	{"post", {"hostler post order --body order.json --key 1042", "echo '{\"number\":1042}' | hostler post order --body - --wait"}},
	{"run", {"hostler run order-total --input number=1042 --wait", "hostler run order-total --from last --wait", "echo '{\"number\":1042}' | hostler run order-total --event -"}},
	{"try", {"hostler try desktop-flows/greet --input name=Ada", "hostler try desktop-flows/greet --input name=Ada --display new"}},
	{"runs", {"hostler runs --state failed --since 1d", "hostler runs --flow order-total -n 5 --json"}},
	{"show", {"hostler show last", "hostler show 12/enter", "hostler show last:order-total --json"}},
	{"log", {"hostler log last", "hostler log 12/enter"}},
	{"files", {"hostler files last"}},
	{"get", {"hostler get last/enter screenshots/end.png", "hostler get 12/enter log -o -"}},
	{"queue", {"hostler queue", "hostler queue cluster:finance"}},
	{"why", {"hostler why 12", "hostler why last/enter", "hostler why order-total"}},
	{"watch", {"hostler watch", "hostler watch --here", "hostler watch | tee changes"}},
	{"alerts", {"hostler alerts"}},
	{"flows", {"hostler flows"}},
	{"triggers", {"hostler triggers", "hostler triggers order"}},
	{"devices", {"hostler devices"}},
	{"events", {"hostler events --since 1h", "hostler events --follow", "hostler events --run last --json"}},
	{"explain", {"hostler explain NoCandidateMachine", "hostler explain \"locked or inactive\""}},
	{"top", {"hostler top 12"}},
	{"untop", {"hostler untop 12"}},
	{"priority", {"hostler priority 12 high"}},
	{"cancel", {"hostler cancel 12", "hostler cancel 12/enter"}},
	{"stop", {"hostler stop last"}},
	{"pause", {"hostler pause last"}},
	{"resume", {"hostler resume last"}},
	{"resubmit", {"hostler resubmit 12 --input number=1043 --wait", "hostler resubmit 12 --from enter"}},
	{"resolve", {"hostler resolve 12/enter succeeded --output total=28.5", "hostler resolve 12 requeue"}},
	{"enable", {"hostler enable order-total"}},
	{"disable", {"hostler disable order-total", "hostler disable trigger:order"}},
	{"device", {"hostler device drain ts-01", "hostler device resume cluster:finance", "hostler device drain host"}},
	{"gateway", {"hostler gateway invite ts-01 --expires 2h", "hostler gateway join hsj1.… --accounts bot1,bot2", "hostler gateway remove ts-01"}},
	{"desktop", {"hostler desktop list", "hostler desktop push enter-invoice", "hostler desktop pin enter-invoice@1.4"}},
	{"seal", {"hostler seal ledger", "hostler seal ledger --again", "hostler seal ledger --for connection/bot.password=gateway/ts-01,gateway/ts-02"}},
	{"secrets", {"hostler secrets", "hostler secrets exposed --gateway ts-01"}},
	{"init", {"hostler init", "sudo hostler -c /etc/hostler/hostler.ini init --yes"}},
	{"operator", {"hostler operator new grace --may press,control", "hostler operator new grace --key hok1.…", "hostler operator remove grace"}},
	{"connection", {"hostler connection list", "hostler connection test finance-bot", "hostler connection unblock finance-bot"}},
	{"plugins", {"hostler plugins"}},
	{"next", {"hostler next nightly -n 5"}},
	{"report", {"hostler report", "hostler report -"}},
	{"plugin", {"hostler plugin doc trigger/button", "hostler plugin new connector/weather"}},
	{"backup", {"hostler backup hostler.backup"}},
	{"restore", {"hostler restore --check hostler.backup", "hostler restore hostler.backup", "hostler restore --release"}},
};

const char *const *examples_of(const char *command)
{
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
		if (strcmp(examples[i].command, command) == 0)
			return examples[i].lines;
	return NULL;
}
