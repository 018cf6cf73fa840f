/*
 * How much of its map a process holds in memory: LMDB maps the file, and what has been read once
 * stays until somebody needs the room.
 */
#include "ledger/chain/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
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
    uint64_t size = 0, resident = 0, shared = 0;
    char text[128];
    ssize_t n;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &size, &resident, &shared) != 3)
        return 0;
    return shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pages of a shared map that is only read are those of the file: letting them go loses nothing. */
static void let_go(const char *line, uint64_t inode)
{
    uint64_t of = 0;
    uintptr_t from = 0, to = 0;
    char rights[5] = "";
    union {
        uintptr_t at;
        void *p;
    } u;

    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %" SCNu64, &from, &to, rights, &of) !=
            4 ||
        of != inode || strcmp(rights, "r--s") != 0)
        return;
    u.at = from;
    madvise(u.p, to - from, MADV_DONTNEED);
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
