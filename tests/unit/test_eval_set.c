/* Videos of known kind, by folders and by labels; what is refused. */
#include "tests/unit/text_fixture.h"

#include "cli/eval_set.h"

static const struct bf_eval_item *item_of(const struct bf_eval_set *s, const char *end)
{
    size_t i;

    for (i = 0; i < s->n; i++) {
        size_t n = strlen(s->item[i].path), k = strlen(end);

        if (n >= k && strcmp(s->item[i].path + n - k, end) == 0)
            return &s->item[i];
    }
    fail_msg("there is no %s", end);
    return NULL;
}

static void by_folders(void **state)
{
    struct bf_eval_set s = {0};
    struct bf_error err = {0};

    (void)state;
    text_file("set/real/a.mp4", "x");
    text_file("set/real/more/a.mp4", "x");
    text_file("set/real/.hidden", "x");
    text_file("set/fake/b.mp4", "x");
    text_file("set/fake/paste/c.mp4", "x");
    text_file("set/fake/paste/deep/d.mp4", "x");
    text_file("set/fake/real/e.mp4", "x");
    text_file("set/fake/\033[2J/f.mp4", "x");
    text_file("set/fake/\377\376/g.mp4", "x");
    text_file("set/fake/of many small letters, more than there is room for/h.mp4", "x");
    text_file("set/other/z.mp4", "x");
    assert_int_equal(bf_eval_set_add(&s, text_path("set"), NULL, &err), BF_OK);
    assert_int_equal(s.n, 9);
    assert_false(item_of(&s, "real/a.mp4")->fake);
    assert_string_equal(item_of(&s, "real/a.mp4")->method, "real");
    assert_string_equal(item_of(&s, "more/a.mp4")->method, "real");
    assert_int_equal(item_of(&s, "real/a.mp4")->person, item_of(&s, "more/a.mp4")->person);
    assert_true(item_of(&s, "b.mp4")->fake);
    assert_string_equal(item_of(&s, "b.mp4")->method, "fake");
    assert_string_equal(item_of(&s, "c.mp4")->method, "paste");
    assert_string_equal(item_of(&s, "d.mp4")->method, "paste");
    assert_int_equal(item_of(&s, "c.mp4")->crf, 0);
    /* a fake is never told as a real one, and no name steers a terminal */
    assert_string_equal(item_of(&s, "e.mp4")->method, "fake");
    assert_string_equal(item_of(&s, "f.mp4")->method, "\\x1b[2J");
    assert_string_equal(item_of(&s, "g.mp4")->method, "\\xff\\xfe");
    assert_int_equal(strlen(item_of(&s, "h.mp4")->method), BF_CUE_METHOD_MAX - 1);
    bf_eval_set_release(&s);
    assert_null(s.item);
}

static void by_labels(void **state)
{
    struct bf_eval_set s = {0};
    struct bf_eval_item *i;

    (void)state;
    text_file("some/labels.tsv", "label\tfile\tmethod\tperson\tsplit\tcrf\tsize\tnote\n"
                                 "real\ta.mp4\t-\tann\ttrain\t23\tfull\t\n"
                                 "fake\tsub/b.mp4\tblend\tann\ttest\t40\thalf\tx\n"
                                 "\n"
                                 "fake\t/c.mp4\t-\t-\ttest\tx\tfull\t\n"
                                 "fake\td.mp4\treal\tben\ttest\t99\n"
                                 "real\te.mp4\tpaste\tben\ttest");
    text_file("some/real/no.mp4", "x");
    assert_int_equal(bf_eval_set_add(&s, text_path("some"), NULL, NULL), BF_OK);
    assert_int_equal(s.n, 5);
    i = &s.item[0];
    assert_string_equal(i->path, text_path("some/a.mp4"));
    assert_false(i->fake || i->half);
    assert_int_equal(i->crf, 23);
    i = &s.item[1];
    assert_string_equal(i->path, text_path("some/sub/b.mp4"));
    assert_string_equal(i->method, "blend");
    assert_true(i->fake && i->half);
    assert_int_equal(i->crf, 40);
    assert_int_equal(i->person, s.item[0].person);
    i = &s.item[2];
    assert_string_equal(i->path, "/c.mp4");
    assert_string_equal(i->method, "fake");
    assert_int_equal(i->crf, 0);
    assert_int_not_equal(i->person, s.item[1].person);
    assert_string_equal(s.item[3].method, "fake");
    assert_int_equal(s.item[3].crf, 0);
    assert_string_equal(s.item[4].method, "real");
    assert_int_equal(s.item[4].person, s.item[3].person);
    /* more, of one split, named as a file */
    assert_int_equal(bf_eval_set_add(&s, text_path("some/labels.tsv"), "train", NULL), BF_OK);
    assert_int_equal(s.n, 6);
    assert_string_equal(s.item[5].path, text_path("some/a.mp4"));
    bf_eval_set_release(&s);
    /* no column of splits: all */
    text_file("plain.tsv", "file\tlabel\na\treal\nb\tfake\n");
    assert_int_equal(bf_eval_set_add(&s, text_path("plain.tsv"), "test", NULL), BF_OK);
    assert_int_equal(s.n, 2);
    bf_eval_set_release(&s);
}

static void hostile_sets_refused(void **state)
{
    static const struct {
        const char *text, *split;
        enum bf_err rc;
        const char *says;
    } row[] = {
        {"", NULL, BF_ERR_FORMAT, "bad.tsv"},
        {"\n", NULL, BF_ERR_FORMAT, "file and label"},
        {"file\tkind\na\treal\n", NULL, BF_ERR_FORMAT, "file and label"},
        {"a\treal\n", NULL, BF_ERR_FORMAT, "file and label"},
        {"file\tlabel\na\n", NULL, BF_ERR_FORMAT, "real or fake"},
        {"file\tlabel\na\tREAL\n", NULL, BF_ERR_FORMAT, "real or fake"},
        {"file\tlabel\n\treal\n", NULL, BF_ERR_FORMAT, "without a file"},
        {"file\tlabel\n", NULL, BF_ERR_NOT_FOUND, "no video"},
        {"file\tlabel\tsplit\na\treal\ttrain\n", "test", BF_ERR_NOT_FOUND, "no video"},
    };
    struct bf_eval_set s = {0};
    struct bf_error err = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        text_file("bad.tsv", row[i].text);
        if (bf_eval_set_add(&s, text_path("bad.tsv"), row[i].split, &err) != row[i].rc)
            fail_msg("row %zu: '%s'", i, err.text);
        if (strstr(err.text, row[i].says) == NULL)
            fail_msg("row %zu: '%s'", i, err.text);
        assert_int_equal(s.n, 0);
        bf_eval_set_release(&s);
    }
    text_bytes("bad.tsv", "file\tlabel\na\treal\n\0b\tfake\n", 26);
    assert_int_equal(bf_eval_set_add(&s, text_path("bad.tsv"), NULL, &err), BF_ERR_FORMAT);
    bf_eval_set_release(&s);
    text_file("a.mp4", "x");
    assert_int_equal(bf_eval_set_add(&s, text_path("a.mp4"), NULL, &err), BF_ERR_USAGE);
    assert_int_equal(bf_eval_set_add(&s, text_path("nothing"), NULL, &err), BF_ERR_IO);
    text_file("half/real/a.mp4", "x");
    assert_int_equal(bf_eval_set_add(&s, text_path("half"), NULL, &err), BF_ERR_IO);
    assert_non_null(strstr(err.text, "half/fake"));
    bf_eval_set_release(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_folders),
        cmocka_unit_test(by_labels),
        cmocka_unit_test(hostile_sets_refused),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
