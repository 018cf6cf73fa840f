#include "detector/motion_evidence.h"
#include "detector/tally.h"
#include "lib/face/head_pose.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH_US 500000 /* a longer gap begins another */
#define NEAR_US 100000    /* frames this near one another are neighbours */
#define SEEN_LEAST_US 4000000
#define MOVED_LEAST_US 1000000
#define FRAMES_LEAST 8
#define YAW_MOST 50.0f
#define FACES_AWAY 3.0f  /* a face is at least so many times its size from the camera */
#define EYE_HIDDEN 35.0f /* degrees of yaw past which the far eye says nothing */
/* Eyes that move have so many deviations of their landmarks' jitter, and this share of their usual
 * gap. */
#define MOVED_NOISE 3.0
#define MOVED_PART 0.05

/* Points of the mesh. Corners of the eyes, the nose, the inner halves of the brows, corners of the
 * mouth. */
static const uint16_t inner_points[] = {33,  133, 362, 263, 168, 6,   197, 195, 5,
                                        4,   1,   2,   98,  327, 129, 358, 55,  107,
                                        285, 336, 52,  65,  282, 295, 61,  291};
/* The outline of forehead, temples and cheeks, down to the jaw's corners. */
static const uint16_t rim_points[] = {10,  338, 297, 332, 284, 251, 389, 356, 454,
                                      323, 361, 288, 397, 172, 58,  132, 93,  234,
                                      127, 162, 21,  54,  103, 67,  109};

enum { POINTS_MOST = 32 };

/* How two numbers of each frame go together, by Welford's sums, and how much each jitters: by its
 * second differences, which slow motion hardly touches. */
struct pair {
    uint64_t n;
    double mean[2], square[2], product;
    double last[2][2]; /* of the two frames before */
    unsigned n_last;
    struct bf_tally jitter[2];
    int64_t seen_us;
};

struct bf_motion_evidence {
    /* poses */
    struct bf_tally gap, drift;
    float pose_gap;
    double relative[9]; /* from the rim's axes to the inner face's */
    bool has_relative;
    int64_t relative_us;
    /* eyes */
    bool has_eyes;                        /* a stretch goes on */
    int64_t eyes_us, stretch_us, open_us; /* last frame; begin of the stretch, of no blink */
    int64_t seen_us, longest_open_us, longest_stretch_us;
    uint64_t n_blinks;
    double depth;
    struct bf_tally length;
    struct pair sides, regions;
};

static void pair_init(struct pair *p)
{
    bf_tally_init(&p->jitter[0], 0, 0.25);
    bf_tally_init(&p->jitter[1], 0, 0.25);
}

/* dt_us: since the frame before; 0 where that is no neighbour. */
static void pair_add(struct pair *p, const double x[2], int64_t dt_us)
{
    double off[2];
    int i;

    if (dt_us == 0)
        p->n_last = 0;
    if (!isfinite(x[0]) || !isfinite(x[1]))
        return;
    p->seen_us += dt_us;
    p->n++;
    for (i = 0; i < 2; i++) {
        off[i] = x[i] - p->mean[i];
        p->mean[i] += off[i] / (double)p->n;
        p->square[i] += off[i] * (x[i] - p->mean[i]);
        if (p->n_last == 2)
            bf_tally_add(&p->jitter[i], fabs(x[i] - 2 * p->last[1][i] + p->last[0][i]));
    }
    p->product += off[0] * (x[1] - p->mean[1]);
    memcpy(p->last[0], p->last[1], sizeof p->last[0]);
    memcpy(p->last[1], x, sizeof p->last[1]);
    p->n_last = p->n_last < 2 ? p->n_last + 1 : 2;
}

/* Whether the number varies by so many times what makes eyes move. */
static bool pair_moves(const struct pair *p, int i, double times)
{
    double deviation = sqrt(p->square[i] / (double)p->n) / times;
    /* of a normal variable, whose second difference has six times its variance */
    double jitter = bf_tally_quantile(&p->jitter[i], 0.5) / (0.6745 * sqrt(6));

    return deviation > MOVED_NOISE * jitter && deviation > MOVED_PART * p->mean[i];
}

/* NAN unless both move, or one of them so much that the other should have. */
static double pair_correlation(const struct pair *p)
{
    double square = p->square[0] * p->square[1];

    if (p->seen_us < MOVED_LEAST_US || p->n < FRAMES_LEAST)
        return (double)NAN;
    if (!(pair_moves(p, 0, 1) && pair_moves(p, 1, 1)) && !pair_moves(p, 0, 2) &&
        !pair_moves(p, 1, 2))
        return (double)NAN;
    return square > 0 ? p->product / sqrt(square) : 0;
}

struct bf_motion_evidence *bf_motion_evidence_create(void)
{
    struct bf_motion_evidence *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    bf_tally_init(&m->gap, 0, 45);
    bf_tally_init(&m->drift, 0, 10);
    bf_tally_init(&m->length, 0, 1);
    pair_init(&m->sides);
    pair_init(&m->regions);
    m->pose_gap = NAN;
    return m;
}

void bf_motion_evidence_free(struct bf_motion_evidence **m)
{
    free(*m);
    *m = NULL;
}

/* a^T b, both (3, 3) row by row. */
static void relate(double out[9], const double *a, const double *b)
{
    int i, j;

    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++)
            out[3 * i + j] = a[i] * b[j] + a[3 + i] * b[3 + j] + a[6 + i] * b[6 + j];
}

/* The axis times the angle in degrees, by the axial part beside the trace, which is exact for small
 * turns too. */
static void turn_of(double out[3], const double r[9])
{
    const double axis[3] = {r[7] - r[5], r[2] - r[6], r[3] - r[1]};
    double sine = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]),
           angle = atan2(sine, r[0] + r[4] + r[8] - 1) * (180 / 3.14159265358979323846);
    int i;

    for (i = 0; i < 3; i++)
        out[i] = sine > 0 ? axis[i] / sine * angle : 0;
}

/*
 * The focal length that both poses are told by: the picture's width, as of a whole picture, or what
 * a face of that size has at a usual distance, as of one that was cut out of a wider picture.
 */
static float focal_of(const struct bf_point3 *mesh, float width)
{
    const struct bf_point3 *top = &mesh[10], *chin = &mesh[152], *right = &mesh[234],
                           *left = &mesh[454];

    return fmaxf(width, FACES_AWAY * fmaxf(hypotf(top->x - chin->x, top->y - chin->y),
                                           hypotf(right->x - left->x, right->y - left->y)));
}

static bool solve(double rotation[9], const uint16_t *index, size_t n, const struct bf_point3 *mesh,
                  float focal, struct bf_point2 centre)
{
    struct bf_point2 at[POINTS_MOST];
    struct bf_head_pose pose;
    size_t i;

    assert(n <= POINTS_MOST);
    for (i = 0; i < n; i++)
        at[i] = (struct bf_point2){mesh[index[i]].x, mesh[index[i]].y};
    if (!bf_head_pose_solve(&pose, at, index, n, centre, focal))
        return false;
    for (i = 0; i < 9; i++)
        rotation[i] = (double)pose.rotation[i];
    return true;
}

static void add_pose(struct bf_motion_evidence *m, float yaw_deg, const struct bf_point3 *mesh,
                     float width, float height, int64_t pts_us)
{
    const struct bf_point2 centre = {width / 2, height / 2};
    double inner[9], rim[9], relative[9], change[9], turn[3];
    float focal = focal_of(mesh, width);

    m->pose_gap = NAN;
    if (!(fabsf(yaw_deg) <= YAW_MOST) ||
        !solve(inner, inner_points, sizeof inner_points / sizeof *inner_points, mesh, focal,
               centre) ||
        !solve(rim, rim_points, sizeof rim_points / sizeof *rim_points, mesh, focal, centre)) {
        m->has_relative = false;
        return;
    }
    relate(relative, rim, inner);
    turn_of(turn, relative);
    m->pose_gap = (float)hypot(turn[1], turn[2]);
    bf_tally_add(&m->gap, (double)m->pose_gap);
    if (m->has_relative && pts_us - m->relative_us <= NEAR_US) {
        relate(change, m->relative, relative);
        turn_of(turn, change);
        bf_tally_add(&m->drift, sqrt(turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2]));
    }
    memcpy(m->relative, relative, sizeof m->relative);
    m->has_relative = true;
    m->relative_us = pts_us;
}

static double distance(const struct bf_point3 *mesh, int a, int b)
{
    return hypot((double)(mesh[a].x - mesh[b].x), (double)(mesh[a].y - mesh[b].y));
}

/* The eyes' gap as the network of the whole face draws it, which sees no lid but what is round it.
 */
static double mesh_gap(const struct bf_point3 *mesh)
{
    double width = distance(mesh, 33, 133) + distance(mesh, 263, 362);

    return width > 0 ? (distance(mesh, 159, 145) + distance(mesh, 386, 374)) / width : 0;
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* With the interval that goes on. */
static int64_t longest_open(const struct bf_motion_evidence *m)
{
    return m->has_eyes ? longer(m->longest_open_us, m->eyes_us - m->open_us) : 0;
}

static void add_eyes(struct bf_motion_evidence *m, const struct bf_face *face,
                     const struct bf_point3 *mesh, int64_t pts_us)
{
    const double gap[2] = {(double)face->eye[BF_EYE_RIGHT].gap, (double)face->eye[BF_EYE_LEFT].gap},
                 both[2] = {(gap[0] + gap[1]) / 2, mesh_gap(mesh)};
    int64_t dt_us = pts_us - m->eyes_us;

    if (face->openness < 0)
        return;
    if (!m->has_eyes || dt_us > STRETCH_US) {
        m->longest_open_us = longest_open(m);
        m->has_eyes = true;
        m->stretch_us = m->open_us = pts_us;
        dt_us = 0;
    }
    m->eyes_us = pts_us;
    m->seen_us += dt_us;
    m->longest_stretch_us = longer(m->longest_stretch_us, pts_us - m->stretch_us);
    if (fabsf(face->pose.yaw_deg) <= EYE_HIDDEN) {
        pair_add(&m->sides, gap, dt_us);
        pair_add(&m->regions, both, dt_us);
    } else {
        m->sides.n_last = m->regions.n_last = 0;
    }
}

enum bf_err bf_motion_evidence_add(struct bf_motion_evidence *m, const struct bf_face *face,
                                   const struct bf_point3 *mesh, float width, float height,
                                   int64_t pts_us, struct bf_error *err)
{
    (void)err;
    add_pose(m, face->pose.yaw_deg, mesh, width, height, pts_us);
    add_eyes(m, face, mesh, pts_us);
    return BF_OK;
}

enum bf_err bf_motion_evidence_blink(struct bf_motion_evidence *m, const struct bf_blink *blink,
                                     struct bf_error *err)
{
    (void)err;
    m->n_blinks++;
    m->depth += (double)blink->completeness;
    bf_tally_add(&m->length, (double)blink->duration_us / 1e6);
    m->longest_open_us = longer(m->longest_open_us, blink->onset_us - m->open_us);
    m->open_us = longer(m->open_us, blink->onset_us + blink->duration_us);
    return BF_OK;
}

float bf_motion_evidence_pose_gap(const struct bf_motion_evidence *m)
{
    return m->pose_gap;
}

void bf_motion_evidence_finish(double cue[BF_CUES], const struct bf_motion_evidence *m)
{
    bool long_enough = m->longest_stretch_us >= SEEN_LEAST_US;

    cue[BF_CUE_POSE_GAP] = m->gap.n >= FRAMES_LEAST ? bf_tally_quantile(&m->gap, 0.5) : (double)NAN;
    cue[BF_CUE_POSE_DRIFT] =
        m->drift.n >= FRAMES_LEAST ? bf_tally_quantile(&m->drift, 0.5) : (double)NAN;
    cue[BF_CUE_BLINK_RATE] =
        long_enough ? (double)m->n_blinks * 60e6 / (double)m->seen_us : (double)NAN;
    cue[BF_CUE_OPEN_LONGEST] = long_enough ? (double)longest_open(m) / 1e6 : (double)NAN;
    cue[BF_CUE_BLINK_LENGTH] = bf_tally_quantile(&m->length, 0.5);
    cue[BF_CUE_BLINK_DEPTH] = m->n_blinks > 0 ? m->depth / (double)m->n_blinks : (double)NAN;
    cue[BF_CUE_BLINK_SIDES] = pair_correlation(&m->sides);
    cue[BF_CUE_BLINK_REGIONS] = pair_correlation(&m->regions);
}
