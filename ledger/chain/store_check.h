/*
 * store_check.h - whether the pages of an LMDB file can be walked without falling off them
 *
 * LMDB believes what it reads in its file: a page that something else has written over can send it
 * out of the map. These calls read the pages through pread, with every offset and page number
 * bounded, before LMDB follows them.
 */
#ifndef BF_STORE_CHECK_H
#define BF_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum bf_store_head {
    BF_STORE_HEAD_UNKNOWN, /* no LMDB file; one of another kind of machine counts as sound */
    BF_STORE_HEAD_WRONG,   /* not sound enough for LMDB to open it */
    BF_STORE_HEAD_NEW,     /* sound, and nothing was ever committed */
    BF_STORE_HEAD_SOUND,
};

/* What the two header pages at the start of the file are. Beside a writer it may be wrong by
 * chance: they are not read at one moment. */
enum bf_store_head bf_store_check_head(int fd);
/*
 * Walk all trees of the snapshot with the transaction number txnid, which a reader holds, over at
 * most max_pages pages; true also where that was not all of them. *found is false where the headers
 * have moved on, and nothing was checked.
 */
bool bf_store_check_pages(bool *found, int fd, uint64_t txnid, uint64_t max_pages);

#endif
