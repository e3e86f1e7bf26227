#include "os/failure.h"

#include <errno.h>
#include <string.h>

static hst_code failure_code(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
	case ESRCH:
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return HST_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return HST_DENIED;
	case EAGAIN:
	case EINTR:
	case EBUSY:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case ETXTBSY:
		return HST_RETRY;
	default:
		return HST_INVALID;
	}
}

int failure_of(int number, hst_error *err, const char *doing, const char *subject)
{
	const char *why = strerrordesc_np(number);

	return hst_fail(err, failure_code(number), "cannot %s %s: %s", doing, subject,
			why ? why : "unknown error");
}
