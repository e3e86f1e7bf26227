/* Who is connected to an X server of xrdp's: what any user of the machine can bind does not change what is seen of it. */
#include "../../plugins/driver/linux/xrdp/displays.h"
#include "../../plugins/driver/linux/xrdp/sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { DISPLAY = 41 };

struct house {
	char folder[32];
	struct sockaddr_un address;
	int server;
	uint64_t inode;
};

static uint64_t inode_of(int fd)
{
	struct stat about;

	assert_int_equal(fstat(fd, &about), 0);
	return about.st_ino;
}

static int make(struct house *house)
{
	strcpy(house->folder, "/tmp/hst-XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	house->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(house->address.sun_path, sizeof house->address.sun_path, "%s/xrdp_display_%d", house->folder, DISPLAY);
	house->server = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(house->server, (struct sockaddr *)&house->address, sizeof house->address), 0);
	assert_int_equal(listen(house->server, 1), 0);
	house->inode = inode_of(house->server);
	return 0;
}

static void unmake(struct house *house)
{
	close(house->server);
	unlink(house->address.sun_path);
	rmdir(house->folder);
}

/* A socket that a list in lines shows as two: the second is of the inode, connected, and has the path of the display. */
static int bind_forged(const struct house *house)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "\n0: 3 0 0 1 03 %" PRIu64 " %s", house->inode,
			 house->address.sun_path);

	assert_true(n < (int)sizeof address.sun_path - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_a_name_with_a_line_break_is_no_client(void **state)
{
	struct house house;
	int forged;

	(void)state;
	make(&house);
	forged = bind_forged(&house);
	assert_false(displays_is_attached(house.folder, DISPLAY, getpid()));
	close(forged);
	unmake(&house);
}

static void test_a_client_is_one(void **state)
{
	struct house house;
	int client = socket(AF_UNIX, SOCK_STREAM, 0), accepted;

	(void)state;
	make(&house);
	assert_int_equal(connect(client, (struct sockaddr *)&house.address, sizeof house.address), 0);
	accepted = accept(house.server, NULL, NULL);
	assert_true(accepted >= 0);
	assert_true(displays_is_attached(house.folder, DISPLAY, getpid()));
	assert_false(displays_is_attached(house.folder, DISPLAY + 1, getpid()));
	close(accepted);
	close(client);
	assert_false(displays_is_attached(house.folder, DISPLAY, getpid()));
	unmake(&house);
}

static void find(void *arg, const struct bound *bound)
{
	struct house *house = arg;

	if (bound->inode == house->inode && !bound->connected && strcmp(bound->path, house->address.sun_path) == 0)
		house->inode = 0;
}

static void test_the_list_is_complete_however_long_it_is(void **state)
{
	enum { MANY = 600 };
	struct house houses[2];
	int pairs[MANY];

	(void)state;
	make(&houses[0]);
	for (int i = 0; i < MANY; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		snprintf(address.sun_path, sizeof address.sun_path, "%s/%070d", houses[0].folder, i);
		pairs[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(bind(pairs[i], (struct sockaddr *)&address, sizeof address), 0);
		assert_int_equal(unlink(address.sun_path), 0);
		assert_int_equal(listen(pairs[i], 1), 0);
	}
	make(&houses[1]);
	for (int i = 0; i < 2; i++) {
		assert_true(sockets_each(find, &houses[i]));
		assert_int_equal(houses[i].inode, 0);
	}
	for (int i = 0; i < MANY; i++)
		close(pairs[i]);
	unmake(&houses[1]);
	unmake(&houses[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_with_a_line_break_is_no_client),
		cmocka_unit_test(test_a_client_is_one),
		cmocka_unit_test(test_the_list_is_complete_however_long_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
