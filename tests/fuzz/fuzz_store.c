/* A ledger's data file that something has written over: refused, or readable; never a crash. */
#include "tests/fuzz/replay.h"

#include <fcntl.h>
#include <unistd.h>

#include "ledger/chain/ledger.h"

static bool touch(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    const volatile uint8_t *k = key, *v = p;
    unsigned *sum = ctx;

    if (key_len > 0)
        *sum += k[0] + k[key_len - 1];
    if (n > 0)
        *sum += v[0] + v[n - 1];
    return (*sum & 0xffff) != 0xffff; /* keys out of order can make a walk long, not endless */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/bonafide-fuzz-XXXXXX", path[64];
    struct bf_ledger *l = NULL;
    struct bf_store *s = NULL;
    struct bf_txn *t = NULL;
    struct bf_audit a;
    unsigned sum = 0;
    int fd, table;

    if (mkdtemp(dir) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    if (bf_store_open(&s, dir, false, true, NULL) == BF_OK &&
        bf_store_begin_read(&t, s, NULL) == BF_OK)
        for (table = 0; table < BF_TABLE_COUNT; table++)
            bf_txn_each(t, (enum bf_table)table, NULL, 0, touch, &sum, NULL);
    bf_txn_abort(&t);
    bf_store_close(&s);
    if (bf_ledger_open(&l, dir, true, NULL) == BF_OK)
        (void)bf_ledger_audit(&a, l, NULL, NULL, NULL);
    bf_ledger_close(&l);
    unlink(path);
    snprintf(path, sizeof path, "%s/lock.mdb", dir);
    unlink(path);
    rmdir(dir);
    return 0;
}
