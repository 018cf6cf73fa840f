/* Files of chips: what is read, what is left out, and what is refused. */
#include "tests/unit/chip_fixture.h"

static char path[] = "/tmp/bonafide-test-chips-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void out_and_in(void **state)
{
    struct bf_chip_record *r = calloc(6, sizeof *r);
    struct bf_chip_set s;

    (void)state;
    assert_non_null(r);
    fixture_chips(r, "rpbrrp");
    fixture_chip_file(path, r, 6);
    assert_int_equal(bf_chip_set_open(&s, path, NULL, NULL), BF_OK);
    assert_int_equal(s.n, 6);
    assert_memory_equal(s.record, r, 6 * sizeof *r);
    assert_int_equal((uintptr_t)s.record % _Alignof(struct bf_chip_record), 0);
    bf_chip_set_close(&s);
    assert_null(s.record);
    bf_chip_set_close(&s);
    free(r);
}

static void leaves_out(void **state)
{
    static const struct {
        const char *families, *left_out;
        size_t n_real;
        uint32_t real[3];
        size_t fakes[3];
    } row[] = {
        {"rpbrrp", NULL, 2, {0, 4}, {2, 1}},
        {"rpbrrp", "paste", 1, {0}, {1}},
        {"rpbrrp", "blend", 2, {0, 4}, {1, 1}},
        {"rpbrrp", "", 2, {0, 4}, {2, 1}},
        {"rpbrrp", "past", 2, {0, 4}, {2, 1}},
        {"rpp", "paste", 0, {0}, {0}},
        {"rrr", NULL, 0, {0}, {0}},
        {"rprbrpb", "real", 3, {0, 2, 4}, {1, 1, 2}},
        {"rprbrpb", "blend", 2, {0, 4}, {1, 1, 0}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_chip_set s;

        fixture_chip_set(path, row[i].families);
        assert_int_equal(bf_chip_set_open(&s, path, row[i].left_out, NULL), BF_OK);
        assert_int_equal(s.n, strlen(row[i].families));
        assert_int_equal(s.n_real, row[i].n_real);
        for (k = 0; k < s.n_real; k++) {
            assert_int_equal(s.real[k], row[i].real[k]);
            assert_int_equal(bf_chip_set_fakes(&s, s.real[k], row[i].left_out), row[i].fakes[k]);
        }
        bf_chip_set_close(&s);
    }
}

static void refused(const char *what, size_t n)
{
    struct bf_chip_set s;
    struct bf_error err = {0};

    if (bf_chip_set_open(&s, path, NULL, &err) != BF_ERR_FORMAT)
        fail_msg("%s %zu was not refused", what, n);
    assert_non_null(strstr(err.text, path));
    assert_null(s.map);
    assert_null(s.real);
}

static void spoil_fake_first(struct bf_chip_record *r)
{
    r[0].fake = 1;
}

static void spoil_group(struct bf_chip_record *r)
{
    r[1].group = 1;
}

static void spoil_own_group(struct bf_chip_record *r)
{
    r[2].group = 0;
}

static void spoil_group_ahead(struct bf_chip_record *r)
{
    r[0].group = r[1].group = 4000000000u;
}

static void spoil_family(struct bf_chip_record *r)
{
    memset(r[3].family, 'x', sizeof r[3].family);
}

static void spoil_word(struct bf_chip_record *r)
{
    memcpy(r[1].family, "a\033[2J", 6);
}

static void spoil_kind(struct bf_chip_record *r)
{
    r[1].fake = 2;
}

static void spoil_still(struct bf_chip_record *r)
{
    r[2].still = 9;
}

static void hostile_files_refused(void **state)
{
    static void (*const spoil[])(struct bf_chip_record *) = {
        spoil_fake_first, spoil_group, spoil_own_group, spoil_group_ahead,
        spoil_family,     spoil_word,  spoil_kind,      spoil_still};
    static const off_t sizes[] = {1, 7, 8, 9, 8 + 308831, 8 + 308833, 8 + 2 * 308832 - 1, 308832};
    struct bf_chip_record *r = calloc(4, sizeof *r);
    struct bf_chip_set s;
    size_t i;
    FILE *f;

    (void)state;
    assert_non_null(r);
    assert_int_equal(sizeof *r, 308832);
    for (i = 0; i < sizeof spoil / sizeof *spoil; i++) {
        fixture_chips(r, "rprp");
        spoil[i](r);
        fixture_chip_file(path, r, 4);
        refused("spoilt file", i);
    }
    fixture_chips(r, "rprp");
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fixture_chip_file(path, r, 4);
        assert_int_equal(truncate(path, sizes[i]), 0);
        refused("file of another size", i);
    }
    fixture_chip_file(path, r, 4);
    f = fopen(path, "r+b");
    assert_non_null(f);
    fputc('X', f);
    fclose(f);
    refused("another name", 0);
    fixture_chip_file(path, r, 0);
    refused("empty set", 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_not_equal(bf_chip_set_open(&s, path, NULL, NULL), BF_OK);
    assert_int_not_equal(bf_chip_set_open(&s, "/tmp", NULL, NULL), BF_OK);
    assert_int_equal(bf_chip_set_open(&s, "/nowhere/at/all", NULL, NULL), BF_ERR_IO);
    free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in),
        cmocka_unit_test(leaves_out),
        cmocka_unit_test(hostile_files_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
