/*
 * chain_fixture.h - keys, records and ledgers for the tests of the chain
 */
#ifndef BF_CHAIN_FIXTURE_H
#define BF_CHAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/chain/ledger.h"
#include "lib/base/hash.h"

#define FIXTURE_TIME 1767323045 /* 2026-01-02T03:04:05Z */
#define FIXTURE_ORIGIN "example.org/ledger"

/* Fails the test with the sentence where the call did not give BF_OK. err is in scope. */
#define OK(call)                                 \
    do {                                         \
        if ((call) != BF_OK)                     \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

/* The key whose secret is the bytes n, n + 1, ... n + 31. */
static inline void fixture_key(struct bf_key *key, uint8_t n, const char *name)
{
    uint8_t secret[32];
    struct bf_error err;
    size_t i;

    for (i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(n + i);
    OK(bf_key_from_secret(key, secret, name, &err));
}

static inline void fixture_hash32(uint8_t hash32[32], const char *what, uint64_t n)
{
    char text[64];

    snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)n);
    bf_sha256(hash32, text, strlen(text));
}

/* What register would say of video n. */
static inline void fixture_record(struct bf_record *r, uint64_t n)
{
    *r = (struct bf_record){
        .kind = BF_RECORD_AUTHENTIC,
        .file_size = 1000000 + n,
        .time_base_num = 1,
        .time_base_den = 12800,
        .n_frames = 750 + n,
        .duration_us = 30000000,
        .width = 1920,
        .height = 1080,
        .claimed_unix_s = FIXTURE_TIME + (int64_t)n,
    };
    fixture_hash32(r->file32, "file", n);
    fixture_hash32(r->stream32, "stream", n);
    fixture_hash32(r->frames32, "frames", n);
    fixture_hash32(r->digest32, "digest", n);
    snprintf(r->title, sizeof r->title, "Interview, part %llu", (unsigned long long)n);
}

/* What a generator would say of it. */
static inline void fixture_synthetic(struct bf_record *r, size_t n_subjects)
{
    size_t i;

    r->kind = BF_RECORD_SYNTHETIC;
    snprintf(r->method, sizeof r->method, "swap");
    r->n_subjects = n_subjects;
    for (i = 0; i < n_subjects; i++) {
        fixture_hash32(r->subjects32[i], "subject", i);
        r->subjects32[i][0] = (uint8_t)(16 * i);
    }
}

static inline void fixture_dir(char out[64])
{
    snprintf(out, 64, "/tmp/bonafide-test-XXXXXX");
    assert_non_null(mkdtemp(out));
}

/* Files in dir, and dir; no folders below it but one level. */
static inline void fixture_remove(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[512];

    if (d == NULL)
        return;
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= sizeof path)
            continue;
        if (unlink(path) != 0)
            fixture_remove(path);
    }
    closedir(d);
    rmdir(dir);
}

/* Append records [from, from + n) in batches. */
static inline void fixture_append(struct bf_ledger *l, uint64_t from, uint64_t n, size_t batch,
                                  const struct bf_key *key)
{
    struct bf_record *r = calloc(batch, sizeof *r);
    struct bf_appended *done = calloc(batch, sizeof *done);
    struct bf_error err;
    uint64_t i, k;

    assert_true(r != NULL && done != NULL);
    for (i = 0; i < n; i += k) {
        for (k = 0; k < batch && i + k < n; k++)
            fixture_record(&r[k], from + i + k);
        OK(bf_ledger_append(l, done, r, (size_t)k, key, NULL, NULL, &err));
    }
    free(r);
    free(done);
}

static inline void fixture_ledger(struct bf_ledger **l, char dir[64], uint64_t n, size_t batch,
                                  const struct bf_key *key)
{
    struct bf_error err;

    fixture_dir(dir);
    OK(bf_ledger_init(dir, FIXTURE_ORIGIN, &err));
    OK(bf_ledger_open(l, dir, false, &err));
    fixture_append(*l, 0, n, batch, key);
}

#endif
