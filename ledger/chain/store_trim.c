/*
 * How much of its map a process holds in memory: LMDB maps the file, and what has been read once
 * stays until somebody needs the room.
 */
#include "ledger/chain/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/chain/store_impl.h"

struct bf_store *bf_txn_store(struct bf_txn *t)
{
    return t->store;
}

/* Bytes of files that are mapped and in memory; 0 where the system does not say. */
static uint64_t mapped_bytes(void)
{
    char text[128], *end;
    uint64_t shared;
    ssize_t n;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    /* size, resident, shared: in pages */
    strtoull(text, &end, 10);
    strtoull(end, &end, 10);
    shared = strtoull(end, &end, 10);
    return shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * A line is "from-to rights offset device inode path", numbers but the inode in hexadecimal. Pages
 * of a shared map that is only read are those of the file: letting them go loses nothing.
 */
static void let_go(const char *line, uint64_t inode)
{
    static const char rights[] = " r--s ";
    union {
        uintptr_t at;
        void *p;
    } from;
    uintptr_t to;
    char *p;

    from.at = (uintptr_t)strtoull(line, &p, 16);
    if (*p != '-')
        return;
    to = (uintptr_t)strtoull(p + 1, &p, 16);
    if (strncmp(p, rights, sizeof rights - 1) != 0)
        return;
    strtoull(p + sizeof rights - 1, &p, 16);
    if (*p != ' ')
        return;
    p = strchr(p + 1, ' ');
    if (p != NULL && strtoull(p, NULL, 10) == inode && to > from.at)
        madvise(from.p, to - from.at, MADV_DONTNEED);
}

void bf_store_trim(struct bf_store *s, size_t max_bytes)
{
    struct stat st;
    char line[512];
    FILE *f;
    int saved = errno;

    if (mapped_bytes() > max_bytes && fstat(s->data_fd, &st) == 0) {
        f = fopen("/proc/self/maps", "re");
        while (f != NULL && fgets(line, sizeof line, f) != NULL)
            let_go(line, (uint64_t)st.st_ino);
        if (f != NULL)
            fclose(f);
    }
    errno = saved;
}
