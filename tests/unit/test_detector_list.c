/* Lists of whom the detector learns from; what is refused. */
#include "tests/unit/text_fixture.h"

#include "cli/detector_list.h"

static void read_whole(void **state)
{
    struct bf_detector_list l;

    (void)state;
    text_file("list", "# a note\n"
                      "a.mp4\tann\ttrain\n"
                      "\n"
                      "sub/b c.mp4\tben\tcalibration\tmodels/pair:b\n"
                      "/else/c.mp4\tann\ttrain\t/m:a\n"
                      "d.mp4\tdan\ttest");
    assert_int_equal(bf_detector_list_read(&l, text_path("list"), NULL), BF_OK);
    assert_int_equal(l.n, 4);
    assert_string_equal(l.item[0].path, text_path("a.mp4"));
    assert_string_equal(l.item[1].path, text_path("sub/b c.mp4"));
    assert_string_equal(l.item[1].model, text_path("models/pair"));
    assert_string_equal(l.item[2].path, "/else/c.mp4");
    assert_string_equal(l.item[2].model, "/m");
    assert_null(l.item[0].model);
    assert_int_equal(l.item[1].to, BF_SWAP_B);
    assert_int_equal(l.item[2].to, BF_SWAP_A);
    assert_int_equal(l.item[0].split, BF_SPLIT_TRAIN);
    assert_int_equal(l.item[1].split, BF_SPLIT_CALIBRATION);
    assert_int_equal(l.item[3].split, BF_SPLIT_TEST);
    assert_int_equal(l.item[0].person, l.item[2].person);
    assert_int_not_equal(l.item[0].person, l.item[1].person);
    bf_detector_list_release(&l);
    assert_null(l.item);
    bf_detector_list_release(&l);
    text_file("list", "# nobody\n");
    assert_int_equal(bf_detector_list_read(&l, text_path("list"), NULL), BF_OK);
    assert_int_equal(l.n, 0);
    bf_detector_list_release(&l);
}

static void hostile_lists_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"a.mp4\n", "line 1"},
        {"a.mp4\tann\n", "line 1"},
        {"a.mp4 ann train\n", "line 1"},
        {"# x\n\na.mp4\tann\tlearn\n", "line 3"},
        {"a.mp4\tann\tTRAIN\n", "line 1"},
        {"a.mp4\tann\ttrain \n", "line 1"},
        {"\tann\ttrain\n", "line 1"},
        {"a.mp4\t\ttrain\n", "line 1"},
        {"a.mp4\tann\ttrain\t\n", "line 1"},
        {"a.mp4\tann\ttrain\tm\n", "line 1"},
        {"a.mp4\tann\ttrain\tm:c\n", "line 1"},
        {"a.mp4\tann\ttrain\tm:a\tmore\n", "line 1"},
        {"a.mp4\tann\ttrain\tm:\n", "line 1"},
        {"a.mp4\tann\ttrain\r\n", "line 1"},
        {"b.mp4\tann\ttrain\na.mp4\tann\ttrain\tm:x\n", "line 2"},
        {"a.mp4\tann\ttrain\nb.mp4\tben\ttest\nc.mp4\tann\ttest\n", "two splits"},
    };
    struct bf_detector_list l;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        struct bf_error err = {0};

        text_file("bad", row[i].text);
        if (bf_detector_list_read(&l, text_path("bad"), &err) != BF_ERR_FORMAT)
            fail_msg("row %zu was taken", i);
        if (strstr(err.text, row[i].says) == NULL || strstr(err.text, text_path("bad")) == NULL)
            fail_msg("row %zu: '%s'", i, err.text);
        assert_null(l.item);
        assert_int_equal(l.n, 0);
    }
    text_bytes("bad", "a.mp4\tann\ttrain\n\0b.mp4", 22);
    assert_int_equal(bf_detector_list_read(&l, text_path("bad"), NULL), BF_ERR_FORMAT);
    text_file("bad", "");
    assert_int_equal(bf_detector_list_read(&l, text_path("bad"), NULL), BF_ERR_FORMAT);
    assert_int_equal(bf_detector_list_read(&l, text_path("none"), NULL), BF_ERR_IO);
}

/* As many lines as are allowed, and one more. */
static void as_many_as_it_may(void **state)
{
    struct bf_detector_list l;
    struct bf_error err = {0};
    struct bf_buf b = {0};
    size_t i;

    (void)state;
    for (i = 0; i < BF_DETECTOR_LIST_MAX; i++)
        bf_buf_append(&b, "a\tann\ttrain\n", 12);
    text_bytes("long", b.data, b.len);
    assert_int_equal(bf_detector_list_read(&l, text_path("long"), &err), BF_OK);
    assert_int_equal(l.n, BF_DETECTOR_LIST_MAX);
    bf_detector_list_release(&l);
    bf_buf_append(&b, "a\tann\ttrain\n", 12);
    text_bytes("long", b.data, b.len);
    assert_int_equal(bf_detector_list_read(&l, text_path("long"), &err), BF_ERR_LIMIT);
    assert_non_null(strstr(err.text, "100000"));
    bf_buf_release(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_whole),
        cmocka_unit_test(hostile_lists_refused),
        cmocka_unit_test(as_many_as_it_may),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
