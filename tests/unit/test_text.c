#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/text.h"

static void escape(void **state)
{
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } rows[] = {
        {"plain", 5, "plain"},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", 10, "caf\xc3\xa9 \xf0\x9f\x98\x80"},
        {"a\x1b[31mb", 7, "a\\x1b[31mb"},
        {"a\nb\0c", 5, "a\\x0ab\\x00c"},
        {"\x7f", 1, "\\x7f"},
        {"\xc2\x9b", 2, "\\xc2\\x9b"},          /* C1: a control sequence on old terminals */
        {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"}, /* right-to-left override */
        {"\xff\xfe", 2, "\\xff\\xfe"},
        {"\xc0\xaf", 2, "\\xc0\\xaf"},          /* overlong */
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"}, /* surrogate */
    };
    char out[64];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bf_text_escape(out, sizeof out, rows[i].in, rows[i].n);
        assert_string_equal(out, rows[i].out);
    }
    bf_text_escape(out, 4, "abcdef", 6);
    assert_string_equal(out, "abc");
    /* an escape is there whole or not at all */
    bf_text_escape(out, 4, "\n\n", 2);
    assert_string_equal(out, "");
}

static void utf8(void **state)
{
    (void)state;
    assert_true(bf_text_is_utf8("", 0));
    assert_true(bf_text_is_utf8("\xf4\x8f\xbf\xbf", 4));
    assert_false(bf_text_is_utf8("\xf4\x90\x80\x80", 4));
    assert_false(bf_text_is_utf8("\xc3", 1));
    assert_false(bf_text_is_utf8("\xe2\x82", 2));
    assert_false(bf_text_is_utf8("\xe0\x80\x80", 3));
    assert_true(bf_text_has_control("a\tb", 3));
    assert_true(bf_text_has_control("\xc2\x85", 2));
    assert_false(bf_text_has_control("a b", 3));
}

static void hex(void **state)
{
    uint8_t p[3];
    char out[7];

    (void)state;
    assert_true(bf_hex_parse(p, 3, "00ff7a", 6));
    assert_false(bf_hex_parse(p, 3, "00fF7a", 6));
    bf_hex_format(out, p, 3);
    assert_string_equal(out, "00ff7a");
    assert_false(bf_hex_parse(p, 3, "00ff7", 5));
    assert_false(bf_hex_parse(p, 3, "00ff7g", 6));
    assert_false(bf_hex_parse(p, 3, "00ff7a0", 7));
}

/* RFC 4648 section 10 */
static void base64(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    static const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm-_", "=Zg=", "Zg==Zg=="};
    uint8_t back[16];
    char out[16];
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bf_base64_size(strlen(rows[i][0])), strlen(rows[i][1]) + 1);
        bf_base64_format(out, (const uint8_t *)rows[i][0], strlen(rows[i][0]));
        assert_string_equal(out, rows[i][1]);
        assert_true(bf_base64_parse(back, sizeof back, &n, out, strlen(out)));
        assert_int_equal(n, strlen(rows[i][0]));
        assert_memory_equal(back, rows[i][0], n);
    }
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(bf_base64_parse(back, sizeof back, &n, wrong[i], strlen(wrong[i])));
    assert_false(bf_base64_parse(back, 5, &n, "Zm9vYmFy", 8));
    assert_true(bf_base64_parse(back, 6, &n, "Zm9vYmFy", 8));
}

static void u64(void **state)
{
    static const char *const wrong[] = {"",
                                        "00",
                                        "01",
                                        "+1",
                                        "-1",
                                        " 1",
                                        "1 ",
                                        "1a",
                                        "18446744073709551616",
                                        "99999999999999999999",
                                        "100000000000000000000"};
    uint64_t v;
    size_t i;

    (void)state;
    assert_true(bf_u64_parse(&v, UINT64_MAX, "0", 1));
    assert_true(v == 0);
    assert_true(bf_u64_parse(&v, UINT64_MAX, "18446744073709551615", 20));
    assert_true(v == UINT64_MAX);
    assert_false(bf_u64_parse(&v, 99, "100", 3));
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(bf_u64_parse(&v, UINT64_MAX, wrong[i], strlen(wrong[i])));
}

static void times(void **state)
{
    char out[32];

    (void)state;
    bf_time_format(out, 1767323045);
    assert_string_equal(out, "2026-01-02T03:04:05Z");
    bf_time_format(out, 0);
    assert_string_equal(out, "1970-01-01T00:00:00Z");
    bf_time_format(out, -1);
    assert_string_equal(out, "@-1");
    bf_time_format(out, INT64_MAX);
    assert_string_equal(out, "@9223372036854775807");
    bf_duration_format(out, 3723456000);
    assert_string_equal(out, "1:02:03.456");
    bf_duration_format(out, 123456000);
    assert_string_equal(out, "2:03.456");
    bf_duration_format(out, INT64_MAX);
    bf_duration_format(out, INT64_MIN);
    bf_size_format(out, 0);
    assert_string_equal(out, "0 B");
    bf_size_format(out, 3400000);
    assert_string_equal(out, "3.4 MB");
    bf_size_format(out, 999999);
    assert_string_equal(out, "1.0 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape), cmocka_unit_test(utf8), cmocka_unit_test(hex),
        cmocka_unit_test(base64), cmocka_unit_test(u64),  cmocka_unit_test(times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
