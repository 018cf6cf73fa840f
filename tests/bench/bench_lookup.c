/*
 * bench_lookup - how long the lookup of a frame's code takes, and what the index weighs, as a
 * ledger grows
 *
 * usage: bench_lookup [DIR [TSV SIZE...]]    SIZE: frames filed (1000000), or hours (100h)
 *
 * Codes are made, not videos: records of random length, shots whose codes wander, cameras that come
 * back, stills, idents that many records share, series in one studio. They are filed as often as
 * four real clips file theirs. At each size another process looks codes up and says what it held in
 * memory; this one scans the same codes from end to end, which is the peer, and compares what both
 * have found. long because the simulation, the peer and the looking process share one model.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmdb.h>

#include "ledger/chain/store_impl.h"
#include "ledger/match/code_index.h"

enum {
    N_NEAR = 448, /* queries at a distance of 0 to 31 bits from a filed code */
    N_FAR = 152,  /* queries of frames that were never filed */
    N_QUERIES = N_NEAR + N_FAR,
    N_COLD = 60,
    N_ROUNDS = 5,
    N_SUSPECT = 300, /* frames of a suspect of a minute */
    N_SERIES = 50,
    N_STUDIO = 20,  /* cameras and backdrops of a series */
    N_IDENTS = 200, /* stills that all share */
    FOUND_MAX = 1 << 17,
    SIZES_MAX = 16,
    N_SINGLY = 25,
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_lookup: %s\n", what);
    exit(2);
}

static void must(enum bf_err rc, const struct bf_error *err)
{
    if (rc != BF_OK)
        die(err->text);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts. */
static double quantile(double *v, size_t n, double q)
{
    qsort(v, n, sizeof *v, by_value);
    return v[(size_t)((double)(n - 1) * q + 0.5)];
}

/* --- the model --- */

struct random {
    uint64_t s;
};

static uint64_t next64(struct random *r)
{
    uint64_t z = r->s += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double uniform(struct random *r)
{
    return ((double)(next64(r) >> 11) + 0.5) / 9007199254740992.0;
}

static double exponential(struct random *r, double mean)
{
    return -log(uniform(r)) * mean;
}

static size_t below(struct random *r, size_t n)
{
    return (size_t)(next64(r) % n);
}

/* What a camera sees: a code, and how readily each of its bits turns (of 256). */
struct view {
    uint8_t code32[32];
    uint8_t unrest[256];
};

/* Low frequencies look alike in most pictures: ten bits that four views in five share. */
static void make_view(struct view *v, struct random *r)
{
    unsigned i;

    for (i = 0; i < 32; i++)
        v->code32[i] = (uint8_t)(next64(r) >> 20);
    for (i = 0; i < 256; i++) {
        double u = uniform(r);

        /* So that frames of a shot some seconds apart differ by 60 bits, as real ones do. */
        v->unrest[i] = (uint8_t)(u * u * 128);
        if (i % 16 + i / 16 < 4) {
            v->code32[i / 8] &= (uint8_t) ~(1u << i % 8);
            if (uniform(r) < 0.2)
                v->code32[i / 8] |= (uint8_t)(1u << i % 8);
        }
    }
}

static void turn_bits(uint8_t code32[32], unsigned n, struct random *r)
{
    uint8_t turned[32] = {0};

    while (n > 0) {
        unsigned bit = (unsigned)below(r, 256);

        if (turned[bit / 8] >> bit % 8 & 1)
            continue;
        turned[bit / 8] |= (uint8_t)(1u << bit % 8);
        code32[bit / 8] ^= (uint8_t)(1u << bit % 8);
        n--;
    }
}

/* Half of the bits are drawn anew: 30 bits from one anchor to the next. */
static void wander(uint8_t code32[32], const struct view *v, struct random *r)
{
    uint64_t draw = 0, anew = 0;
    unsigned i;

    for (i = 0; i < 256; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);

        if (i % 8 == 0)
            draw = next64(r);
        if (i % 64 == 0)
            anew = next64(r);
        if (anew >> i % 64 & 1)
            code32[i / 8] = (uint8_t)((code32[i / 8] & ~bit) |
                                      ((v->code32[i / 8] & bit) ^
                                       ((uint8_t)(draw >> i % 8 * 8) < v->unrest[i] ? bit : 0)));
    }
}

struct world {
    struct view studio[N_SERIES][N_STUDIO];
    struct view ident[N_IDENTS];
};

static struct bf_code_entry *entry; /* (cap_frames), filed ones first */
static uint8_t (*code)[32];         /* the same codes, close together, for the linear scan */
static size_t n_frames, cap_frames;
static double filed_s;
static uint64_t n_records;

static void take_frame(uint64_t record, double at_s, const uint8_t code32[32])
{
    if (n_frames == cap_frames)
        return;
    entry[n_frames] =
        (struct bf_code_entry){.record = record, .pts_us = (int64_t)(at_s * 1e3) * 1000};
    memcpy(entry[n_frames].code32, code32, 32);
    memcpy(code[n_frames], code32, 32);
    n_frames++;
}

static double shot(uint64_t record, double at, double end, const struct view *v, bool still,
                   struct random *r)
{
    uint8_t code32[32];

    memcpy(code32, v->code32, 32);
    while (at < end) {
        take_frame(record, at, code32);
        if (still) {
            at += 5;
            turn_bits(code32, 1, r);
        } else {
            /* The next frame that is half a second on and differs: 1.6 a second, with the cuts. */
            at += 0.5 + exponential(r, 0.1);
            wander(code32, v, r);
        }
    }
    return end;
}

static void make_record(const struct world *w, uint64_t record)
{
    struct random r = {record * UINT64_C(0xD1B54A32D192ED03) + 7};
    double length = fmin(fmax(exponential(&r, 300), 10), 7200), at = 0, start = 0;
    size_t n_own = 1 + below(&r, 6), series = below(&r, N_SERIES), i;
    bool in_series = uniform(&r) < 0.3;
    struct view own[6];

    for (i = 0; i < n_own; i++) {
        make_view(&own[i], &r);
        if (in_series) {
            own[i] = w->studio[series][below(&r, N_STUDIO)];
            turn_bits(own[i].code32, 20, &r);
        }
    }
    while (at < length && n_frames < cap_frames) {
        double end = fmin(at + 1 + exponential(&r, 6), length), kind = uniform(&r);

        start = at;
        if (kind < 0.02) {
            struct view v = w->ident[below(&r, N_IDENTS)];

            turn_bits(v.code32, (unsigned)below(&r, 5), &r);
            at = shot(record, at, end, &v, true, &r);
        } else if (kind < 0.25) {
            struct view once;

            make_view(&once, &r);
            at = shot(record, at, end, &once, kind < 0.06, &r);
        } else {
            at = shot(record, at, end, &own[below(&r, n_own)], false, &r);
        }
    }
    filed_s += n_frames < cap_frames ? length : start;
}

/* --- filing --- */

/* frames, or seconds where they are 0 */
static void make_frames(const struct world *w, size_t frames, double seconds)
{
    size_t most = frames > 0 ? frames : n_frames + (size_t)((seconds - filed_s) * 1.8) + 20000;

    cap_frames = most;
    entry = realloc(entry, most * sizeof *entry);
    code = realloc(code, most * sizeof *code);
    if (entry == NULL || code == NULL)
        die("not enough memory");
    while (frames > 0 ? n_frames < frames : filed_s < seconds)
        make_record(w, n_records++);
}

/* From frame first on, in one transaction. */
static double file_frames(const char *dir, size_t first)
{
    struct bf_store *s = NULL;
    struct bf_txn *t = NULL;
    struct bf_error err;
    double start;
    enum bf_err rc;

    must(bf_store_open(&s, dir, first == 0, false, &err), &err);
    /* The map grows by itself, but it would grow under one transaction: give it room at once. */
    if (mdb_env_set_mapsize(s->env, (size_t)1 << 40) != 0)
        die("cannot set the size of the map");
    start = now_ms();
    must(bf_store_begin_write(&t, s, &err), &err);
    rc = bf_code_index_put(t, entry + first, n_frames - first, &err);
    if (rc == BF_OK)
        rc = bf_txn_commit(&t, &err);
    must(rc, &err);
    start = now_ms() - start;
    bf_store_close(&s);
    return start / 1e3;
}

/* As register does: one record a transaction. */
static void file_singly(const struct world *w, const char *dir)
{
    double ms[N_SINGLY];
    size_t before = n_frames, i;

    for (i = 0; i < N_SINGLY; i++) {
        size_t first = n_frames;

        cap_frames = n_frames + 7200 * 3;
        entry = realloc(entry, cap_frames * sizeof *entry);
        code = realloc(code, cap_frames * sizeof *code);
        if (entry == NULL || code == NULL)
            die("not enough memory");
        make_record(w, n_records++);
        ms[i] = file_frames(dir, first) * 1e3;
    }
    printf("  one more record a transaction: median %.0f ms, of %zu frames on average\n",
           quantile(ms, N_SINGLY, 0.5), (n_frames - before) / N_SINGLY);
}

/* --- the process that looks up --- */

struct looked {
    double warm_ms[N_ROUNDS], warm_p95_ms, cold_ms, cold_p95_ms, cold_pages, find_ms;
    double far_ms; /* of frames that are not on the ledger */
    long start_kb, peak_kb, peak_anon_kb;
    uint64_t n_found[N_QUERIES], sum[N_QUERIES];
    uint64_t best_record;
};

struct asked {
    uint8_t query[N_QUERIES][32];
    uint8_t suspect[N_SUSPECT][32];
};

static uint64_t mix(uint64_t record, int64_t pts_us, unsigned distance)
{
    struct random r = {record * 1000003 + (uint64_t)pts_us * 64 + distance};

    return next64(&r);
}

static long status_kb(const char *name)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    long kb = -1;

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name), NULL, 10);
    if (f != NULL)
        fclose(f);
    return kb;
}

/* Bytes that this process has had read from the disk. */
static double disk_bytes(void)
{
    char line[256];
    FILE *f = fopen("/proc/self/io", "r");
    double n = 0;

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "read_bytes:", 11) == 0)
            n = strtod(line + 11, NULL);
    if (f != NULL)
        fclose(f);
    return n;
}

static void read_all(const char *path, void *p, size_t n)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL || fread(p, 1, n, f) != n)
        die("cannot read what is asked");
    fclose(f);
}

static void write_all(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        die("cannot write");
}

static void drop_cache(const char *dir)
{
    char path[4300];
    int fd;

    snprintf(path, sizeof path, "%s/data.mdb", dir);
    fd = open(path, O_RDONLY);
    if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        die("cannot drop the cache");
    close(fd);
}

/* Each in a transaction of its own, with nothing in the store's cache or the system's. */
static void time_cold(struct looked *l, const struct asked *a, struct bf_store *s, const char *dir,
                      struct bf_code_found *found)
{
    double ms[N_COLD], before = 0, bytes = 0;
    struct bf_txn *t = NULL;
    struct bf_error err;
    size_t i, n;

    for (i = 0; i < N_COLD; i++) {
        double start;

        must(bf_store_begin_read(&t, s, &err), &err);
        bf_store_trim(s, 0);
        drop_cache(dir);
        before = disk_bytes();
        start = now_ms();
        must(bf_code_index_lookup(found, 100, &n, t, a->query[i * 10], &err), &err);
        ms[i] = now_ms() - start;
        bytes += disk_bytes() - before;
        bf_txn_abort(&t);
    }
    l->cold_pages = bytes / 4096 / N_COLD;
    l->cold_p95_ms = quantile(ms, N_COLD, 0.95);
    l->cold_ms = quantile(ms, N_COLD, 0.5);
}

static void time_warm(struct looked *l, const struct asked *a, struct bf_txn *t,
                      struct bf_code_found *found)
{
    double ms[N_QUERIES], p95[N_ROUNDS], far[N_ROUNDS];
    struct bf_error err;
    size_t i, n;
    int round;

    for (round = 0; round < N_ROUNDS; round++) {
        for (i = 0; i < N_QUERIES; i++) {
            double start = now_ms();

            must(bf_code_index_lookup(found, 100, &n, t, a->query[i], &err), &err);
            ms[i] = now_ms() - start;
        }
        far[round] = quantile(ms + N_NEAR, N_FAR, 0.5);
        p95[round] = quantile(ms, N_QUERIES, 0.95);
        l->warm_ms[round] = quantile(ms, N_QUERIES, 0.5);
    }
    l->far_ms = quantile(far, N_ROUNDS, 0.5);
    l->warm_p95_ms = quantile(p95, N_ROUNDS, 0.5);
}

/* A minute of which five frames a second are looked up, as verify does. */
static void time_find(struct looked *l, const struct asked *a, struct bf_txn *t)
{
    struct bf_frame_digest *f = calloc(1, sizeof *f);
    struct bf_trace *trace = NULL;
    struct bf_code_hit hit[16];
    double ms[N_ROUNDS];
    struct bf_error err;
    size_t i, n;

    if (f == NULL)
        die("not enough memory");
    must(bf_trace_create(&trace, BF_GRID_LONG, BF_GRID_SHORT, "/tmp", &err), &err);
    for (i = 0; i < N_SUSPECT; i++) {
        f->pts_us = (int64_t)i * 200000;
        f->contrast = 40;
        memcpy(f->code32, a->suspect[i], 32);
        must(bf_trace_add(trace, f, &err), &err);
    }
    must(bf_trace_seal(trace, (int64_t)N_SUSPECT * 200000, &err), &err);
    for (i = 0; i < N_ROUNDS; i++) {
        double start = now_ms();

        must(bf_code_index_find(hit, 16, &n, t, trace, &err), &err);
        ms[i] = now_ms() - start;
    }
    l->best_record = n > 0 ? hit[0].record : UINT64_MAX;
    l->find_ms = quantile(ms, N_ROUNDS, 0.5);
    bf_trace_free(&trace);
    free(f);
}

static int look(const char *dir, const char *asked_path, const char *looked_path)
{
    struct bf_code_found *found = calloc(100, sizeof *found), *many;
    struct looked *l = calloc(1, sizeof *l);
    struct asked *a = calloc(1, sizeof *a);
    struct bf_store *s = NULL;
    struct bf_txn *t = NULL;
    struct bf_error err;
    size_t i, k, n;

    if (found == NULL || l == NULL || a == NULL)
        die("not enough memory");
    read_all(asked_path, a, sizeof *a);
    l->start_kb = status_kb("VmHWM:");
    must(bf_store_open(&s, dir, false, true, &err), &err);
    time_cold(l, a, s, dir, found);
    must(bf_store_begin_read(&t, s, &err), &err);
    /* One round to fill the cache, then those that count. */
    time_warm(l, a, t, found);
    time_warm(l, a, t, found);
    time_find(l, a, t);
    l->peak_kb = status_kb("VmHWM:");
    l->peak_anon_kb = status_kb("RssAnon:");
    /* What was found, all of it: the rest of the room is not the lookup's. */
    many = calloc(FOUND_MAX, sizeof *many);
    if (many == NULL)
        die("not enough memory");
    for (i = 0; i < N_QUERIES; i++) {
        must(bf_code_index_lookup(many, FOUND_MAX, &n, t, a->query[i], &err), &err);
        l->n_found[i] = n;
        for (k = 0; k < n; k++)
            l->sum[i] += mix(many[k].record, many[k].pts_us, many[k].distance);
    }
    bf_txn_abort(&t);
    bf_store_close(&s);
    write_all(looked_path, l, sizeof *l);
    free(many);
    free(found);
    free(l);
    free(a);
    return 0;
}

/* --- the peer, which is the truth too --- */

#if defined(__x86_64__)
__attribute__((target("popcnt")))
#endif
static double
scan(uint64_t *n_found, uint64_t *sum, const uint8_t code32[32])
{
    double start = now_ms();
    uint64_t q[4], c[4];
    size_t i;

    memcpy(q, code32, sizeof q);
    *n_found = *sum = 0;
    for (i = 0; i < n_frames; i++) {
        unsigned d;

        memcpy(c, code[i], sizeof c);
        d = (unsigned)(__builtin_popcountll(q[0] ^ c[0]) + __builtin_popcountll(q[1] ^ c[1]) +
                       __builtin_popcountll(q[2] ^ c[2]) + __builtin_popcountll(q[3] ^ c[3]));
        if (d <= BF_CODE_INDEX_DISTANCE) {
            (*n_found)++;
            *sum += mix(entry[i].record, entry[i].pts_us, d);
        }
    }
    return now_ms() - start;
}

static void ask(struct asked *a, const struct world *w)
{
    struct random r = {99};
    size_t i, first;

    for (i = 0; i < N_NEAR; i++) {
        memcpy(a->query[i], code[below(&r, n_frames)], 32);
        turn_bits(a->query[i], (unsigned)(i % 32), &r);
    }
    /* Frames of other videos, half of them from a studio that is on the ledger. */
    for (; i < N_QUERIES; i++) {
        struct view v = w->studio[below(&r, N_SERIES)][below(&r, N_STUDIO)];

        if (i % 2)
            make_view(&v, &r);
        memcpy(a->query[i], v.code32, 32);
        wander(a->query[i], &v, &r);
        wander(a->query[i], &v, &r);
    }
    /* A minute of a record, filed frames between wandering ones, as a copy disturbs them. */
    first = n_frames / 2;
    for (i = 0; i < N_SUSPECT; i++) {
        memcpy(a->suspect[i], code[first + i / 3 < n_frames ? first + i / 3 : n_frames - 1], 32);
        turn_bits(a->suspect[i], (unsigned)(2 + i % 3 * 10), &r);
    }
}

static void run_look(const char *self, const char *dir, const char *asked_path,
                     const char *looked_path)
{
    char store[4300];
    int status;
    pid_t pid = fork();

    snprintf(store, sizeof store, "%s/ledger", dir);
    if (pid == 0) {
        execl(self, self, "--look", store, asked_path, looked_path, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        die("the process that looks up failed");
}

static void measure(FILE *tsv, const char *self, const char *dir, const struct world *w,
                    double build_s, size_t n_new)
{
    char asked_path[4300], looked_path[4300], data[4300];
    struct asked *a = calloc(1, sizeof *a);
    struct looked *l = calloc(1, sizeof *l);
    double linear[N_QUERIES], warm, hours = filed_s / 3600;
    uint64_t wanted = 0, found = 0, n, sum;
    size_t i, n_wrong = 0;
    struct stat st;

    if (a == NULL || l == NULL)
        die("not enough memory");
    snprintf(asked_path, sizeof asked_path, "%s/asked", dir);
    snprintf(looked_path, sizeof looked_path, "%s/looked", dir);
    snprintf(data, sizeof data, "%s/ledger/data.mdb", dir);
    ask(a, w);
    write_all(asked_path, a, sizeof *a);
    run_look(self, dir, asked_path, looked_path);
    read_all(looked_path, l, sizeof *l);
    for (i = 0; i < N_QUERIES; i++) {
        linear[i] = scan(&n, &sum, a->query[i]);
        wanted += n;
        found += l->n_found[i];
        n_wrong += l->n_found[i] != n || l->sum[i] != sum;
    }
    if (stat(data, &st) != 0)
        die("no data file");
    warm = quantile(l->warm_ms, N_ROUNDS, 0.5);
    printf("%8.0f h %9zu frames of %6llu records: index %6.0f MB, %4.0f bytes a frame; filed %zu "
           "in %.0f s\n",
           hours, n_frames, (unsigned long long)n_records, (double)st.st_size / 1e6,
           (double)st.st_size / (double)n_frames, n_new, build_s);
    printf("  warm  median %7.3f ms (rounds %.3f to %.3f), p95 %7.3f; frames not filed %.3f\n",
           warm, l->warm_ms[0], l->warm_ms[N_ROUNDS - 1], l->warm_p95_ms, l->far_ms);
    printf("  cold  median %7.1f ms, p95 %7.1f; %.0f KB read from the disk each\n", l->cold_ms,
           l->cold_p95_ms, l->cold_pages * 4.096);
    printf("  memory at the peak %.0f MB (VmHWM, mapped pages counted; %.0f before the ledger was "
           "opened)\n",
           (double)l->peak_kb / 1e3, (double)l->start_kb / 1e3);
    printf("  found %llu of %llu within %d bits; %zu of %d queries differ from the linear scan\n",
           (unsigned long long)found, (unsigned long long)wanted, BF_CODE_INDEX_DISTANCE, n_wrong,
           N_QUERIES);
    printf("  suspect of 60 s, %d frames looked up: %.0f ms, best record %s\n", N_SUSPECT,
           l->find_ms, l->best_record == entry[n_frames / 2].record ? "right" : "wrong");
    n = (uint64_t)n_frames;
    printf("  linear scan of the codes in memory: median %.2f ms, ratio %.1f\n",
           quantile(linear, N_QUERIES, 0.5), quantile(linear, N_QUERIES, 0.5) / warm);
    fflush(stdout);
    if (tsv != NULL) {
        fprintf(tsv,
                "%.1f\t%llu\t%llu\t%lld\t%.1f\t%.4f\t%.4f\t%.2f\t%.2f\t%.0f\t%.4f\t%llu\t%llu\t%zu"
                "\t%.1f\t%.1f\t%.1f\n",
                hours, (unsigned long long)n_records, (unsigned long long)n, (long long)st.st_size,
                (double)st.st_size / (double)n_frames, warm, l->warm_p95_ms, l->cold_ms,
                l->cold_p95_ms, l->cold_pages, quantile(linear, N_QUERIES, 0.5),
                (unsigned long long)found, (unsigned long long)wanted, n_wrong,
                (double)l->peak_kb / 1e3, l->find_ms, build_s);
        fflush(tsv);
    }
    unlink(asked_path);
    unlink(looked_path);
    free(a);
    free(l);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"1000000"};
    const char *const *sizes = argc > 3 ? (const char *const *)(argv + 3) : usual;
    size_t n_sizes = argc > 3 ? (size_t)argc - 3 : 1, i;
    struct random r = {1};
    struct world *w;
    char dir[4096], path[4200];
    FILE *tsv = NULL;

    if (argc == 5 && strcmp(argv[1], "--look") == 0)
        return look(argv[2], argv[3], argv[4]);
    w = calloc(1, sizeof *w);
    if (w == NULL || n_sizes > SIZES_MAX)
        die("not enough memory");
    if (argc > 1 && mkdir(argv[1], 0777) != 0 && errno != EEXIST)
        die(strerror(errno));
    snprintf(dir, sizeof dir, "%s/bonafide-lookup-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(dir) == NULL)
        die(strerror(errno));
    if (argc > 2) {
        tsv = fopen(argv[2], "w");
        if (tsv == NULL)
            die(strerror(errno));
        fprintf(tsv, "hours\trecords\tframes\tindex_bytes\tbytes_a_frame\twarm_ms\twarm_p95_ms\t"
                     "cold_ms\tcold_p95_ms\tcold_pages\tlinear_ms\tfound\twanted\twrong_queries\t"
                     "peak_mb\tfind_60s_ms\tfiling_s\n");
    }
    for (i = 0; i < N_SERIES * N_STUDIO; i++)
        make_view(&w->studio[i / N_STUDIO][i % N_STUDIO], &r);
    for (i = 0; i < N_IDENTS; i++)
        make_view(&w->ident[i], &r);
    snprintf(path, sizeof path, "%s/ledger", dir);
    for (i = 0; i < n_sizes; i++) {
        char *end;
        double size = strtod(sizes[i], &end);
        size_t first = n_frames;
        double build_s;

        make_frames(w, *end == 'h' ? 0 : (size_t)size, size * 3600);
        build_s = file_frames(path, first);
        measure(tsv, "/proc/self/exe", dir, w, build_s, n_frames - first);
    }
    file_singly(w, path);
    if (tsv != NULL)
        fclose(tsv);
    snprintf(path, sizeof path, "%s/ledger/data.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger/lock.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger", dir);
    rmdir(path);
    rmdir(dir);
    free(entry);
    free(code);
    free(w);
    return 0;
}
