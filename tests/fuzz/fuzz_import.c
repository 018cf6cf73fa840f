/*
 * Ledger exports. The hash at the end is put right first, so that the parts behind it are reached.
 * What is imported audits clean.
 */
#include "tests/fuzz/replay.h"

#include <unistd.h>

#include "ledger/chain/ledger.h"
#include "lib/base/hash.h"

static bool any_blob(const uint8_t digest32[32], const void *p, size_t n)
{
    (void)digest32, (void)p, (void)n;
    return true;
}

static void remove_ledger(const char *dir)
{
    char path[128];

    snprintf(path, sizeof path, "%s/data.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/lock.mdb", dir);
    unlink(path);
    rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bf_import_hooks hooks = {any_blob, NULL, NULL};
    char base[] = "/tmp/bonafide-fuzz-XXXXXX", dir[64];
    FILE *f = tmpfile();
    uint8_t hash[32];
    uint64_t n_new;

    if (f == NULL || mkdtemp(base) == NULL)
        abort();
    snprintf(dir, sizeof dir, "%s/l", base);
    if (size >= 32) {
        bf_sha256(hash, data, size - 32);
        fwrite(data, 1, size - 32, f);
        fwrite(hash, 1, sizeof hash, f);
    } else {
        fwrite(data, 1, size, f);
    }
    if (fflush(f) == 0 &&
        bf_ledger_import(dir, fileno(f), "f", &n_new, &hooks, NULL, NULL) == BF_OK) {
        struct bf_ledger *l = NULL;
        struct bf_audit a;

        MUST(bf_ledger_open(&l, dir, true, NULL) == BF_OK);
        MUST(bf_ledger_audit(&a, l, NULL, NULL, NULL) == BF_OK && a.clean && a.n_records == n_new);
        bf_ledger_close(&l);
    }
    remove_ledger(dir);
    rmdir(base);
    fclose(f);
    return 0;
}
