/*
 * Keys leave no copy behind, whatever becomes of an operation on them: the process's own memory is
 * searched for the secret. And under valgrind nothing branches on a secret.
 */
#include "tests/unit/chain_fixture.h"

#include "lib/base/text.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_COUNT_ERRORS 0u
#endif

#define MASK 0x5a
#define PASSPHRASE_SIZE 20

/* What is looked for, under a mask so that it is not found here. */
static uint8_t masked_secret[32], masked_number[32], masked_text[20], masked_pass[PASSPHRASE_SIZE];

static uint8_t secret_byte(size_t i)
{
    return (uint8_t)(37 * i * i + 11 * i + 5);
}

static char pass_char(size_t i)
{
    return (char)('a' + (7 * i + 3) % 26);
}

static bool is_at(const uint8_t *p, const uint8_t *masked, size_t n)
{
    size_t i;

    for (i = 0; i < n && (p[i] ^ MASK) == masked[i]; i++)
        ;
    return i == n;
}

static size_t count_in(const uint8_t *p, size_t size)
{
    size_t i, n = 0;

    for (i = 0; i + 32 <= size; i++) {
        n += is_at(p + i, masked_secret, sizeof masked_secret);
        n += is_at(p + i, masked_number, sizeof masked_number);
        n += is_at(p + i, masked_text, sizeof masked_text);
        n += is_at(p + i, masked_pass, sizeof masked_pass);
    }
    return n;
}

#ifdef __SANITIZE_ADDRESS__
#define SANITISED 1
#else
#define SANITISED 0
#endif

/* Copies of the secret, as bytes and as libsecp256k1's number, of its base64 and of the passphrase
 * in all memory that can be written: heap, data, stack and what calls have left below it. */
static size_t copies(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[512], mode[8];
    unsigned long from, to;
    size_t n = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && strncmp(mode, "rw", 2) == 0 &&
            strstr(line, "[v") == NULL)
            n += count_in((const uint8_t *)from, to - from);
    fclose(f);
    return n;
}

static void make_pass(char pass[PASSPHRASE_SIZE])
{
    volatile size_t i;

    for (i = 0; i < PASSPHRASE_SIZE; i++)
        pass[i] = pass_char(i);
}

/* Byte by byte, lest the compiler's own wide temporaries stay on the stack. */
static void make_key(struct bf_key *key)
{
    uint8_t secret[32];
    struct bf_error err;
    volatile size_t i;

    for (i = 0; i < sizeof secret; i++)
        secret[i] = secret_byte(i);
    OK(bf_key_from_secret(key, secret, "Example Newsroom", &err));
    explicit_bzero(secret, sizeof secret);
}

/* The base64 of the secret as a bare key file has it, from a multiple of three bytes on. */
static int setup(void **state)
{
    char text[64], pass[PASSPHRASE_SIZE];
    uint8_t secret[32];
    volatile size_t i;

    (void)state;
    for (i = 0; i < sizeof secret; i++)
        secret[i] = secret_byte(i);
    for (i = 0; i < sizeof secret; i++)
        masked_secret[i] = masked_number[sizeof secret - 1 - i] = secret[i] ^ MASK;
    /* The secret stands from byte 33 on, which a line of 48 cuts at its 15th. */
    bf_base64_format(text, secret + 15, 17);
    for (i = 0; i < sizeof masked_text; i++)
        masked_text[i] = (uint8_t)text[i] ^ MASK;
    make_pass(pass);
    for (i = 0; i < sizeof pass; i++)
        masked_pass[i] = (uint8_t)pass[i] ^ MASK;
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(text, sizeof text);
    explicit_bzero(pass, sizeof pass);
    return 0;
}

static void clear(struct bf_buf *b)
{
    explicit_bzero(b->data, b->cap);
    bf_buf_release(b);
}

static void search_finds(void **state)
{
    struct bf_key key;
    char pass[PASSPHRASE_SIZE];

    (void)state;
    assert_int_equal(copies(), 0);
    make_key(&key);
    assert_true(copies() >= 1);
    bf_key_release(&key);
    assert_int_equal(copies(), 0);
    make_pass(pass);
    assert_true(copies() >= 1);
    explicit_bzero(pass, sizeof pass);
    assert_int_equal(copies(), 0);
}

static void signing(void **state)
{
    struct bf_buf record = {0}, note = {0};
    struct bf_record r;
    struct bf_error err;
    struct bf_key key;
    uint8_t root[32] = {1};

    (void)state;
    make_key(&key);
    fixture_record(&r, 0);
    OK(bf_record_encode(&record, &r, &key, &err));
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, 1, root, &key, &err));
    bf_key_release(&key);
    assert_int_equal(copies(), 0);
    bf_buf_release(&record);
    bf_buf_release(&note);
}

/* Written and read back; with the wrong passphrase; from a file that is damaged at byte at. */
static void file_cycle(bool encrypted, bool wrong, size_t at)
{
    char pass[PASSPHRASE_SIZE];
    struct bf_buf pem = {0};
    struct bf_error err;
    struct bf_key key, back;
    enum bf_err rc;

    make_key(&key);
    make_pass(pass);
    OK(bf_key_encode(&pem, &key, encrypted ? pass : NULL, sizeof pass, &err));
    bf_key_release(&key);
    if (wrong)
        pass[0]++;
    if (at > 0)
        pem.data[at < pem.len ? at : pem.len - 40] ^= 1;
    rc = bf_key_decode(&back, pem.data, pem.len, encrypted ? pass : NULL, sizeof pass, "k", &err);
    if (!wrong && at == 0)
        assert_int_equal(rc, BF_OK);
    if (wrong)
        assert_int_equal(rc, BF_ERR_AUTH);
    bf_key_release(&back);
    explicit_bzero(pass, sizeof pass);
    clear(&pem);
    assert_int_equal(copies(), 0);
}

static void files(void **state)
{
    size_t at;

    (void)state;
    file_cycle(false, false, 0);
    file_cycle(true, false, 0);
    file_cycle(true, true, 0);
    /* the header, the algorithm, the secret, the public key, the name, the end */
    for (at = 3; at < 400; at += 23)
        file_cycle(false, false, at);
    file_cycle(true, false, 40);
    file_cycle(true, false, 300);
}

/* A block that is longer than any key: what was gathered of it goes too. */
static void too_long(void **state)
{
    struct bf_buf pem = {0}, text = {0};
    struct bf_error err;
    struct bf_key key, back;
    size_t i;

    (void)state;
    make_key(&key);
    OK(bf_key_encode(&pem, &key, NULL, 0, &err));
    bf_key_release(&key);
    assert_true(bf_buf_reserve(&text, 4 * BF_KEY_FILE_MAX));
    bf_buf_append(&text, pem.data, pem.len - strlen("-----END PRIVATE KEY-----\n"));
    for (i = 0; i < BF_KEY_FILE_MAX; i++)
        bf_buf_put_u8(&text, 'A');
    bf_buf_printf(&text, "\n-----END PRIVATE KEY-----\n");
    assert_int_equal(bf_key_decode(&back, text.data, text.len, NULL, 0, "k", &err), BF_ERR_FORMAT);
    clear(&pem);
    clear(&text);
    assert_int_equal(copies(), 0);
}

/*
 * After A. Langley's ctgrind: the secret is said to be undefined, and memcheck complains where a
 * branch or an address depends on it. What libsecp256k1 says of its own inside (a nonce was valid,
 * signing worked) is no secret; tests/valgrind.supp leaves that out.
 */
static void nothing_branches(void **state)
{
    struct bf_buf record = {0};
    struct bf_record r;
    struct bf_error err;
    struct bf_key key;
    uint8_t sig[64];
    unsigned before;

    (void)state;
    make_key(&key);
    fixture_record(&r, 0);
    before = VALGRIND_COUNT_ERRORS;
    VALGRIND_MAKE_MEM_UNDEFINED(key.secret32, sizeof key.secret32);
    assert_int_equal(bf_sign(sig, &key, "message", 7, &err), BF_OK);
    VALGRIND_MAKE_MEM_DEFINED(sig, sizeof sig);
    assert_true(bf_sign_check(sig, key.public33, "message", 7));
    assert_int_equal(bf_record_encode(&record, &r, &key, &err), BF_OK);
    VALGRIND_MAKE_MEM_DEFINED(record.data, record.len);
    assert_true(bf_record_check(record.data, record.len));
    bf_key_release(&key);
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
    bf_buf_release(&record);
}

int main(void)
{
    const struct CMUnitTest searches[] = {
        cmocka_unit_test(search_finds),
        cmocka_unit_test(signing),
        cmocka_unit_test(files),
        cmocka_unit_test(too_long),
    };
    const struct CMUnitTest flow[] = {cmocka_unit_test(nothing_branches)};

    /* valgrind and the address sanitiser keep shadows of all memory, and what is freed: hours to
     * search, and not the program's. */
    return RUNNING_ON_VALGRIND || SANITISED ? cmocka_run_group_tests(flow, NULL, NULL)
                                            : cmocka_run_group_tests(searches, setup, NULL);
}
