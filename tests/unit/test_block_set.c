/* Landmarks over time, gathered, written and read; what is refused. */
#include "tests/unit/block_fixture.h"

static char path[] = "/tmp/bonafide-test-blocks-XXXXXX";

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
    static const size_t n[] = {0, 1, 2, 9};
    struct bf_block_set s, got;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof n / sizeof *n; i++) {
        fixture_blocks(&s, 3, n[i]);
        assert_int_equal(s.n, n[i]);
        assert_int_equal(bf_block_set_write(&s, path, 0, NULL), BF_ERR_EXISTS);
        assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
        assert_int_equal(bf_block_set_read(&got, path, NULL), BF_OK);
        assert_int_equal(got.n, n[i]);
        if (n[i] > 0)
            assert_memory_equal(got.block, s.block, n[i] * sizeof *s.block);
        bf_block_set_release(&got);
        bf_block_set_release(&s);
        assert_null(s.block);
    }
}

/* All blocks of a video, of whom it is and what it is. */
static void gathers(void **state)
{
    struct bf_block_set s = {0};
    struct bf_block_gather g = {0};
    float points[BLOCK_FLOATS];
    size_t i;

    (void)state;
    assert_int_equal(bf_block_set_add(&s, &g, 1, NULL, NULL), BF_OK);
    assert_int_equal(s.n, 0);
    for (i = 0; i < 11; i++) {
        fixture_block(points, (uint32_t)i, false);
        bf_block_gather_add(&g, points);
    }
    assert_int_equal(g.n, 11);
    assert_int_equal(bf_block_set_add(&s, &g, 7, "paste", NULL), BF_OK);
    assert_int_equal(bf_block_set_add(&s, &g, 8, NULL, NULL), BF_OK);
    assert_int_equal(s.n, 22);
    for (i = 0; i < 22; i++) {
        fixture_block(points, (uint32_t)i % 11, false);
        assert_memory_equal(s.block[i].points, points, sizeof points);
        assert_int_equal(s.block[i].person, i < 11 ? 7 : 8);
        assert_int_equal(s.block[i].fake, i < 11);
        assert_string_equal(s.block[i].family, i < 11 ? "paste" : "real");
    }
    g.failed = true;
    bf_block_gather_add(&g, points);
    assert_int_equal(g.n, 11);
    assert_int_equal(bf_block_set_add(&s, &g, 9, NULL, NULL), BF_ERR_NOMEM);
    assert_int_equal(s.n, 22);
    bf_block_gather_release(&g);
    bf_block_set_release(&s);
}

static void refused(const char *what, size_t n)
{
    struct bf_block_set s;
    struct bf_error err = {0};

    if (bf_block_set_read(&s, path, &err) != BF_ERR_FORMAT)
        fail_msg("%s %zu was not refused", what, n);
    assert_non_null(strstr(err.text, path));
    assert_null(s.block);
}

static void hostile_files_refused(void **state)
{
    static const off_t sizes[] = {1, 7, 9, 8 + 29207, 8 + 29209, 8 + 2 * 29208 - 1};
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct bf_block_set s;
    size_t i;
    FILE *f;

    (void)state;
    assert_int_equal(sizeof *s.block, 29208);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fixture_block_file(path, 1, 4);
        assert_int_equal(truncate(path, sizes[i]), 0);
        refused("file of another size", i);
    }
    fixture_blocks(&s, 1, 3);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        s.block[2].points[BLOCK_FLOATS - 1] = bad[i];
        assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
        refused("no number", i);
    }
    s.block[2].points[BLOCK_FLOATS - 1] = 0;
    s.block[1].fake = 2;
    assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
    refused("another kind", 0);
    s.block[1].fake = 1;
    memset(s.block[1].family, 'x', sizeof s.block[1].family);
    assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
    refused("a family without an end", 0);
    s.block[1].family[0] = 0;
    assert_int_equal(bf_block_set_write(&s, path, BF_OUTPUT_FORCE, NULL), BF_OK);
    f = fopen(path, "r+b");
    assert_non_null(f);
    fputc('X', f);
    fclose(f);
    refused("another name", 0);
    bf_block_set_release(&s);
    assert_int_equal(bf_block_set_read(&s, "/nowhere/at/all", NULL), BF_ERR_IO);
    bf_block_set_release(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in),
        cmocka_unit_test(gathers),
        cmocka_unit_test(hostile_files_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
