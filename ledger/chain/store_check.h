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

/* The two header pages at the start of the file are sound enough for LMDB to open it. What is no
 * LMDB file passes: LMDB says so. */
bool bf_store_check_head(int fd);
/*
 * Walk all trees of the snapshot with the transaction number txnid, which a reader holds, over at
 * most max_pages pages; true also where that was not all of them. *found is false where the headers
 * have moved on, and nothing was checked.
 */
bool bf_store_check_pages(bool *found, int fd, uint64_t txnid, uint64_t max_pages);

#endif
