/*
 * Headers of tar files, written and read. What archive_write.c and archive_read.c share.
 *
 * libarchive would do this, and bring sixteen libraries with it into every start of every command, which then takes two to
 * three times as long; a header of plain files is 512 bytes with fixed places.
 */
#ifndef HOST_STORE_TAR_H
#define HOST_STORE_TAR_H

#include "store/archive.h"

enum { TAR_BLOCK = 512, TAR_SUM_HEX = 64 };

#define TAR_SUMS "SHA256SUMS"

/* HST_INVALID: the name does not fit. */
int tar_write_header(uint8_t to[TAR_BLOCK], const struct archive_member *member, int64_t at_s, hst_error *err);

/* HST_INVALID: it is none of a plain file. *ret_end: it is a block of zeros, where a file ends. */
int tar_read_header(const uint8_t from[TAR_BLOCK], struct archive_member *ret, bool *ret_end, hst_error *err);

bool tar_name_fits(const char *name);

/* What a member is filled up with behind its bytes. */
static inline size_t tar_padding(int64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

#endif
