/*
 * The generator's mark must not move a score: the shipped weights have seen it on neither reals nor
 * fakes, and the mark is reported as a finding of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/score.h"
#include "lib/media/canvas.h"
#include "lib/media/recode.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 96 };

/* The video's first frames, marked or not, to the scorer. */
static void score_of(struct bf_score *score, struct bf_scorer *s, const char *path, bool marked)
{
    struct bf_mark *mark = bf_mark_create();
    struct bf_video *v = NULL;
    struct bf_canvas *c = NULL;
    const struct bf_frame *frame;
    struct bf_frame shown;
    struct bf_error err = {0};
    int i;

    assert_non_null(mark);
    assert_int_equal(bf_video_open(&v, path, &err), BF_OK);
    assert_int_equal(bf_canvas_create(&c, bf_video_info(v), &err), BF_OK);
    assert_int_equal(bf_scorer_start(s, bf_video_info(v), 4000000, &err), BF_OK);
    for (i = 0; i < FRAMES; i++) {
        assert_int_equal(bf_video_next(v, &frame, &err), BF_OK);
        assert_non_null(frame);
        assert_int_equal(bf_canvas_take(c, frame, &err), BF_OK);
        if (marked)
            assert_int_equal(bf_mark_apply(mark, c, &err), BF_OK);
        bf_canvas_frame(&shown, c);
        shown.index = frame->index;
        shown.pts_us = frame->pts_us;
        assert_int_equal(bf_scorer_frame(s, &shown, &err), BF_OK);
    }
    assert_int_equal(bf_scorer_finish(score, s, &err), BF_OK);
    bf_canvas_free(&c);
    bf_video_close(&v);
    bf_mark_free(&mark);
}

static void marking_does_not_move_a_score(void **state)
{
    static const char *const clips[] = {"fixtures/media/speaker_clip10.mp4",
                                        "fixtures/media/other1.mp4"};
    const struct bf_scorer_options how = {
        .weights = "detector/weights", .models = "build/models", .no_pictures = true};
    struct bf_scorer *s = NULL;
    struct bf_error err = {0};
    size_t i;

    (void)state;
    if (access("build/models/facemesh.json", R_OK) != 0 || access(clips[0], R_OK) != 0)
        skip();
    assert_int_equal(bf_scorer_create(&s, &how, &err), BF_OK);
    for (i = 0; i < sizeof clips / sizeof *clips; i++) {
        struct bf_score plain, marked;

        score_of(&plain, s, clips[i], false);
        score_of(&marked, s, clips[i], true);
        assert_true(plain.n_tracks > 0 && marked.n_tracks > 0);
        assert_false(plain.mark.found);
        assert_true(marked.mark.found);
        assert_false(isnan(plain.likelihood) || isnan(marked.likelihood));
        if (fabs(plain.likelihood - marked.likelihood) > 0.08)
            fail_msg("%s: %.3f, and %.3f where it is marked", clips[i], plain.likelihood,
                     marked.likelihood);
        bf_score_release(&plain);
        bf_score_release(&marked);
    }
    bf_scorer_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marking_does_not_move_a_score),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
