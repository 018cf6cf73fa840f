/* What trembles with the landmarks and what does not: drawn heads, with a face of their own and
 * with one laid on. */
#include "tests/unit/video_fixture.h"

#include <math.h>
#include <string.h>

#include "detector/slip_evidence.h"
#include "lib/face/head_pose.h"

enum { SIDE = 320, FRAMES = 40 };

enum laid { NOTHING, FACE, LOWER, LIDS, FLAT }; /* FLAT: stays, and has half the contrast */

static struct {
    uint8_t y[SIDE * SIDE], u[SIDE * SIDE / 4], v[SIDE * SIDE / 4];
} picture;

/* The canonical face before a camera. */
static void place(struct bf_point3 mesh[BF_FACE_POINTS], float x, float y)
{
    const struct bf_point2 centre = {SIDE / 2.0f, SIDE / 2.0f};
    struct bf_head_pose pose = {.translation = {0, 0, 90}};
    unsigned k;

    bf_head_pose_rotation(pose.rotation, 0, 0, 0);
    for (k = 0; k < BF_FACE_POINTS; k++) {
        struct bf_point2 p = bf_head_pose_project(&pose, k, centre, 3 * SIDE);

        mesh[k] = (struct bf_point3){p.x + x, p.y + y - 8, 0};
    }
}

/* Whether a place of the head is of what was laid on; u and v are -1 to 1 within the outline. */
static bool is_laid(enum laid laid, double u, double v)
{
    switch (laid) {
    case FACE:
    case FLAT:
        return u * u + v * v < 0.85 * 0.85;
    case LOWER:
        return u * u + v * v < 0.85 * 0.85 && v > 0.12;
    case LIDS:
        return fabs(u) < 0.65 && v > -0.62 && v < -0.05;
    case NOTHING:
        break;
    }
    return false;
}

/* Skin that is where the head is, (x, y), but for what is laid on, which is where the landmarks
 * are, (dx, dy) from it. */
static void draw(const struct bf_point3 *mesh, enum laid laid, float x, float y, float dx, float dy)
{
    float left = mesh[234].x, right = mesh[454].x, top = mesh[10].y, chin = mesh[152].y;
    int i;

    for (i = 0; i < SIDE * SIDE; i++) {
        double px = i % SIDE - (double)x, py = i / SIDE - (double)y,
               u = (i % SIDE + 0.5 - (double)(left + right) / 2) / (double)(right - left) * 2,
               v = (i / SIDE + 0.5 - (double)(top + chin) / 2) / (double)(chin - top) * 2;

        bool on_it = is_laid(laid, u, v);
        double contrast = on_it && laid == FLAT ? 0.5 : 1;

        if (on_it && laid != FLAT) {
            px -= (double)dx;
            py -= (double)dy;
        }
        picture.y[i] = (uint8_t)(120.5 + contrast * (30 * fixture_smooth(1, px / 14, py / 14) +
                                                     14 * fixture_smooth(2, px / 6, py / 6)));
    }
}

/* A tremble of a pixel or so that has nothing to do with that of the frame before. */
static float tremble(uint32_t i)
{
    return 1.2f * ((float)fixture_hash(i * 7919u + 5) / 2147483648.0f - 1);
}

/* What was told of the frames one by one: how many were passed over, and means of the others. */
static struct {
    unsigned n_passed, n;
    float mean[BF_SLIP_WIDTH];
} told;

static void note(const struct bf_slip_evidence *s, bool first)
{
    float last[BF_SLIP_WIDTH];
    int k;

    if (first)
        memset(&told, 0, sizeof told);
    bf_slip_evidence_last(last, s);
    if (bf_slip_evidence_passed_over(s))
        told.n_passed++;
    else
        told.n++;
    for (k = 0; k < BF_SLIP_WIDTH; k++) {
        assert_true(isfinite(last[k]));
        if (first || bf_slip_evidence_passed_over(s))
            assert_true(fabsf(last[k]) <= 0);
        told.mean[k] += last[k];
    }
}

static void watch(double cue[BF_CUES], enum laid laid, int64_t step_us, unsigned n, bool moves)
{
    const struct bf_frame f = {.width = SIDE,
                               .height = SIDE,
                               .pixel_format = "yuv420p",
                               .n_planes = 3,
                               .plane = {{picture.y, SIDE, SIDE, SIDE},
                                         {picture.u, SIDE / 2, SIDE / 2, SIDE / 2},
                                         {picture.v, SIDE / 2, SIDE / 2, SIDE / 2}},
                               .orientation = {1, 0, 0, 1}};
    struct bf_slip_evidence *s = bf_slip_evidence_create();
    struct bf_face_view *view = bf_face_view_create();
    static struct bf_point3 mesh[BF_FACE_POINTS];
    unsigned i, k;

    assert_true(s != NULL && view != NULL);
    memset(picture.u, 128, sizeof picture.u);
    memset(picture.v, 128, sizeof picture.v);
    for (i = 0; i < n; i++) {
        float x = moves ? 20 * sinf((float)i / 9) : 0, y = moves ? 7 * cosf((float)i / 7) : 0,
              dx = tremble(2 * i), dy = tremble(2 * i + 1);

        place(mesh, x, y);
        draw(mesh, laid, x, y, dx, dy);
        for (k = 0; k < BF_FACE_POINTS; k++) {
            mesh[k].x += dx;
            mesh[k].y += dy;
        }
        assert_int_equal(bf_face_view_set(view, &f, 1, 1, NULL), BF_OK);
        assert_int_equal(bf_slip_evidence_add(s, view, mesh, (int64_t)i * step_us, NULL), BF_OK);
        note(s, i == 0);
    }
    for (k = 0; k < BF_SLIP_WIDTH; k++)
        told.mean[k] /= (float)(told.n - 1);
    for (k = 0; k < BF_CUES; k++)
        cue[k] = 77;
    assert_int_equal(bf_slip_evidence_finish(cue, s, NULL), BF_OK);
    assert_true(cue[BF_CUE_ARTIFACT] > 76); /* not its own */
    bf_slip_evidence_free(&s);
    bf_face_view_free(&view);
    assert_null(s);
}

static void between(double x, double low, double high, const char *what)
{
    if (!(x >= low && x <= high))
        fail_msg("%s is %g, not from %g to %g", what, x, low, high);
}

static void own_face_does_not_follow(void **state)
{
    double cue[BF_CUES];

    (void)state;
    watch(cue, NOTHING, 40000, FRAMES, true);
    between(cue[BF_CUE_SLIP], -9, -2, "slip");
    between(cue[BF_CUE_SLIP_INNER], -0.1, 0.1, "inner");
    between(cue[BF_CUE_SLIP_EDGE], -0.1, 0.1, "edge");
    between(cue[BF_CUE_SLIP_LOWER], -0.1, 0.1, "lower");
    between(cue[BF_CUE_SLIP_MOUTH], -0.1, 0.1, "mouth");
    between(cue[BF_CUE_SLIP_EYES], -0.1, 0.1, "eyes");
}

static void what_is_laid_on_follows(void **state)
{
    double cue[BF_CUES];

    (void)state;
    watch(cue, FACE, 40000, FRAMES, true);
    between(cue[BF_CUE_SLIP], -0.3, 0.3, "slip");
    between(cue[BF_CUE_SLIP_INNER], 0.8, 1.15, "inner");
    between(cue[BF_CUE_SLIP_LOWER], 0.6, 1.15, "lower");
    between(cue[BF_CUE_SLIP_MOUTH], -0.15, 0.15, "mouth"); /* goes with the upper half */
    watch(cue, LOWER, 40000, FRAMES, true);
    between(cue[BF_CUE_SLIP_MOUTH], 0.7, 1.15, "mouth");
    between(cue[BF_CUE_SLIP_EYES], -1.2, 0.1, "eyes"); /* the other way about */
    watch(cue, LIDS, 40000, FRAMES, true);
    between(cue[BF_CUE_SLIP_EYES], 0.7, 1.15, "eyes");
    between(cue[BF_CUE_SLIP_MOUTH], -1.2, -0.1, "mouth");
}

/* Of sixty frames a second every other is looked at, and what is seldom says nothing. */
static void any_rate(void **state)
{
    double cue[BF_CUES];

    (void)state;
    watch(cue, FACE, 16667, 2 * FRAMES, true);
    between(cue[BF_CUE_SLIP_INNER], 0.8, 1.15, "inner");
    assert_int_equal(told.n_passed, FRAMES);
    watch(cue, FACE, 33333, FRAMES, true);
    assert_int_equal(told.n_passed, 0);
    watch(cue, FACE, 200000, FRAMES, true);
    assert_true(isnan(cue[BF_CUE_SLIP_INNER]) && isnan(cue[BF_CUE_SLIP]));
    watch(cue, FACE, 40000, 8, true);
    assert_true(isnan(cue[BF_CUE_SLIP_INNER]) && isnan(cue[BF_CUE_SLIP_EYES]));
    watch(cue, NOTHING, 40000, FRAMES, false);
    between(cue[BF_CUE_SLIP_INNER], -0.1, 0.1, "inner");
}

/* Detail, and what following leaves over, are told against the skin round a region. */
static void detail_of_regions(void **state)
{
    const float *looks = told.mean + BF_SLIP_SHIFTS;
    double cue[BF_CUES];
    float own;

    (void)state;
    watch(cue, NOTHING, 40000, FRAMES, true);
    own = looks[0];
    between((double)own, -0.7, 0.7, "detail");
    between((double)looks[1], -0.7, 0.7, "rest");
    watch(cue, FLAT, 40000, FRAMES, true);
    between(cue[BF_CUE_SLIP_INNER], -0.1, 0.1, "inner");
    between((double)(looks[0] - own), -1.6, -1.1, "detail"); /* log of a quarter */
    watch(cue, FACE, 40000, FRAMES, true);
    between((double)(looks[0] - own), -0.2, 0.2, "detail");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_face_does_not_follow),
        cmocka_unit_test(what_is_laid_on_follows),
        cmocka_unit_test(any_rate),
        cmocka_unit_test(detail_of_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
