#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "cli/report.h"
#include "cli/score_report.h"
#include "tests/unit/score_fixture.h"

#include <jansson.h>

static const struct bf_video_info info = {.codec = "h264",
                                          .width = 1280,
                                          .height = 720,
                                          .duration_us = 20000000,
                                          .n_video = 1,
                                          .n_audio = 1};

static char *read_and_remove(const char *name)
{
    struct bf_buf text = {0};

    assert_int_equal(bf_file_read(&text, name, 1 << 24, NULL), BF_OK);
    bf_buf_put_u8(&text, 0);
    unlink(name);
    assert_false(text.failed);
    return (char *)text.data;
}

/* The whole page about one answer, with an end. */
static char *page_of(const struct bf_score_answer *a)
{
    char name[] = "/tmp/bonafide-test-XXXXXX";
    struct bf_page *p = NULL;
    struct bf_error err = {0};
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(bf_page_open(&p, name, BF_OUTPUT_FORCE, "score", 1, &err), BF_OK);
    assert_int_equal(bf_score_report_add(p, a, &err), BF_OK);
    assert_int_equal(bf_page_commit(p, NULL, &err), BF_OK);
    bf_page_close(&p);
    return read_and_remove(name);
}

static const char *after(const char *text, const char *what)
{
    const char *at = strstr(text, what);

    if (at == NULL)
        fail_msg("the page lacks, or has in another place: %s", what);
    return at != NULL ? at + strlen(what) : text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
        n++;
    return n;
}

static void says_the_verdict_first(void **state)
{
    struct bf_score s;
    struct bf_score_answer a = {.file = "a.mp4", .score = &s, .info = &info, .card = SCORE_CARD};
    char *page, name[64];
    const char *at;
    size_t i;

    (void)state;
    fixture_score(&s, BF_SCORE_LIKELY_FAKE);
    page = page_of(&a);
    at = after(page, "<main>\n<article>\n<h1 class=\"no\">LIKELY FAKE: the likelihood of a fake is "
                     "93 % (90 % interval: 83 % to 97 %)</h1>");
    at = after(at, "a likelihood, not a proof");
    at = after(at, "<h2>Why</h2>");
    at = after(at, "towards a fake:");
    at = after(at, "<h2>The faces over time</h2>");
    at = after(at, "Face 0: <span class=\"no\">likely fake");
    at = after(at, "alt=\"the same face under the heat map at 0:06.000\"");
    at = after(at, "<code>blink-sides</code></th><td>not measured</td><td></td>");
    at = after(at, "Face 1: <span class=\"yes\">likely real");
    at = after(at, "<h2>What was not examined</h2>");
    at = after(at, "<h2>How often this detector errs</h2>");
    at = after(at, "people &amp; shows &lt;new&gt;</th><td>240</td><td>5 %</td><td>12 %</td>");
    at = after(at, "<td>6 %</td><td>19 %</td><td>not known</td><td>0.832</td>");
    after(at, "</html>\n");
    for (i = 0; i < BF_CUES; i++) {
        snprintf(name, sizeof name, "<code>%s</code>", bf_cue_kinds[i].name);
        if (count(page, name) != s.n_tracks)
            fail_msg("%s is not there for each face", name);
    }
    assert_int_equal(count(page, "src=\"data:image/jpeg;base64,"), 12);
    assert_int_equal(count(page, "<script") + count(page, "style=") + count(page, "http"), 1);
    assert_int_equal(count(page, "nan"), 0);
    free(page);
    fixture_score_release(&s);
}

static void says_when_it_cannot_tell(void **state)
{
    struct bf_score s;
    struct bf_score_answer a = {.file = "a.mp4", .score = &s, .every = 3, .start_us = 2000000};
    char *page;
    const char *at;

    (void)state;
    fixture_score(&s, BF_SCORE_INCONCLUSIVE);
    s.mark = (struct bf_mark_result){.found = true, .z = 9.1, .n_frames = 50};
    s.n_tracks_left_out = 2;
    s.n_stretches = 4;
    page = page_of(&a);
    at = after(page, "<h1 class=\"unsure\">INCONCLUSIVE: the detector cannot tell</h1>");
    at = after(at, "not a hint in either direction");
    at = after(at, "<b>The mark of a generator</b> is found: ");
    at = after(at, "the face is 41 pixels wide");
    at = after(at, "<li>the video before 0:02.000</li>");
    at = after(at, "1 in 3</li>");
    at = after(at, "the video outside 4 stretches of 3.5 s");
    at = after(at, "1 face that could not be scored");
    at = after(at, "2 more faces");
    after(at, "No figures are known for these weights");
    assert_int_equal(count(page, "class=\"gauge\""), 0);
    assert_int_equal(count(page, "nan"), 0);
    free(page);
    /* nothing was seen at all */
    fixture_score_release(&s);
    s = (struct bf_score){.likelihood = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    page = page_of(&a);
    after(page, "INCONCLUSIVE");
    assert_int_equal(count(page, "over time"), 0);
    free(page);
}

/* Two videos, and what verify knows of a third: the table stands first, and no number is both. */
static void stands_beside_others(void **state)
{
    char name[] = "/tmp/bonafide-test-XXXXXX";
    struct bf_score s;
    struct bf_score_answer a = {.file = "a.mp4", .score = &s, .beside_provenance = true};
    struct bf_answer verified = {.file = "a.mp4", .verdict = BF_VERDICT_UNREGISTERED, .score = &a};
    const struct bf_score_line line[2] = {
        {.file = "a<.mp4", .verdict = BF_SCORE_LIKELY_FAKE, .likelihood = 0.93, .n_faces = 2},
        {.file = "b.mp4", .failed = true, .likelihood = (double)NAN}};
    const struct bf_error why = {.code = BF_ERR_IO, .text = "it is gone"};
    struct bf_buf table = {0}, digest = {0};
    struct bf_page *p = NULL;
    struct bf_error err = {0};
    const char *at;
    char *page;

    (void)state;
    close(mkstemp(name));
    fixture_score(&s, BF_SCORE_LIKELY_FAKE);
    assert_int_equal(bf_page_open(&p, name, BF_OUTPUT_FORCE, "score", 2, &err), BF_OK);
    assert_int_equal(bf_page_keep_aside(p, name, &err), BF_OK);
    assert_int_equal(bf_score_report_add(p, &a, &err), BF_OK);
    assert_int_equal(bf_page_add_failed(p, "b.mp4", &why, &err), BF_OK);
    bf_score_report_table(&table, line, 2);
    assert_int_equal(bf_page_commit(p, &table, &err), BF_OK);
    bf_page_close(&p);
    bf_buf_release(&table);
    page = read_and_remove(name);
    at = after(page, "<main>\n<h2>2 videos</h2>");
    at = after(at, "<a href=\"#file-1\">a&lt;.mp4</a></th><td>likely fake</td><td>93 %</td>");
    at = after(at, "<a href=\"#file-2\">b.mp4</a></th><td>no answer</td>");
    at = after(at, "<article id=\"file-1\">\n<h1 class=\"no\">LIKELY FAKE");
    at = after(at, "<article id=\"file-2\">\n<h1 class=\"unsure\">NO ANSWER: it is gone</h1>");
    after(at, "</html>\n");
    free(page);

    assert_int_equal(bf_page_open(&p, name, 0, "verify", 1, &err), BF_OK);
    assert_int_equal(bf_report_add(p, &verified, &digest, 0, &err), BF_OK);
    assert_int_equal(bf_page_commit(p, NULL, &err), BF_OK);
    bf_page_close(&p);
    page = read_and_remove(name);
    at = after(page, "Where it comes from</p>\n<h1 class=\"none\">UNREGISTERED");
    at = after(at, "What its faces look like</p>\n<h1 class=\"no\">LIKELY FAKE");
    at = after(at, "What was not checked");
    at = after(at, "The faces over time");
    after(at, "&quot;schema&quot;: &quot;bonafide.score/1&quot;");
    assert_int_equal(count(page, "asks a ledger"), 0);
    free(page);
    fixture_score_release(&s);
}

static void lets_no_markup_in(void **state)
{
    struct bf_score s;
    struct bf_score_answer a = {
        .file = "<img src=x onerror=alert(1)>\033[2J\xff.mp4", .score = &s, .info = &info};
    json_t *j;
    char *page;

    (void)state;
    fixture_score(&s, BF_SCORE_LIKELY_REAL);
    snprintf(s.reason[0].text, sizeof s.reason[0].text, "<b>\033 & \"why\"</b>");
    page = page_of(&a);
    after(page, "&lt;img src=x onerror=alert(1)&gt;\\x1b[2J\\xff.mp4");
    after(page, "&lt;b&gt;\\x1b &amp; &quot;why&quot;&lt;/b&gt;");
    assert_int_equal(count(page, "<img src=x") + count(page, "\033") + count(page, "\xff"), 0);
    free(page);
    j = bf_score_answer_json(&a);
    assert_string_equal(json_string_value(json_object_get(j, "file")),
                        "<img src=x onerror=alert(1)>\\x1b[2J\\xff.mp4");
    json_decref(j);
    fixture_score_release(&s);
}

static void is_the_same_for_machines(void **state)
{
    struct bf_score s;
    struct bf_score_answer a = {.file = "a.mp4", .score = &s, .info = &info, .card = SCORE_CARD};
    json_t *j, *track, *cues;
    size_t i;

    (void)state;
    fixture_score(&s, BF_SCORE_LIKELY_FAKE);
    j = bf_score_answer_json(&a);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "schema")), "bonafide.score/1");
    assert_string_equal(json_string_value(json_object_get(j, "verdict")), "likely-fake");
    assert_true(fabs(json_real_value(json_object_get(j, "likelihood")) - 0.9309) < 1e-9);
    assert_int_equal(json_array_size(json_object_get(j, "interval")), 2);
    assert_int_equal(json_array_size(json_object_get(j, "reasons")), 2);
    assert_int_equal(json_array_size(json_object_get(j, "tracks")), 2);
    assert_true(json_array_size(json_object_get(j, "not_checked")) > 3);
    assert_false(json_is_true(json_object_get(json_object_get(j, "mark"), "found")));
    assert_int_equal(json_array_size(json_object_get(json_object_get(j, "model"), "evaluation")),
                     3);
    track = json_array_get(json_object_get(j, "tracks"), 0);
    cues = json_object_get(track, "cues");
    assert_int_equal(json_object_size(cues), BF_CUES);
    for (i = 0; i < BF_CUES; i++) {
        json_t *cue = json_object_get(cues, bf_cue_kinds[i].name);

        assert_non_null(cue);
        assert_int_equal(json_is_null(json_object_get(cue, "value")), i == BF_CUE_BLINK_SIDES);
        assert_int_equal(json_is_null(json_object_get(cue, "percentile")), i == BF_CUE_BLINK_SIDES);
    }
    assert_int_equal(json_array_size(json_object_get(track, "frames_scored")), 32);
    json_decref(j);
    fixture_score_release(&s);

    fixture_score(&s, BF_SCORE_INCONCLUSIVE);
    a.card = "not JSON";
    j = bf_score_answer_json(&a);
    assert_true(json_is_null(json_object_get(j, "likelihood")));
    assert_true(json_is_null(json_object_get(j, "interval")));
    assert_true(json_is_null(json_object_get(j, "model")));
    track = json_array_get(json_object_get(j, "tracks"), 0);
    assert_true(json_is_null(json_object_get(track, "likelihood")));
    json_decref(j);
    fixture_score_release(&s);
}

static void rounds_with_care(void **state)
{
    static const struct {
        double share;
        const char *text;
    } row[] = {{0, "under 1 %"}, {0.004, "under 1 %"}, {0.01, "1 %"},    {0.5, "50 %"},
               {0.99, "99 %"},   {0.996, "over 99 %"}, {1, "over 99 %"}, {(double)NAN, "-"}};
    char text[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        bf_score_percent(text, row[i].share);
        assert_string_equal(text, row[i].text);
    }
}

static void ends_as_the_table_of_exits_says(void **state)
{
    struct bf_score s = {.verdict = BF_SCORE_LIKELY_REAL};

    (void)state;
    assert_int_equal(bf_score_answer_exit(&s), 0);
    s.verdict = BF_SCORE_LIKELY_FAKE;
    assert_int_equal(bf_score_answer_exit(&s), 1);
    s.verdict = BF_SCORE_INCONCLUSIVE;
    assert_int_equal(bf_score_answer_exit(&s), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_verdict_first),
        cmocka_unit_test(says_when_it_cannot_tell),
        cmocka_unit_test(stands_beside_others),
        cmocka_unit_test(lets_no_markup_in),
        cmocka_unit_test(is_the_same_for_machines),
        cmocka_unit_test(rounds_with_care),
        cmocka_unit_test(ends_as_the_table_of_exits_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
