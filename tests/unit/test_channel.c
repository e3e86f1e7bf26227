#include "base/auto.h"
#include "os/channel.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];

static int set_up(void **state)
{
	(void)state;
	return channel_pair(ends, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	auto_close(&ends[0]);
	auto_close(&ends[1]);
	return 0;
}

static const struct channel_record started = {
	.what = CHANNEL_STARTED, .number = 7, .status = -1, .pid = 1234, .device = "desk", .text = "here"};

static void record_arrives_as_it_was_sent(void **state)
{
	struct channel_record record;
	int fd = -5;

	(void)state;
	assert_int_equal(channel_send(ends[0], &started, -1, NULL), HST_OK);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
	assert_memory_equal(&record, &started, sizeof record);
	assert_int_equal(fd, -1);
}

static void nothing_there_is_not_the_end(void **state)
{
	struct channel_record record = {.number = 99};
	int fd = -5;

	(void)state;
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_RETRY);
	assert_int_equal(record.number, 99);
	assert_int_equal(fd, -5);
	close(take_fd(&ends[0]));
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_NOT_FOUND);
	assert_int_equal(fd, -5);
}

static void descriptor_comes_along(void **state)
{
	struct channel_record record;
	int pipe_ends[2];
	int fd = -1;
	char c = '-';

	(void)state;
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends[0], &started, pipe_ends[0], NULL), HST_OK);
	close(pipe_ends[0]);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(pipe_ends[1], "x", 1), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(fd);
	close(pipe_ends[1]);
}

static void full_queue_does_not_block(void **state)
{
	struct channel_record record;
	int fd, sent = 0, received = 0, code;

	(void)state;
	while ((code = channel_send(ends[0], &started, -1, NULL)) == HST_OK)
		sent++;
	assert_int_equal(code, HST_RETRY);
	assert_true(sent >= 50);
	while (channel_receive(ends[1], &record, &fd, NULL) == HST_OK)
		received++;
	assert_int_equal(received, sent);
	assert_int_equal(channel_send(ends[0], &started, -1, NULL), HST_OK);
}

static void sending_to_nobody_is_an_error_and_no_signal(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_DFL);
	close(take_fd(&ends[1]));
	assert_int_equal(channel_send(ends[0], &started, -1, NULL), HST_NOT_FOUND);
}

static void what_is_no_record_is_dropped(void **state)
{
	struct {
		struct channel_record record;
		char more;
	} long_one = {.record = started};
	struct channel_record unknown = started, record;
	int fd = -5;

	(void)state;
	assert_int_equal(send(ends[0], &started, 10, 0), 10);
	assert_int_equal(send(ends[0], &long_one, sizeof long_one, 0), sizeof long_one);
	unknown.what = 99;
	assert_int_equal(channel_send(ends[0], &unknown, -1, NULL), HST_OK);
	assert_int_equal(channel_send(ends[0], &started, -1, NULL), HST_OK);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_INVALID);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_INVALID);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_INVALID);
	assert_int_equal(fd, -5);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
}

static void texts_end_whatever_is_sent(void **state)
{
	struct channel_record record = started;
	int fd;

	(void)state;
	memset(record.device, 'd', sizeof record.device);
	memset(record.text, 't', sizeof record.text);
	assert_int_equal(channel_send(ends[0], &record, -1, NULL), HST_OK);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
	assert_int_equal(strlen(record.device), sizeof record.device - 1);
	assert_int_equal(strlen(record.text), sizeof record.text - 1);
}

/* Sends a record with as many descriptors as asked for, as an ill-meaning peer might. */
static void send_with(size_t count, const int *fds, size_t length)
{
	struct iovec part = {.iov_base = (void *)&started, .iov_len = length};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	assert_int_equal(sendmsg(ends[0], &message, 0), (ssize_t)length);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void unasked_descriptors_are_closed(void **state)
{
	const int fds[] = {0, 0, 0, 0, 0};
	const int before = open_descriptors();
	struct channel_record record;
	int fd = -5;

	(void)state;
	send_with(2, fds, sizeof started);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
	assert_true(fd >= 0);
	assert_int_equal(open_descriptors(), before + 1);
	close(fd);
	send_with(5, fds, sizeof started);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_OK);
	close(fd);
	send_with(1, fds, 10);
	assert_int_equal(channel_receive(ends[1], &record, &fd, NULL), HST_INVALID);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(record_arrives_as_it_was_sent),
		TEST(nothing_there_is_not_the_end),
		TEST(descriptor_comes_along),
		TEST(full_queue_does_not_block),
		TEST(sending_to_nobody_is_an_error_and_no_signal),
		TEST(what_is_no_record_is_dropped),
		TEST(texts_end_whatever_is_sent),
		TEST(unasked_descriptors_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
