/*
 * One byte of a ledger's data file is another: the audit finds it, or nothing that anybody reads
 * has changed.
 *
 * LMDB's file has bytes that mean nothing: the room between a page's entries, pages that are free,
 * the older of the two headers. Where the audit calls the ledger clean all of its tables are read,
 * and must hold what they held, bit for bit; but for the list of own keys, which nothing else
 * vouches for: what changes there is counted. ONE_BYTE=all takes every byte, else every 37th.
 */
#include "tests/unit/image_fixture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ledger/match/index_audit.h"

#define RECORDS 3
#define STEP 37
#define CHUNK 4096 /* bytes tried by one process */
#define IMAGE_MAX ((size_t)4 << 20)

enum found { FOUND_OPENING, FOUND_AUDITING, SAME, OWN, MISSED, CRASHED, FOUND_COUNT };

struct lab {
    struct filer filer;
    char dir[64], path[128];
    uint8_t good32[2][32]; /* of the tables that the audit recomputes; of those it does not */
    unsigned *count;       /* [FOUND_COUNT] shared with the processes */
};

static bool take_entry(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    uint8_t size[16];

    bf_put_be64(size, key_len);
    bf_put_be64(size + 8, n);
    bf_sha256_update(ctx, size, sizeof size);
    bf_sha256_update(ctx, key, key_len);
    bf_sha256_update(ctx, p, n);
    return true;
}

/* The names of one's own keys: a convenience, which nothing else on the ledger vouches for. */
static bool is_own(enum bf_table table)
{
    return table == BF_TABLE_OWN;
}

static bool tables(uint8_t hash32[32], struct bf_ledger *l, bool own)
{
    struct bf_sha256 *h = bf_sha256_create();
    struct bf_txn *t = NULL;
    bool ok = h != NULL && bf_store_begin_read(&t, bf_ledger_store(l), NULL) == BF_OK;
    uint8_t table;

    for (table = 0; ok && table < BF_TABLE_COUNT; table++) {
        if (is_own((enum bf_table)table) != own)
            continue;
        bf_sha256_update(h, &table, 1);
        ok = bf_txn_each(t, (enum bf_table)table, NULL, 0, take_entry, h, NULL) == BF_OK;
    }
    bf_sha256_update(h, bf_ledger_origin(l), strlen(bf_ledger_origin(l)));
    bf_txn_abort(&t);
    if (h != NULL)
        bf_sha256_finish(h, hash32);
    bf_sha256_free(&h);
    return ok;
}

/* Of a ledger that the audit of the chain calls clean. What reads the same is as sound as it was,
 * so that the lookup tables need not be made again. */
static enum found compare(const struct lab *b, struct bf_ledger *l)
{
    uint8_t hash32[2][32];
    struct bf_error why;
    bool same, own, sound;

    same = tables(hash32[0], l, false) && memcmp(hash32[0], b->good32[0], 32) == 0;
    own = tables(hash32[1], l, true) && memcmp(hash32[1], b->good32[1], 32) == 0;
    if (same)
        return own ? SAME : OWN;
    return bf_index_audit(&sound, &why, l, NULL, NULL) != BF_OK || !sound ? FOUND_AUDITING : MISSED;
}

static enum found look(const struct lab *b)
{
    struct bf_ledger *l = NULL;
    struct bf_audit a;
    enum found found = FOUND_AUDITING;

    if (bf_ledger_open(&l, b->dir, true, NULL) != BF_OK)
        return FOUND_OPENING;
    if (bf_ledger_audit(&a, l, bf_digest_check, NULL, NULL) == BF_OK && a.clean)
        found = compare(b, l);
    bf_ledger_close(&l);
    return found;
}

/* Another value for the byte at this place, never its own. */
static uint8_t change(uint8_t byte, size_t at)
{
    return byte ^ (uint8_t)(1 + at * 2654435761u % 255);
}

static void try_bytes(const struct lab *b, const uint8_t *good, size_t from, size_t to, size_t step)
{
    int fd = open(b->path, O_RDWR);
    size_t i;

    for (i = from; i < to; i += step) {
        uint8_t byte = change(good[i], i);
        enum found found;

        if (pwrite(fd, &byte, 1, (off_t)i) != 1)
            _exit(3);
        b->count[CRASHED] = (unsigned)i + 1;
        found = look(b);
        b->count[CRASHED] = 0;
        b->count[found]++;
        if (found == MISSED)
            fprintf(stderr, "# byte %zu (%zu of page %zu) as %02x for %02x is missed\n", i,
                    i % 4096, i / 4096, byte, good[i]);
        if (pwrite(fd, &good[i], 1, (off_t)i) != 1)
            _exit(3);
    }
    _exit(0);
}

static void setup(struct lab *b)
{
    struct bf_ledger *l = NULL;
    struct bf_appended done;
    struct bf_error err;
    struct bf_audit a;
    uint64_t i;

    filer_open(&b->filer);
    image_dir(b->dir);
    snprintf(b->path, sizeof b->path, "%s/data.mdb", b->dir);
    OK(bf_ledger_init(b->dir, FIXTURE_ORIGIN, &err));
    for (i = 0; i < RECORDS; i++)
        OK(file_record(&b->filer, b->dir, i, &done, &err));
    OK(bf_ledger_open(&l, b->dir, true, &err));
    OK(bf_ledger_audit(&a, l, bf_digest_check, NULL, &err));
    if (!a.clean)
        fail_msg("%s", a.why.text);
    OK(bf_index_audit(&a.clean, &a.why, l, NULL, &err));
    if (!a.clean)
        fail_msg("%s", a.why.text);
    assert_true(tables(b->good32[0], l, false) && tables(b->good32[1], l, true));
    bf_ledger_close(&l);
}

static void every_byte(void **state)
{
    const char *how = getenv("ONE_BYTE");
    size_t step = how != NULL && strcmp(how, "all") == 0 ? 1 : STEP, from, tried = 0;
    struct bf_buf good = {0};
    struct bf_error err;
    static struct lab b;

    (void)state;
    setup(&b);
    OK(bf_file_read(&good, b.path, IMAGE_MAX, &err));
    b.count = mmap(NULL, FOUND_COUNT * sizeof *b.count, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(b.count != MAP_FAILED);
    for (from = 0; from < good.len; from += CHUNK) {
        size_t to = from + CHUNK < good.len ? from + CHUNK : good.len;
        size_t first = (from + step - 1) / step * step;
        pid_t child = fork();
        int status = 0;

        if (child == 0)
            try_bytes(&b, good.data, first, to, step);
        assert_true(child > 0 && waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("byte %u ends the audit with status %d", b.count[CRASHED] - 1, status);
        tried += (to - first + step - 1) / step;
    }
    printf("# %zu of %zu bytes: %u found on opening, %u by the audit; %u mean nothing, and all "
           "tables are as they were; %u are of the list of own keys, which is this machine's word "
           "alone; %u missed\n",
           tried, good.len, b.count[FOUND_OPENING], b.count[FOUND_AUDITING], b.count[SAME],
           b.count[OWN], b.count[MISSED]);
    assert_int_equal(b.count[MISSED], 0);
    assert_true(b.count[FOUND_OPENING] + b.count[FOUND_AUDITING] + b.count[SAME] + b.count[OWN] ==
                tried);
    munmap(b.count, FOUND_COUNT * sizeof *b.count);
    bf_buf_release(&good);
    fixture_remove(b.dir);
    filer_close(&b.filer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
