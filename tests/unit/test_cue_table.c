/* Tables of cues, out and in; which track of a score is in one; what is refused. */
#include "tests/unit/text_fixture.h"

#include <math.h>

#include "cli/cue_table.h"

static struct bf_cue_row row_of(char *file, int i)
{
    struct bf_cue_row r = {.file = file,
                           .person = 0x1234abcd + (uint32_t)i * 0x11111111,
                           .fake = i % 2,
                           .half = i % 3 == 0,
                           .crf = (unsigned)i % 52,
                           .size = 60 + (float)i,
                           .sharpness = 0.5f,
                           .baseline = i % 4 == 0 ? (double)NAN : i / 10.0};
    int k;

    snprintf(r.method, sizeof r.method, "%s", i % 2 ? "paste" : "real");
    for (k = 0; k < BF_CUES; k++)
        r.cue[k] = (i + k) % 5 == 0 ? (double)NAN : (k - 6) * 0.25 + i;
    return r;
}

static void same(double a, double b)
{
    assert_true(isnan(a) ? isnan(b) : fabs(a - b) <= 1e-5 * (1 + fabs(a)));
}

static void out_and_in(void **state)
{
    char name[] = "a b\tc\nd\303\244.mp4";
    struct bf_cue_table t = {0}, got = {0};
    struct bf_cue_row r;
    size_t i, n = 150;
    int k;

    (void)state;
    for (i = 0; i < n; i++) {
        r = row_of(name, (int)i);
        assert_int_equal(bf_cue_table_add(&t, &r, NULL), BF_OK);
    }
    name[0] = 'x'; /* a copy was taken */
    assert_string_equal(t.row[3].file, "a b\tc\nd\303\244.mp4");
    assert_int_equal(bf_cue_table_write(&t, text_path("t"), 0, NULL), BF_OK);
    assert_int_equal(bf_cue_table_write(&t, text_path("t"), 0, NULL), BF_ERR_EXISTS);
    assert_int_equal(bf_cue_table_read(&got, text_path("t"), NULL), BF_OK);
    assert_int_equal(got.n, n);
    for (i = 0; i < n; i++) {
        const struct bf_cue_row *g = &got.row[i];

        r = row_of(name, (int)i);
        assert_string_equal(g->file, "a b?c?d\303\244.mp4");
        assert_int_equal(g->person, r.person);
        assert_string_equal(g->method, r.method);
        assert_int_equal(g->fake, r.fake);
        assert_int_equal(g->half, r.half);
        assert_int_equal(g->crf, r.crf);
        same((double)r.size, (double)g->size);
        same(r.baseline, g->baseline);
        for (k = 0; k < BF_CUES; k++)
            same(r.cue[k], g->cue[k]);
    }
    /* another file's rows come behind */
    assert_int_equal(bf_cue_table_read(&got, text_path("t"), NULL), BF_OK);
    assert_int_equal(got.n, 2 * n);
    bf_cue_table_release(&got);
    bf_cue_table_release(&t);
    assert_null(t.row);
    assert_int_equal(bf_cue_table_write(&t, text_path("none"), 0, NULL), BF_OK);
    assert_int_equal(bf_cue_table_read(&got, text_path("none"), NULL), BF_OK);
    assert_int_equal(got.n, 0);
    bf_cue_table_release(&got);
}

/* The head that a table has, then one line whose columns may be replaced. */
static void write_table(int column, const char *value, const char *end)
{
    static const char *const good[] = {"a.mp4", "00000007", "paste", "23", "0", "120", "0.5", "-"};
    struct bf_cue_table none = {0};
    struct bf_buf b = {0};
    int k;

    assert_int_equal(bf_cue_table_write(&none, text_path("bad"), BF_OUTPUT_FORCE, NULL), BF_OK);
    assert_int_equal(bf_file_read(&b, text_path("bad"), 1 << 20, NULL), BF_OK);
    for (k = 0; k < 8 + BF_CUES; k++)
        bf_buf_printf(&b, "%s%s", k > 0 ? "\t" : "",
                      k == column ? value
                      : k < 8     ? good[k]
                                  : "0.25");
    bf_buf_printf(&b, "%s\n", end);
    text_bytes("bad", b.data, b.len);
    bf_buf_release(&b);
}

static void read_is(enum bf_err rc, const char *says)
{
    struct bf_cue_table t = {0};
    struct bf_error err = {0};

    if (bf_cue_table_read(&t, text_path("bad"), &err) != rc)
        fail_msg("wanted %d: '%s'", rc, err.text);
    if (says != NULL && strstr(err.text, says) == NULL)
        fail_msg("'%s' says nothing of '%s'", err.text, says);
    bf_cue_table_release(&t);
}

static void hostile_lines_refused(void **state)
{
    static const struct {
        int column;
        const char *value;
        enum bf_err rc;
    } row[] = {
        {-1, NULL, BF_OK},
        {0, "", BF_ERR_FORMAT},
        {0, "\303\244 b", BF_OK},
        {1, "", BF_ERR_FORMAT},
        {1, "7", BF_ERR_FORMAT},
        {1, "0000000g", BF_ERR_FORMAT},
        {1, "-0000001", BF_ERR_FORMAT},
        {1, "ffffffff", BF_OK},
        {2, "", BF_ERR_FORMAT},
        {2, "a name of more than thirty-one bytes", BF_ERR_FORMAT},
        {2, "a name of thirty-one bytes only", BF_OK},
        {2, "\033[2J", BF_ERR_FORMAT},
        {3, "-", BF_ERR_FORMAT},
        {3, "-1", BF_ERR_FORMAT},
        {3, "64", BF_ERR_FORMAT},
        {3, "63", BF_OK},
        {3, "2.5", BF_ERR_FORMAT},
        {3, "1e30", BF_ERR_FORMAT},
        {4, "2", BF_ERR_FORMAT},
        {4, "1", BF_OK},
        {4, "-", BF_ERR_FORMAT},
        {5, "-", BF_ERR_FORMAT},
        {5, "-3", BF_ERR_FORMAT},
        {5, "1e300", BF_ERR_FORMAT},
        {5, "0", BF_OK},
        {6, "1.5", BF_ERR_FORMAT},
        {6, "-", BF_ERR_FORMAT},
        {7, "-", BF_OK},
        {7, "-3.5", BF_OK},
        {7, "nan", BF_ERR_FORMAT},
        {7, "inf", BF_ERR_FORMAT},
        {8, "", BF_ERR_FORMAT},
        {8, "-", BF_OK},
        {8, "1e999", BF_ERR_FORMAT},
        {9, "12x", BF_ERR_FORMAT},
        {9, "--", BF_ERR_FORMAT},
        {8 + BF_CUES - 1, "seven", BF_ERR_FORMAT},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        write_table(row[i].column, row[i].value, "");
        read_is(row[i].rc, row[i].rc != BF_OK ? "line 2" : NULL);
    }
    write_table(-1, NULL, "\t0.5");
    read_is(BF_ERR_FORMAT, "line 2");
    write_table(-1, NULL, "\n\n");
    read_is(BF_ERR_FORMAT, "line 3");
    write_table(8 + BF_CUES - 2, "1\n2", "");
    read_is(BF_ERR_FORMAT, "line 2");
}

static void hostile_heads_refused(void **state)
{
    struct bf_buf b = {0};
    char *at;

    (void)state;
    write_table(-1, NULL, "");
    assert_int_equal(bf_file_read(&b, text_path("bad"), 1 << 20, NULL), BF_OK);
    bf_buf_put_u8(&b, 0);
    /* a NUL would hide what follows */
    text_bytes("bad", b.data, b.len);
    read_is(BF_ERR_FORMAT, "bad");
    /* two columns that have changed places */
    at = strstr((char *)b.data, "artifact");
    assert_non_null(at);
    memcpy(at, "tcafitra", 8);
    text_bytes("bad", b.data, b.len - 1);
    read_is(BF_ERR_FORMAT, "line 1");
    /* no head at all */
    at = strchr((char *)b.data, '\n') + 1;
    text_file("bad", at);
    read_is(BF_ERR_FORMAT, "line 1");
    text_file("bad", "\n");
    read_is(BF_ERR_FORMAT, "line 1");
    text_file("bad", "file\n");
    read_is(BF_ERR_FORMAT, "line 1");
    text_file("bad", "");
    read_is(BF_ERR_FORMAT, "bad");
    unlink(text_path("bad"));
    read_is(BF_ERR_IO, "bad");
    bf_buf_release(&b);
}

/* The first track that could be scored, or the one with most looks. */
static void row_of_a_score(void **state)
{
    static const struct {
        size_t n_tracks, n_scored[3];
        double likelihood[3];
        int taken;
        bool told;
    } row[] = {
        {0, {0}, {0}, -1, false},
        {1, {9}, {0.5}, 0, true},
        {1, {0}, {(double)NAN}, 0, false},
        {3, {9, 20, 30}, {0.9, 0.5, 0.1}, 0, true},
        {3, {9, 20, 12}, {(double)NAN, (double)NAN, (double)NAN}, 1, true},
        {2, {5, 5}, {(double)NAN, (double)NAN}, 0, true},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_score_track track[3] = {0};
        const struct bf_score s = {.track = track, .n_tracks = row[i].n_tracks};
        struct bf_cue_row r = {.crf = 7};

        for (k = 0; k < 3; k++) {
            track[k].n_scored = row[i].n_scored[k];
            track[k].likelihood = row[i].likelihood[k];
            track[k].size = 10 + (float)k;
            track[k].cue[2] = (double)k;
        }
        assert_int_equal(bf_cue_row_of_score(&r, &s), row[i].told);
        assert_int_equal(r.crf, 7);
        if (row[i].taken >= 0) {
            assert_int_equal((int)r.size, 10 + row[i].taken);
            assert_int_equal((int)r.cue[2], row[i].taken);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in),
        cmocka_unit_test(hostile_lines_refused),
        cmocka_unit_test(hostile_heads_refused),
        cmocka_unit_test(row_of_a_score),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
