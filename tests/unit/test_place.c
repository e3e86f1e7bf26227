/* The folders of people who have left: only their own go, and only when nothing of them is left. */
#include "person/place.h"

#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Users that no machine has, so that they have no processes. */
enum { GONE = 64111, ALSO_GONE, LINKED, SQUATTED, HELD };

static void folder_of(const char *in, unsigned uid, unsigned owner)
{
	char *folder = mem_printf("%s/hostler-here-%u", in, uid), *file = files_join(folder, "ended");

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(files_replace_fleeting(file, "x", 1, 0600, NULL), 0);
	assert_int_equal(chown(folder, owner, (gid_t)-1), 0);
	free(folder);
	free(file);
}

static bool is_there(const char *in, const char *name)
{
	char *path = files_join(in, name);
	struct stat about;
	bool there = lstat(path, &about) == 0;

	free(path);
	return there;
}

static void folders_of_those_who_left_are_removed(void **state)
{
	char in[] = "/tmp/hst-place-XXXXXX";
	char *other, *link, *held;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(in));
	other = files_join(in, "elsewhere");
	link = mem_printf("%s/hostler-here-%d", in, LINKED);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(chown(other, LINKED, (gid_t)-1), 0);
	assert_int_equal(symlink(other, link), 0);
	folder_of(in, GONE, GONE);
	folder_of(in, SQUATTED, ALSO_GONE);
	folder_of(in, geteuid(), geteuid());
	folder_of(in, HELD, HELD);
	held = mem_printf("%s/hostler-here-%d", in, HELD);
	fd = open(held, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	place_sweep(in);
	assert_true(is_there(in, "hostler-here-64115/ended"));
	close(fd);
	place_sweep(in);
	assert_false(is_there(in, "hostler-here-64115"));
	assert_false(is_there(in, "hostler-here-64111"));
	assert_true(is_there(in, "hostler-here-0/ended"));
	assert_true(is_there(in, "hostler-here-64113"));
	assert_true(is_there(in, "elsewhere"));
	assert_true(is_there(in, "hostler-here-64114/ended"));
	assert_int_equal(files_remove_tree(in, NULL), 0);
	free(other);
	free(link);
	free(held);
}

static void a_place_stays_while_it_is_held(void **state)
{
	char place[PLACE_SIZE];
	struct stat about, held;
	hst_error err;
	int fd = -1, other;

	(void)state;
	if (place_find(place, &fd, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(fstat(fd, &held), 0);
	assert_int_equal(stat(place, &about), 0);
	assert_true(about.st_ino == held.st_ino);
	assert_int_equal(about.st_mode & 0777, 0700);
	other = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(other);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_stays_while_it_is_held),
		cmocka_unit_test(folders_of_those_who_left_are_removed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
