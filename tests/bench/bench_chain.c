/*
 * bench_chain - signed durable records a second, and what an offline proof costs at a million
 * records
 *
 * The first table compares each batch with writing as many bytes to a plain file and waiting for
 * the disk (fdatasync), in the same folder and the same run: the ratio says what signing, hashing
 * and the tables cost on top. usage: bench_chain [DIR]
 */
#include <fcntl.h>
#include <unistd.h>

#include "ledger/chain/ledger.h"
#include "lib/base/hash.h"

#define TREE_SIZE 1000000
#define ROUND_MS 2000.0

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(const struct bf_error *err)
{
    fprintf(stderr, "bench_chain: %s\n", err->text);
    exit(2);
}

static void number_hash(uint8_t hash32[32], const char *what, uint64_t n)
{
    char text[64];

    snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)n);
    bf_sha256(hash32, text, strlen(text));
}

static void make_record(struct bf_record *r, uint64_t n)
{
    *r = (struct bf_record){
        .kind = BF_RECORD_AUTHENTIC,
        .file_size = 52428800,
        .time_base_num = 1,
        .time_base_den = 90000,
        .n_frames = 5400,
        .duration_us = 180000000,
        .width = 1920,
        .height = 1080,
        .claimed_unix_s = 1767323045,
    };
    number_hash(r->file32, "file", n);
    number_hash(r->stream32, "stream", n);
    number_hash(r->frames32, "frames", n);
    number_hash(r->digest32, "digest", n);
    snprintf(r->title, sizeof r->title, "2026-01-02 press conference, camera %llu.mp4",
             (unsigned long long)n);
}

/* Commits of n_bytes a second to a plain file. */
static double plain_file(const char *dir, size_t n_bytes)
{
    uint8_t *p = calloc(1, n_bytes);
    double start, end;
    char path[4200];
    unsigned n = 0;
    int fd;

    snprintf(path, sizeof path, "%s/plain", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (p == NULL || fd < 0) {
        perror("bench_chain");
        exit(2);
    }
    start = now_ms();
    do {
        if (write(fd, p, n_bytes) != (ssize_t)n_bytes || fdatasync(fd) != 0) {
            perror("bench_chain");
            exit(2);
        }
        n++;
        end = now_ms();
    } while (end - start < ROUND_MS / 2);
    close(fd);
    unlink(path);
    free(p);
    return n / (end - start) * 1e3;
}

static void append_rounds(struct bf_ledger *l, const char *dir, const struct bf_key *key,
                          size_t batch, uint64_t *next)
{
    struct bf_record *r = calloc(batch, sizeof *r);
    struct bf_appended *done = calloc(batch, sizeof *done);
    double start, end, used = 0, commits, plain;
    struct bf_error err;
    unsigned n = 0;
    size_t i;

    if (r == NULL || done == NULL)
        exit(2);
    do {
        for (i = 0; i < batch; i++)
            make_record(&r[i], (*next)++);
        start = now_ms();
        if (bf_ledger_append(l, done, r, batch, key, NULL, NULL, &err) != BF_OK)
            fail(&err);
        end = now_ms();
        used += end - start;
        n++;
    } while (used < ROUND_MS);
    commits = n / used * 1e3;
    plain = plain_file(dir, batch * 400);
    printf("append in batches of %4zu: %8.0f records/s, %7.1f commits/s; a plain file's fdatasync "
           "%7.1f/s, ratio %.2f\n",
           batch, commits * (double)batch, commits, plain, plain / commits);
    free(r);
    free(done);
}

static uint8_t (*node)[32]; /* level after level */
static size_t level_at[32];

static enum bf_err get_node(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                            struct bf_error *err)
{
    (void)ctx, (void)err;
    memcpy(hash32, node[level_at[level] + i], 32);
    return BF_OK;
}

static enum bf_err put_node(void *ctx, unsigned level, uint64_t i, const uint8_t hash32[32])
{
    (void)ctx;
    memcpy(node[level_at[level] + i], hash32, 32);
    return BF_OK;
}

static void million(const struct bf_key *key)
{
    const struct bf_merkle_source src = {get_node, NULL};
    const uint64_t index = 777777;
    uint8_t path[BF_MERKLE_PATH_MAX][32], root[32], leaf[32];
    struct bf_buf record = {0}, note = {0}, proof = {0};
    struct bf_trust trust = {0};
    struct bf_merkle m = {0};
    struct bf_error err;
    struct bf_record r;
    double start, ms;
    size_t n_path, at = 0;
    unsigned level;
    uint64_t i;
    enum { ROUNDS = 2000 };

    for (level = 0; level < 32; level++) {
        level_at[level] = at;
        at += (TREE_SIZE >> level) + 1;
    }
    node = calloc(at, 32);
    if (node == NULL)
        exit(2);
    make_record(&r, index);
    r.index = index;
    number_hash(r.prev32, "leaf", index - 1);
    if (bf_record_encode(&record, &r, key, &err) != BF_OK)
        fail(&err);
    for (i = 0; i < TREE_SIZE; i++) {
        number_hash(leaf, "leaf", i);
        if (i == index)
            bf_record_hash(leaf, record.data, record.len);
        bf_merkle_append(&m, leaf, put_node, NULL);
    }
    bf_merkle_root(root, &m);
    if (bf_checkpoint_encode(&note, "bonafide-ledger/0123456789abcdef", TREE_SIZE, root, key,
                             &err) != BF_OK ||
        bf_merkle_prove(path, &n_path, index, TREE_SIZE, &src, &err) != BF_OK ||
        bf_proof_encode(&proof, record.data, record.len, index, (const uint8_t(*)[32])path, n_path,
                        note.data, note.len, &err) != BF_OK ||
        bf_trust_add(&trust, key->public33, key->name, &err) != BF_OK)
        fail(&err);
    start = now_ms();
    for (i = 0; i < ROUNDS; i++)
        if (bf_proof_check(&r, NULL, proof.data, proof.len, &trust, &err) != BF_PROOF_VALID)
            fail(&err);
    ms = now_ms() - start;
    printf("proof at %d records: %zu bytes (record %zu, path of %zu), checked offline in %.0f us\n",
           TREE_SIZE, proof.len, record.len, n_path, ms * 1e3 / ROUNDS);
    bf_buf_release(&record);
    bf_buf_release(&note);
    bf_buf_release(&proof);
    bf_trust_release(&trust);
    free(node);
}

int main(int argc, char **argv)
{
    static const size_t batches[] = {1, 100, 1000};
    char dir[4096], path[4200];
    struct bf_ledger *l = NULL;
    struct bf_error err;
    struct bf_key key;
    uint64_t next = 0;
    size_t i;

    snprintf(dir, sizeof dir, "%s/bonafide-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(dir) == NULL) {
        perror("bench_chain");
        return 2;
    }
    snprintf(path, sizeof path, "%s/ledger", dir);
    if (bf_key_generate(&key, "Example Newsroom", &err) != BF_OK ||
        bf_ledger_init(path, NULL, &err) != BF_OK || bf_ledger_open(&l, path, false, &err) != BF_OK)
        fail(&err);
    for (i = 0; i < sizeof batches / sizeof batches[0]; i++)
        append_rounds(l, dir, &key, batches[i], &next);
    bf_ledger_close(&l);
    million(&key);
    bf_key_release(&key);
    snprintf(path, sizeof path, "%s/ledger/data.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger/lock.mdb", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/ledger", dir);
    rmdir(path);
    rmdir(dir);
    return 0;
}
