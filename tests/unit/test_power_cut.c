/*
 * The power is cut while a ledger is made and videos are registered: whatever the disk had of what
 * was written by then, the ledger audits clean, has every record that was acknowledged, and takes
 * another.
 *
 * The calls by which LMDB and the store write the data file are caught on their way and kept. A
 * disk that was cut off holds all that was synced, and of what was written since: everything up to
 * some write, the last one torn at a sector, or any of its pages and not the others. Each of these
 * is made and opened. POWER_CUT=all tears at every sector and tries many more choices of pages.
 */
#include "tests/unit/image_fixture.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGE 4096
#define SECTOR 512
#define OPS_MAX 4096
#define IMAGE_MAX ((size_t)16 << 20)

enum op_kind { OP_WRITE, OP_LENGTH, OP_SYNC, OP_ANSWER };

struct op {
    enum op_kind kind;
    size_t at, n;
    uint8_t *data;
};

static struct {
    bool on;
    char path[128]; /* of the data file */
    struct op op[OPS_MAX];
    size_t n;
} tape;

static bool is_taped(int fd)
{
    char link[64], path[sizeof tape.path];
    ssize_t n;

    if (!tape.on)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path);
    return n == (ssize_t)strlen(tape.path) && memcmp(path, tape.path, (size_t)n) == 0;
}

static void keep(enum op_kind kind, const void *p, size_t n, size_t at)
{
    struct op *o = &tape.op[tape.n];

    if (tape.n == OPS_MAX)
        abort();
    *o = (struct op){kind, at, n, NULL};
    if (kind == OP_WRITE) {
        o->data = malloc(n);
        if (o->data == NULL)
            abort();
        memcpy(o->data, p, n);
    }
    tape.n++;
}

/* Whether what is written to fd is on the disk when write answers. */
static bool is_sync(int fd)
{
    return (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

/* --- the C library's calls, which LMDB finds here first --- */

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    ssize_t k = syscall(SYS_pwrite64, fd, p, n, at);

    if (k > 0 && is_taped(fd)) {
        keep(OP_WRITE, p, (size_t)k, (size_t)at);
        if (is_sync(fd))
            keep(OP_SYNC, NULL, 0, 0);
    }
    return k;
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    bool taped = is_taped(fd);
    off_t at = taped ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t k = syscall(SYS_writev, fd, v, n);
    uint8_t *all, *p;
    int i;

    if (k <= 0 || !taped)
        return k;
    all = p = malloc((size_t)k);
    if (all == NULL)
        abort();
    for (i = 0; i < n && p < all + k; i++) {
        size_t left = (size_t)(all + k - p), m = v[i].iov_len < left ? v[i].iov_len : left;

        memcpy(p, v[i].iov_base, m);
        p += m;
    }
    keep(OP_WRITE, all, (size_t)k, (size_t)at);
    free(all);
    return k;
}

int ftruncate(int fd, off_t n)
{
    int rc = (int)syscall(SYS_ftruncate, fd, n);

    if (rc == 0 && is_taped(fd))
        keep(OP_LENGTH, NULL, (size_t)n, 0);
    return rc;
}

/* These folders are in memory, or may be lost. */
int fdatasync(int fd)
{
    if (is_taped(fd))
        keep(OP_SYNC, NULL, 0, 0);
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

/* --- the disk --- */

struct disk {
    uint8_t *p;
    size_t n;
};

static void apply_part(struct disk *d, const struct op *o, size_t from, size_t to)
{
    if (from >= to)
        return;
    assert_true(o->at + to <= IMAGE_MAX);
    if (o->at + to > d->n) {
        memset(d->p + d->n, 0, o->at + to - d->n);
        d->n = o->at + to;
    }
    memcpy(d->p + o->at + from, o->data + from, to - from);
}

static void apply(struct disk *d, const struct op *o)
{
    if (o->kind == OP_WRITE) {
        apply_part(d, o, 0, o->n);
    } else if (o->kind == OP_LENGTH) {
        assert_true(o->n <= IMAGE_MAX);
        if (o->n > d->n)
            memset(d->p + d->n, 0, o->n - d->n);
        d->n = o->n;
    }
}

static void copy_disk(struct disk *to, const struct disk *from)
{
    memcpy(to->p, from->p, from->n);
    to->n = from->n;
}

struct lab {
    struct filer filer;
    char dir[64], try[64];
    struct bf_appended *done; /* of the records that were answered */
    uint64_t n_done;
    bool is_made; /* the ledger's making was answered */
    struct disk synced, now, made;
    unsigned n_prefixes, n_torn, n_mixed;
    uint32_t seed;
};

static uint32_t next(struct lab *b)
{
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 17;
    b->seed ^= b->seed << 5;
    return b->seed;
}

static void check_records(const struct lab *b, struct bf_ledger *l, uint64_t n_answered)
{
    struct bf_txn *t = NULL;
    struct bf_error err;
    uint64_t index;
    size_t i;

    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    for (i = 0; i < n_answered; i++) {
        OK(bf_ledger_find_hash(t, b->done[i].hash32, &index, &err));
        assert_true(index == i);
    }
    bf_txn_abort(&t);
}

static void set_mark(const struct lab *b, bool there)
{
    static const struct bf_buf nothing;
    char path[128];
    struct bf_error err;

    snprintf(path, sizeof path, "%s/made.txt", b->try);
    if (there)
        OK(bf_file_write(path, BF_OUTPUT_FORCE, &nothing, &err));
    else
        unlink(path);
}

/* Before the ledger's making was answered: it is there and whole, or can be made. */
static void look_at_making(struct lab *b, const char *what, size_t at)
{
    struct bf_error err = {0};
    struct bf_ledger *l = NULL;
    enum bf_err rc;

    image_put(b->try, b->made.p, b->made.n);
    set_mark(b, false);
    rc = bf_ledger_init(b->try, FIXTURE_ORIGIN, &err);
    if (rc == BF_OK || rc == BF_ERR_EXISTS)
        OK(bf_ledger_open(&l, b->try, false, &err));
    else if (strstr(err.text, "its making was cut short; where nothing was registered") == NULL)
        fail_msg("%s at call %zu: %s", what, at, err.text);
    bf_ledger_close(&l);
}

/* The state in b->made, when n_answered records had been acknowledged. */
static void look(struct lab *b, uint64_t n_answered, const char *what, size_t at)
{
    struct bf_appended more;
    struct bf_ledger *l = NULL;
    struct bf_audit a;
    struct bf_error err = {0};

    if (!b->is_made) {
        look_at_making(b, what, at);
        return;
    }
    image_put(b->try, b->made.p, b->made.n);
    if (bf_ledger_open(&l, b->try, false, &err) != BF_OK)
        fail_msg("%s at call %zu: %s", what, at, err.text);
    OK(bf_ledger_audit(&a, l, bf_digest_check, NULL, &err));
    if (!a.clean)
        fail_msg("%s at call %zu: %s", what, at, a.why.text);
    assert_true(a.n_records >= n_answered);
    check_records(b, l, n_answered);
    bf_ledger_close(&l);
    if (next(b) % 16 == 0)
        OK(file_record(&b->filer, b->try, 100000, &more, &err));
}

/* The writes [from, to) that are not synced: each of their pages is there or not, by chance. */
static void mix(struct lab *b, size_t from, size_t to, uint64_t n_answered)
{
    size_t i, k;

    copy_disk(&b->made, &b->synced);
    for (i = from; i < to; i++) {
        const struct op *o = &tape.op[i];

        if (o->kind == OP_LENGTH && next(b) % 2 == 0)
            apply(&b->made, o);
        for (k = 0; o->kind == OP_WRITE && k < o->n; k += PAGE)
            if (next(b) % 2 == 0)
                apply_part(&b->made, o, k, k + PAGE < o->n ? k + PAGE : o->n);
    }
    look(b, n_answered, "some pages of the writes", to);
    b->n_mixed++;
}

static void tear(struct lab *b, const struct op *o, size_t step, uint64_t n_answered, size_t at)
{
    size_t k;

    /* Sectors are those of the disk. */
    for (k = step - o->at % step; k < o->n; k += step) {
        copy_disk(&b->made, &b->now);
        apply_part(&b->made, o, 0, k);
        look(b, n_answered, "a torn write", at);
        b->n_torn++;
    }
}

/* Goes through the tape, cut after each call. */
static void cut_everywhere(struct lab *b, bool all)
{
    uint64_t n_answered = 0;
    size_t i, since = 0;
    int k;

    for (i = 0; i < tape.n; i++) {
        const struct op *o = &tape.op[i];

        if (o->kind == OP_ANSWER) {
            n_answered += b->is_made;
            set_mark(b, true);
            b->is_made = true;
        } else if (o->kind == OP_SYNC) {
            for (k = 0; since < i && k < (all ? 24 : 2); k++)
                mix(b, since, i, n_answered);
            copy_disk(&b->synced, &b->now);
            since = i + 1;
        } else {
            if (o->kind == OP_WRITE)
                tear(b, o, all ? SECTOR : PAGE, n_answered, i);
            apply(&b->now, o);
            copy_disk(&b->made, &b->now);
            look(b, n_answered, "the writes up to here", i);
            b->n_prefixes++;
        }
    }
    assert_true(n_answered == b->n_done);
}

static void registers(void **state)
{
    const char *how = getenv("POWER_CUT");
    bool all = how != NULL && strcmp(how, "all") == 0;
    uint64_t n_records = all ? 24 : 6, i;
    static struct lab b;
    struct bf_error err;
    size_t k;

    (void)state;
    b.seed = 2463534242u;
    b.done = calloc(n_records, sizeof *b.done);
    b.now.p = malloc(IMAGE_MAX);
    b.synced.p = malloc(IMAGE_MAX);
    b.made.p = malloc(IMAGE_MAX);
    assert_true(b.done != NULL && b.now.p != NULL && b.synced.p != NULL && b.made.p != NULL);
    filer_open(&b.filer);
    image_dir(b.dir);
    image_dir(b.try);
    snprintf(tape.path, sizeof tape.path, "%s/data.mdb", b.dir);
    tape.on = true;
    OK(bf_ledger_init(b.dir, FIXTURE_ORIGIN, &err));
    keep(OP_ANSWER, NULL, 0, 0);
    for (i = 0; i < n_records; i++) {
        OK(file_record(&b.filer, b.dir, i, &b.done[i], &err));
        keep(OP_ANSWER, NULL, 0, 0);
    }
    tape.on = false;
    b.n_done = n_records;
    cut_everywhere(&b, all);
    printf("# %llu registers, %zu calls: %u prefixes, %u torn writes, %u mixtures of pages\n",
           (unsigned long long)n_records, tape.n, b.n_prefixes, b.n_torn, b.n_mixed);
    assert_true(b.n_prefixes > 4 * n_records);
    for (k = 0; k < tape.n; k++)
        free(tape.op[k].data);
    free(b.done);
    free(b.now.p);
    free(b.synced.p);
    free(b.made.p);
    fixture_remove(b.dir);
    fixture_remove(b.try);
    filer_close(&b.filer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(registers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
