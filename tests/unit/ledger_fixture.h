/*
 * ledger_fixture.h - a ledger in a temporary folder, made before each test and removed after it
 */
#ifndef BF_LEDGER_FIXTURE_H
#define BF_LEDGER_FIXTURE_H

#include "tests/unit/chain_fixture.h"

#include "ledger/chain/ledger_impl.h"

static struct bf_key key, other;
static struct bf_ledger *l;
static char dir[64];

static inline int keys(void **state)
{
    (void)state;
    fixture_key(&key, 1, "Example Newsroom");
    fixture_key(&other, 60, "Other");
    return 0;
}

static inline int make_some(void **state)
{
    (void)state;
    fixture_ledger(&l, dir, 20, 7, &key);
    return 0;
}

static inline int unmake(void **state)
{
    (void)state;
    bf_ledger_close(&l);
    fixture_remove(dir);
    return 0;
}

static inline bool check_blob(const uint8_t digest32[32], const void *p, size_t n)
{
    uint8_t hash[32];

    bf_sha256(hash, p, n);
    return memcmp(hash, digest32, 32) == 0;
}

static inline void audit(struct bf_audit *a)
{
    struct bf_error err;

    OK(bf_ledger_audit(a, l, check_blob, NULL, &err));
}

static inline void assert_clean(uint64_t n)
{
    struct bf_audit a;

    audit(&a);
    if (!a.clean)
        fail_msg("not clean: %s", a.why.text);
    assert_true(a.n_records == n);
}

#endif
