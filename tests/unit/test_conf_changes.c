/* Two configurations held against each other: what differs, and what takes a restart. */
#include "config/conf_changes.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "[host]\nstate_dir = state\nrun_dir = run\nlisten = none\n"
#define GATEWAY "[gateway]\nname = desk\ndriver = null\naccounts = bot\n"
#define ORDERS "[connector orders]\nplugin = file\nroot = orders\n"

static struct conf *conf_of(const char *text)
{
	static const struct conf_person person = {.uid = 1000, .name = "felix", .home = "/home/felix"};
	char path[] = "/tmp/hostler-changes-XXXXXX";
	struct problems problems;
	struct conf *conf;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	problems_init(&problems);
	conf = conf_load_as(path, &person, &problems);
	unlink(path);
	if (!conf)
		fail_msg("%s", problems.at[0].text);
	problems_clear(&problems);
	return conf;
}

static void add(void *arg, enum conf_change change, const char *kind, const char *name)
{
	text_addf(arg, "%s %s %s\n", conf_change_name(change), kind, name ? name : "-");
}

static void changes_are(const char *before, const char *now, const char *expected)
{
	struct conf *old = conf_of(before), *new = conf_of(now);
	AUTO(text) struct text text;

	text_init(&text, 4096);
	conf_changes(old, new, add, &text);
	assert_string_equal(text.s, expected);
	conf_free(old);
	conf_free(new);
}

/* Only the texts, one a line. */
static void fixed_are(const char *before, const char *now, const char *expected)
{
	struct conf *old = conf_of(before), *new = conf_of(now);
	AUTO(text) struct text text;
	struct problems problems;

	text_init(&text, 4096);
	problems_init(&problems);
	conf_check_fixed(old, new, &problems);
	for (size_t i = 0; i < problems.n; i++)
		text_addf(&text, "%d %.*s\n", problems.at[i].line, (int)strcspn(problems.at[i].text, ","),
			  problems.at[i].text);
	assert_string_equal(text.s, expected);
	problems_clear(&problems);
	conf_free(old);
	conf_free(new);
}

static void what_is_written_otherwise_is_no_change(void **state)
{
	(void)state;
	changes_are(HOST GATEWAY ORDERS, HOST ORDERS "# a remark\n" GATEWAY, "");
	changes_are(HOST GATEWAY ORDERS, HOST GATEWAY "[connector orders]\nroot = orders\n\nplugin = file\n", "");
}

static void sections_come_change_and_go(void **state)
{
	(void)state;
	changes_are(HOST GATEWAY ORDERS, HOST GATEWAY "[connector post]\nplugin = file\nroot = post\n",
		    "removed connector orders\nadded connector post\n");
	changes_are(HOST GATEWAY ORDERS, HOST GATEWAY "[connector orders]\nplugin = file\nroot = others\n",
		    "changed connector orders\n");
	changes_are(HOST GATEWAY ORDERS, HOST GATEWAY ORDERS "workers = 2\n", "changed connector orders\n");
	changes_are(HOST GATEWAY, HOST "profile = v1\n" GATEWAY, "changed host -\n");
}

static void what_takes_a_restart_is_named_with_its_line(void **state)
{
	(void)state;
	fixed_are(HOST GATEWAY, HOST "profile = v1\n" GATEWAY ORDERS, "");
	fixed_are(HOST GATEWAY, "[host]\nstate_dir = state\nrun_dir = run\n" GATEWAY,
		  "1 \"listen\" of [host] was not there and cannot change while hostler runs: `hostler down`\n");
	fixed_are(HOST GATEWAY, HOST "[gateway]\nname = chair\ndriver = null\naccounts = bot\n",
		  "6 \"name\" of [gateway] was desk and cannot change while hostler runs: `hostler down`\n");
	fixed_are(HOST GATEWAY, HOST, "0 [gateway] is gone\n"
				      "0 \"name\" of [gateway] was desk and cannot change while hostler runs: `hostler down`\n");
}

/* Two keys can stand for one thing; a section that went changes what it said. */
static void it_is_named_once(void **state)
{
	(void)state;
	fixed_are(HOST GATEWAY, "[host]\nstate_dir = state\nrun_dir = ran\nlisten = none\n" GATEWAY,
		  "3 \"run_dir\" of [host] was /tmp/run and cannot change while hostler runs: `hostler down`\n");
	fixed_are(HOST "[store]\npath = a/b.db\n" GATEWAY, HOST GATEWAY,
		  "0 \"path\" of [store] was /tmp/state/a/b.db and cannot change while hostler runs: `hostler down`\n");
}

static void an_instance_is_made_of_its_keys_and_its_plugins_file(void **state)
{
	char folder[] = "/tmp/hostler-made-XXXXXX";
	AUTO_FREE char *file = NULL, *text = NULL, *first = NULL, *same = NULL, *other = NULL, *newer = NULL, *kind = NULL;
	struct conf *conf;

	(void)state;
	assert_non_null(mkdtemp(folder));
	kind = files_join(folder, "connector");
	file = files_join(kind, "file.so");
	assert_int_equal(files_make_directory(kind, 0700, NULL), HST_OK);
	assert_int_equal(files_replace(file, "1", 1, 0600, false, NULL), HST_OK);
	text = mem_printf(HOST "plugins = %s\n" ORDERS "[connector others]\nplugin = file\nroot = others\n", folder);
	conf = conf_of(text);
	first = conf_made_of(conf, HST_CONNECTOR, "orders");
	same = conf_made_of(conf, HST_CONNECTOR, "orders");
	other = conf_made_of(conf, HST_CONNECTOR, "others");
	assert_string_equal(first, same);
	assert_string_not_equal(first, other);
	assert_int_equal(files_replace(file, "2", 1, 0600, false, NULL), HST_OK);
	newer = conf_made_of(conf, HST_CONNECTOR, "orders");
	assert_string_not_equal(first, newer);
	conf_free(conf);
	assert_int_equal(files_remove_tree(folder, NULL), HST_OK);
}

/* `text` is the configuration, which names the file `named`. */
static void another_file_makes_another_instance(const char *text, const char *named)
{
	AUTO_FREE char *path = mem_printf("/tmp/hostler-changes-%d", (int)getpid());
	AUTO_FREE char *file = files_join(path, "hostler.ini"), *beside = files_join(path, named), *folder = files_join(path, "secrets.d");
	AUTO_FREE char *none = NULL, *first = NULL, *same = NULL, *newer = NULL;
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	assert_int_equal(files_make_directory(folder, 0700, NULL), HST_OK);
	assert_int_equal(files_replace(file, text, strlen(text), 0600, false, NULL), HST_OK);
	conf = conf_load(file, &problems);
	assert_non_null(conf);
	none = conf_made_of(conf, HST_TRIGGER, "post");
	assert_int_equal(files_replace(beside, "1", 1, 0600, false, NULL), HST_OK);
	first = conf_made_of(conf, HST_TRIGGER, "post");
	same = conf_made_of(conf, HST_TRIGGER, "post");
	assert_string_not_equal(none, first);
	assert_string_equal(first, same);
	assert_int_equal(files_replace(beside, "2", 1, 0600, false, NULL), HST_OK);
	newer = conf_made_of(conf, HST_TRIGGER, "post");
	assert_string_not_equal(first, newer);
	conf_free(conf);
	problems_clear(&problems);
	assert_int_equal(files_remove_tree(path, NULL), HST_OK);
}

static void a_secret_that_was_sealed_again_is_another(void **state)
{
	(void)state;
	another_file_makes_another_instance(HOST "[trigger post]\nplugin = mail\npassword = secret:ledger\n", "secrets.d/ledger.seal");
}

static void so_is_a_file_that_was_written_anew(void **state)
{
	(void)state;
	another_file_makes_another_instance(HOST "[trigger post]\nplugin = schedule\ndays_off_file = days.txt\n", "days.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_otherwise_is_no_change),
		cmocka_unit_test(sections_come_change_and_go),
		cmocka_unit_test(what_takes_a_restart_is_named_with_its_line),
		cmocka_unit_test(it_is_named_once),
		cmocka_unit_test(an_instance_is_made_of_its_keys_and_its_plugins_file),
		cmocka_unit_test(a_secret_that_was_sealed_again_is_another),
		cmocka_unit_test(so_is_a_file_that_was_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
