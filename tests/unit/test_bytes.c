#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/bytes.h"

static void round_trip(void **state)
{
    static const uint64_t u[] = {0,         1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX - 1,
                                 UINT64_MAX};
    static const int64_t s[] = {0, -1, 1, -64, 63, 64, INT64_MIN, INT64_MAX};
    struct bf_buf b = {0};
    struct bf_reader r;
    size_t i;

    (void)state;
    bf_buf_put_u8(&b, 7);
    bf_buf_put_be16(&b, 0x1234);
    bf_buf_put_be32(&b, 0xdeadbeef);
    bf_buf_put_be64(&b, UINT64_C(0x0123456789abcdef));
    for (i = 0; i < sizeof u / sizeof u[0]; i++)
        bf_buf_put_varint(&b, u[i]);
    for (i = 0; i < sizeof s / sizeof s[0]; i++)
        bf_buf_put_svarint(&b, s[i]);
    assert_true(bf_buf_printf(&b, "%s-%d", "x", 5));
    assert_false(b.failed);
    assert_memory_equal(b.data, "\x07\x12\x34\xde\xad\xbe\xef\x01\x23\x45\x67\x89\xab\xcd\xef", 15);
    bf_reader_init(&r, b.data, b.len);
    assert_int_equal(bf_read_u8(&r), 7);
    assert_int_equal(bf_read_be16(&r), 0x1234);
    assert_int_equal(bf_read_be32(&r), 0xdeadbeef);
    assert_true(bf_read_be64(&r) == UINT64_C(0x0123456789abcdef));
    for (i = 0; i < sizeof u / sizeof u[0]; i++)
        assert_true(bf_read_varint(&r) == u[i]);
    for (i = 0; i < sizeof s / sizeof s[0]; i++)
        assert_true(bf_read_svarint(&r) == s[i]);
    assert_false(bf_reader_done(&r));
    assert_memory_equal(bf_read_bytes(&r, 3), "x-5", 3);
    assert_true(bf_reader_done(&r));
    bf_buf_release(&b);
}

static void wrong_varints(void **state)
{
    static const struct {
        const char *p;
        size_t n;
    } rows[] = {
        {"", 0},
        {"\x80", 1},
        {"\x80\x00", 2},                                  /* padded */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* 65 bits */
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11},
    };
    struct bf_reader r;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bf_reader_init(&r, rows[i].p, rows[i].n);
        bf_read_varint(&r);
        assert_true(r.failed);
    }
}

/* Once failed, always failed. */
static void sticky(void **state)
{
    struct bf_reader r;

    (void)state;
    bf_reader_init(&r, "abcd", 4);
    assert_null(bf_read_bytes(&r, 5));
    assert_null(bf_read_bytes(&r, 1));
    assert_int_equal(bf_read_be32(&r), 0);
    assert_false(bf_reader_done(&r));
    bf_reader_init(&r, "abcd", 4);
    assert_null(bf_read_bytes(&r, SIZE_MAX));
    bf_reader_init(&r, NULL, 0);
    assert_true(bf_reader_done(&r));
    assert_int_equal(bf_read_u8(&r), 0);
    assert_true(r.failed);
}

static void growing(void **state)
{
    struct bf_buf b = {0};
    size_t i;

    (void)state;
    for (i = 0; i < 100000; i++)
        assert_true(bf_buf_put_u8(&b, (uint8_t)i));
    for (i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], (uint8_t)i);
    assert_false(bf_buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    assert_false(bf_buf_append(&b, "x", 1));
    bf_buf_release(&b);
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(wrong_varints),
        cmocka_unit_test(sticky),
        cmocka_unit_test(growing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
