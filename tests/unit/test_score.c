/*
 * A scorer with random weights on photographs that stand still: what it says of nobody, of one
 * face, of one that comes back, and which parts of a long video it wants to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detector/artifact_net.h"
#include "detector/block_set.h"
#include "detector/score.h"
#include "lib/base/file.h"
#include "lib/media/photo.h"
#include "lib/media/recode.h"
#include "tests/unit/calibration_fixture.h"

#define MODELS "build/models"
#define PHOTOGRAPHS "fixtures/node_modules/@vladmandic/face-api/demo"

enum { WIDE = 480, HIGH = 360, STEP_US = 40000 };

static char root[] = "/tmp/bonafide-test-score-XXXXXX";
static bool has_models;
/* Two people, nobody, and the first one twice. */
static struct bf_canvas *ann, *ben, *nobody, *twins;

static const char *in_root(const char *name)
{
    static char path[4][256];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

/* Weights as they begin, for one seed. */
static void write_weights(const char *name, bool meso)
{
    struct bf_params *params = NULL;
    struct bf_artifact_net net = {0};

    assert_int_equal(bf_params_create(&params, NULL), BF_OK);
    assert_int_equal(meso ? bf_meso_net_create(&net, params, NULL)
                          : bf_artifact_net_create(&net, params, NULL),
                     BF_OK);
    assert_int_equal(bf_params_allocate(params, false, 7, NULL), BF_OK);
    assert_int_equal(bf_weights_save_half(in_root(name), BF_OUTPUT_FORCE, params,
                                          meso ? &bf_meso_kind : &bf_artifact_kind, NULL),
                     BF_OK);
    bf_artifact_net_free(&net);
    bf_params_free(&params);
}

static void write_temporal(void)
{
    struct bf_params *params = NULL;
    struct bf_temporal_net net = {0};

    assert_int_equal(bf_params_create(&params, NULL), BF_OK);
    assert_int_equal(bf_temporal_net_create(&net, params, NULL), BF_OK);
    assert_int_equal(bf_params_allocate(params, false, 7, NULL), BF_OK);
    assert_int_equal(bf_weights_save(in_root("temporal.safetensors"), BF_OUTPUT_FORCE, params,
                                     &bf_temporal_kind, NULL),
                     BF_OK);
    bf_temporal_net_free(&net);
    bf_params_free(&params);
}

static void write_text(const char *name, const char *text)
{
    struct bf_buf b = {0};

    bf_buf_append(&b, text, strlen(text));
    assert_int_equal(bf_file_write(in_root(name), BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    bf_buf_release(&b);
}

static void write_calibration(double spread)
{
    struct bf_calibration c;
    struct bf_buf b = {0};

    fixture_calibration(&c, spread);
    assert_int_equal(bf_calibration_encode(&b, &c, NULL), BF_OK);
    assert_int_equal(bf_file_write(in_root("calibration.json"), BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    bf_buf_release(&b);
}

static struct bf_canvas *canvas_of(uint32_t w, uint32_t h)
{
    const struct bf_video_info info = {.width = w, .height = h, .sar_num = 1, .sar_den = 1};
    struct bf_canvas *c = NULL;

    assert_int_equal(bf_canvas_create(&c, &info, NULL), BF_OK);
    return c;
}

/* The rectangle of a photograph whose left top pixel is (x, y), at (at, 0) of the canvas. */
static bool show(struct bf_canvas *c, uint32_t at, const char *name, uint32_t x, uint32_t y)
{
    struct bf_picture photo = {0};
    char path[256];
    float *rgb = malloc((size_t)WIDE * HIGH * 3 * sizeof *rgb);
    uint32_t r, i;
    bool good;

    assert_non_null(rgb);
    snprintf(path, sizeof path, PHOTOGRAPHS "/%s", name);
    good = bf_photo_read(&photo, path, NULL) == BF_OK && photo.width >= x + WIDE &&
           photo.height >= y + HIGH;
    for (r = 0; good && r < HIGH; r++)
        for (i = 0; i < WIDE * 3; i++)
            rgb[r * WIDE * 3 + i] = photo.rgb[((size_t)(y + r) * photo.width + x) * 3 + i] / 255.f;
    if (good)
        bf_canvas_put_rgb(c, rgb, NULL, at, 0, WIDE, HIGH);
    bf_picture_release(&photo);
    free(rgb);
    return good;
}

static int prepare(void **state)
{
    uint32_t x, y;

    (void)state;
    if (mkdtemp(root) == NULL)
        return 1;
    has_models = access(MODELS "/faceres.bin", F_OK) == 0;
    write_weights("artifact.safetensors", false);
    write_weights("meso4.safetensors", true);
    write_calibration(1e6);
    write_text("card.json", "{\"evaluation\":[]}");
    ann = canvas_of(WIDE, HIGH);
    ben = canvas_of(WIDE, HIGH);
    nobody = canvas_of(WIDE, HIGH);
    twins = canvas_of(2 * WIDE, HIGH);
    for (y = 0; y < HIGH; y++)
        for (x = 0; x < WIDE; x++)
            nobody->plane[0][(ptrdiff_t)y * nobody->stride[0] + x] = (uint8_t)(x / 2 + y / 5);
    return show(ann, 0, "sample1.jpg", 1331, 149) && show(ben, 0, "sample1.jpg", 695, 367) &&
                   show(twins, 0, "sample1.jpg", 1331, 149) &&
                   show(twins, WIDE, "sample1.jpg", 1331, 149)
               ? 0
               : 1;
}

static int clean_up(void **state)
{
    char command[128];

    (void)state;
    bf_canvas_free(&ann);
    bf_canvas_free(&ben);
    bf_canvas_free(&nobody);
    bf_canvas_free(&twins);
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static struct bf_scorer *scorer_of(bool uncalibrated, bool baseline, bool no_pictures)
{
    const struct bf_scorer_options how = {.weights = root,
                                          .models = MODELS,
                                          .n_threads = 2,
                                          .n_frames = 16,
                                          .uncalibrated = uncalibrated,
                                          .baseline = baseline,
                                          .no_pictures = no_pictures};
    struct bf_scorer *s = NULL;
    struct bf_error err = {0};

    if (bf_scorer_create(&s, &how, &err) != BF_OK)
        fail_msg("%s", err.text);
    return s;
}

static void start(struct bf_scorer *s, const struct bf_canvas *c, int64_t duration_us)
{
    const struct bf_video_info info = {.width = c->width,
                                       .height = c->height,
                                       .sar_num = 1,
                                       .sar_den = 1,
                                       .frames_per_second = 25};

    assert_int_equal(bf_scorer_start(s, &info, duration_us, NULL), BF_OK);
}

/* The same picture n times, from then on; returns when it ends. */
static int64_t play(struct bf_scorer *s, const struct bf_canvas *c, int64_t from_us, size_t n)
{
    struct bf_frame frame;
    size_t i;

    for (i = 0; i < n; i++, from_us += STEP_US) {
        bf_canvas_frame(&frame, c);
        frame.pts_us = from_us;
        frame.index = (uint64_t)(from_us / STEP_US);
        assert_int_equal(bf_scorer_frame(s, &frame, NULL), BF_OK);
    }
    return from_us;
}

static void nobody_is_there(void **state)
{
    struct bf_score score;
    struct bf_scorer *s;

    (void)state;
    if (!has_models)
        skip();
    s = scorer_of(false, false, false);
    assert_string_equal(bf_scorer_card(s), "{\"evaluation\":[]}");
    start(s, nobody, 400000);
    play(s, nobody, 0, 10);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.verdict, BF_SCORE_INCONCLUSIVE);
    assert_int_equal(score.n_tracks, 0);
    assert_int_equal(score.n_reasons, 1);
    assert_int_equal(score.reason[0].kind, BF_REASON_NO_FACE);
    assert_true(isnan(score.likelihood) && isnan(score.low) && isnan(score.high));
    assert_int_equal(score.n_frames, 10);
    assert_int_equal(score.to_us, 9 * STEP_US);
    assert_int_equal(score.width, WIDE);
    assert_int_equal(score.n_samples, 0);
    assert_false(score.mark.found);
    bf_score_release(&score);
    bf_score_release(&score);
    /* a video without a frame */
    start(s, nobody, 0);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.reason[0].kind, BF_REASON_NO_FACE);
    bf_score_release(&score);
    bf_scorer_free(&s);
    assert_null(s);
    bf_scorer_free(&s);
}

static void one_face(void **state)
{
    struct bf_score score, again;
    struct bf_scorer *s;
    const struct bf_score_track *t;
    size_t i;

    (void)state;
    if (!has_models)
        skip();
    s = scorer_of(false, true, false);
    start(s, ann, 48 * STEP_US);
    play(s, ann, 0, 48);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.n_tracks, 1);
    t = &score.track[0];
    assert_true(t->n_frames >= 46 && t->n_frames <= 48);
    assert_true(t->size > 150 && t->size < 280);
    assert_true(t->sharpness > 0.04f);
    assert_true(t->n_scored >= 14 && t->n_scored <= 18);
    for (i = 1; i < t->n_scored; i++)
        assert_true(t->frame[i].pts_us > t->frame[i - 1].pts_us);
    assert_int_equal(t->n_pictures, BF_SCORE_SHOWN_MAX);
    for (i = 0; i < t->n_pictures; i++) {
        assert_non_null(t->picture[i].rgb);
        assert_true(i == 0 || t->picture[i].logit <= t->picture[i - 1].logit);
        assert_true(t->picture[i].map[500] >= 0 && t->picture[i].map[500] <= 1);
    }
    assert_true(isfinite(t->baseline));
    assert_true(isfinite(t->cue[BF_CUE_ARTIFACT]) && isfinite(t->cue[BF_CUE_BLEND_AREA]));
    assert_true(isnan(t->cue[BF_CUE_TEMPORAL]));
    assert_true(t->percentile[BF_CUE_ARTIFACT] >= 0 && t->percentile[BF_CUE_ARTIFACT] <= 100);
    assert_true(0 < t->low && t->low <= t->likelihood && t->likelihood <= t->high && t->high < 1);
    assert_true(fabs(score.likelihood - t->likelihood) <= 0);
    assert_int_equal(score.verdict, t->verdict);
    assert_int_equal(score.verdict, t->likelihood >= 0.9  ? BF_SCORE_LIKELY_FAKE
                                    : t->likelihood < 0.1 ? BF_SCORE_LIKELY_REAL
                                                          : BF_SCORE_INCONCLUSIVE);
    assert_int_equal(score.n_samples, t->n_frames);
    for (i = 0; i < score.n_samples; i++)
        assert_int_equal(score.sample[i].track, t->track);
    /* the same video is the same score, whatever was seen between */
    start(s, nobody, 0);
    play(s, ben, 0, 12);
    start(s, ann, 48 * STEP_US);
    play(s, ann, 0, 48);
    assert_int_equal(bf_scorer_finish(&again, s, NULL), BF_OK);
    assert_int_equal(again.n_tracks, 1);
    assert_true(fabs(again.likelihood - score.likelihood) <= 0);
    assert_memory_equal(again.track[0].cue, t->cue, sizeof t->cue);
    bf_score_release(&score);
    bf_score_release(&again);
    /* given up in the middle, with chips that wait */
    start(s, ann, 0);
    play(s, ann, 0, 9);
    bf_scorer_free(&s);
}

/* Cues alone, without pictures or a baseline; blocks of landmarks for who watches. */
static void other_options(void **state)
{
    struct bf_block_gather blocks = {0};
    struct bf_score score;
    struct bf_scorer *s;

    (void)state;
    if (!has_models)
        skip();
    unlink(in_root("meso4.safetensors"));
    write_temporal();
    /* asked for a baseline whose weights are not there: none runs */
    s = scorer_of(true, true, true);
    assert_null(bf_scorer_card(s));
    start(s, ann, 60 * STEP_US);
    bf_scorer_watch_blocks(s, &blocks);
    play(s, ann, 0, BF_TEMPORAL_FRAMES + 2);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    bf_scorer_watch_blocks(s, NULL);
    assert_int_equal(blocks.n, 1);
    assert_int_equal(score.n_tracks, 1);
    assert_int_equal(score.track[0].n_pictures, BF_SCORE_SHOWN_MAX);
    assert_null(score.track[0].picture[0].rgb);
    assert_true(isnan(score.track[0].baseline));
    assert_true(isfinite(score.track[0].cue[BF_CUE_TEMPORAL]));
    assert_int_equal(score.verdict, BF_SCORE_INCONCLUSIVE);
    assert_int_equal(score.n_reasons, 0);
    assert_true(isnan(score.likelihood));
    bf_score_release(&score);
    bf_scorer_free(&s);
    bf_block_gather_release(&blocks);
    unlink(in_root("temporal.safetensors"));
}

/* Two tracks of one person, with somebody else or nobody between, are one; of two people two. */
static void who_comes_back(void **state)
{
    struct bf_score score;
    struct bf_scorer *s;
    int64_t at;
    size_t i, k, of[2] = {0, 0};

    (void)state;
    if (!has_models)
        skip();
    s = scorer_of(false, false, false);
    start(s, ann, 4000000);
    at = play(s, ann, 0, 20);
    at = play(s, ben, at, 14);
    at = play(s, nobody, at, 3);
    at = play(s, ann, at, 18);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.n_tracks, 2);
    for (i = 0; i < 2; i++) {
        const struct bf_score_track *t = &score.track[i];
        bool is_ann = t->n_frames > 20;

        of[is_ann]++;
        assert_true(is_ann ? t->n_frames >= 36 && t->n_frames <= 38
                           : t->n_frames >= 12 && t->n_frames <= 14);
        if (is_ann) {
            assert_true(t->from_us <= STEP_US);
            assert_int_equal(t->to_us, 54 * STEP_US);
        }
        for (k = 1; k < t->n_scored; k++)
            assert_true(t->frame[k].pts_us > t->frame[k - 1].pts_us);
        /* what is told over time is told of the same track */
        for (k = 0; k < score.n_samples; k++)
            if (score.sample[k].pts_us == t->to_us)
                assert_int_equal(score.sample[k].track, t->track);
    }
    assert_int_equal(of[0], 1);
    for (k = 0; k < score.n_samples; k++)
        assert_true(score.sample[k].track == score.track[0].track ||
                    score.sample[k].track == score.track[1].track);
    bf_score_release(&score);
    /* one who is there twice at once is two */
    start(s, twins, 400000);
    play(s, twins, 0, 10);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.n_tracks, 2);
    assert_true(score.track[0].n_frames >= 8 && score.track[1].n_frames >= 8);
    assert_int_not_equal(score.track[0].track, score.track[1].track);
    assert_int_equal(score.reason[0].kind, BF_REASON_SHORT);
    bf_score_release(&score);
    bf_scorer_free(&s);
}

/* Of a long video ten parts of three seconds, from its first to its last. */
static void skips_most_of_a_long_video(void **state)
{
    static const struct {
        int64_t duration_us, pts_us, next_us;
    } row[] = {
        {0, 5000000, 5000000},
        {0, 4000000000, 4000000000},
        {7000000, 6900000, 6900000},
        {13500000, 3400000, 3400000},
        {13500000, 3500000, 10000000},
        {13500000, 9999999, 10000000},
        {13500000, 10000000, 10000000},
        {13500000, 13400000, 13400000},
        {353500000, 0, 0},
        {353500000, 3499999, 3499999},
        {353500000, 3500000, 50000000},
        {353500000, 49999999, 50000000},
        {353500000, 53499999, 53499999},
        {353500000, 53500000, 100000000},
        {353500000, 350000000, 350000000},
    };
    struct bf_score score;
    struct bf_scorer *s;
    size_t i;

    (void)state;
    if (!has_models)
        skip();
    s = scorer_of(false, false, true);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        start(s, nobody, row[i].duration_us);
        play(s, nobody, 0, 1);
        assert_int_equal(bf_scorer_next_us(s, row[i].pts_us), row[i].next_us);
    }
    /* and it says in how many parts it was looked at: the second frame is in none */
    play(s, nobody, 20000000, 1);
    play(s, nobody, 51000000, 1);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.n_stretches, 2);
    assert_int_equal(score.n_analysed, 2);
    bf_score_release(&score);
    start(s, nobody, 7000000);
    play(s, nobody, 0, 1);
    assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
    assert_int_equal(score.n_stretches, 0);
    bf_score_release(&score);
    bf_scorer_free(&s);
}

/* More faces than there is room for: the others are counted, each once. */
static void counts_a_crowd(void **state)
{
    struct bf_canvas *crowd;
    struct bf_score score;
    struct bf_scorer *s;
    struct bf_picture face = {0};
    struct bf_picture_scaler *scaler;
    struct bf_frame frame;
    float *rgb;
    size_t left[2], i, k, n;
    uint32_t x, y;

    (void)state;
    if (!has_models)
        skip();
    /* twelve by six times Ann's face */
    crowd = canvas_of(12 * 64, 6 * 48);
    scaler = bf_picture_scaler_create();
    rgb = malloc((size_t)64 * 48 * 3 * sizeof *rgb);
    assert_true(scaler != NULL && rgb != NULL);
    assert_int_equal(bf_picture_create(&face, 64, 48, NULL), BF_OK);
    bf_canvas_frame(&frame, ann);
    assert_int_equal(bf_picture_scale(&face, scaler, &frame, NULL), BF_OK);
    for (i = 0; i < (size_t)64 * 48 * 3; i++)
        rgb[i] = face.rgb[i] / 255.f;
    for (y = 0; y < 6; y++)
        for (x = 0; x < 12; x++)
            bf_canvas_put_rgb(crowd, rgb, NULL, x * 64, y * 48, 64, 48);
    s = scorer_of(true, false, true);
    for (k = 0; k < 2; k++) {
        start(s, crowd, 4000000);
        n = 2 + 2 * k;
        play(s, crowd, 0, n);
        assert_int_equal(bf_scorer_finish(&score, s, NULL), BF_OK);
        left[k] = score.n_tracks_left_out;
        assert_int_equal(score.n_tracks, BF_SCORE_TRACKS_MAX);
        bf_score_release(&score);
    }
    assert_int_equal(left[0], left[1]);
    assert_int_equal(left[0], 72 - BF_SCORE_TRACKS_MAX);
    bf_scorer_free(&s);
    bf_canvas_free(&crowd);
    bf_picture_release(&face);
    bf_picture_scaler_free(&scaler);
    free(rgb);
}

static void refused(const char *models, enum bf_err rc, const char *says)
{
    const struct bf_scorer_options how = {.weights = root, .models = models, .n_threads = 1};
    struct bf_scorer *s = NULL;
    struct bf_error err = {0};

    assert_int_equal(bf_scorer_create(&s, &how, &err), rc);
    assert_null(s);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' says nothing of '%s'", err.text, says);
}

static void weights_refused(void **state)
{
    (void)state;
    refused("/nowhere/at/all", BF_ERR_IO, "/nowhere/at/all");
    write_text("temporal.safetensors", "nonsense");
    refused(MODELS, BF_ERR_LIMIT, "temporal.safetensors");
    unlink(in_root("temporal.safetensors"));
    write_text("calibration.json", "{}");
    refused(MODELS, BF_ERR_FORMAT, "calibration.json");
    unlink(in_root("calibration.json"));
    refused(MODELS, BF_ERR_IO, "calibration.json");
    write_calibration(1);
    write_weights("artifact.safetensors", true);
    refused(MODELS, BF_ERR_FORMAT, "detector-artifact");
    unlink(in_root("artifact.safetensors"));
    refused(MODELS, BF_ERR_IO, "artifact.safetensors");
    write_weights("artifact.safetensors", false);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_there), cmocka_unit_test(one_face),
        cmocka_unit_test(other_options),   cmocka_unit_test(who_comes_back),
        cmocka_unit_test(counts_a_crowd),  cmocka_unit_test(skips_most_of_a_long_video),
        cmocka_unit_test(weights_refused),
    };

    return cmocka_run_group_tests(tests, prepare, clean_up);
}
