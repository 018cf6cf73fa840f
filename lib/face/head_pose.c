#include "lib/face/head_pose.h"
#include "lib/face/canonical_face.h"

#include <math.h>

enum { POSIT_ROUNDS = 8, REFINE_ROUNDS = 20, PARAMS = 6 };

static const double degree = 3.14159265358979323846 / 180;

/* r and t take the canonical face, in centimetres, to the camera's axes. */
struct placed {
    double r[9], t[3];
};

struct problem {
    const struct bf_point2 *at;
    const uint16_t *index;
    size_t n;
    double cx, cy, focal;
};

static void canonical(double out[3], unsigned k)
{
    int i;

    for (i = 0; i < 3; i++)
        out[i] = bf_canonical_face[k][i] / 1000.0;
}

static double dot3(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross3(double *out, const double *a, const double *b)
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* Solves the symmetric, positive definite m x = b of size n in place; false where it is not. */
static bool solve(double *m, double *b, int n)
{
    int i, j, k;

    for (j = 0; j < n; j++) {
        for (k = 0; k < j; k++)
            m[j * n + j] -= m[j * n + k] * m[j * n + k];
        if (!(m[j * n + j] > 1e-12))
            return false;
        m[j * n + j] = sqrt(m[j * n + j]);
        for (i = j + 1; i < n; i++) {
            for (k = 0; k < j; k++)
                m[i * n + j] -= m[i * n + k] * m[j * n + k];
            m[i * n + j] /= m[j * n + j];
        }
    }
    for (i = 0; i < n; i++) {
        for (k = 0; k < i; k++)
            b[i] -= m[i * n + k] * b[k];
        b[i] /= m[i * n + i];
    }
    for (i = n - 1; i >= 0; i--) {
        for (k = i + 1; k < n; k++)
            b[i] -= m[k * n + i] * b[k];
        b[i] /= m[i * n + i];
    }
    return true;
}

/* Rows a and b of a scaled rotation, noisy: the nearest pair at right angles and of one length. */
static bool rotation_of_rows(struct placed *p, double *scale, double *a, double *b)
{
    double la, lb, d, k[3];
    int i;

    for (i = 0; i < 2; i++) {
        la = dot3(a, a);
        lb = dot3(b, b);
        if (!(la > 1e-18) || !(lb > 1e-18))
            return false;
        d = dot3(a, b) / (la + lb);
        for (int j = 0; j < 3; j++) {
            double aj = a[j];

            a[j] -= d * b[j];
            b[j] -= d * aj;
        }
    }
    la = sqrt(dot3(a, a));
    lb = sqrt(dot3(b, b));
    *scale = (la + lb) / 2;
    for (i = 0; i < 3; i++) {
        p->r[i] = a[i] / la;
        p->r[3 + i] = b[i] / lb;
    }
    d = dot3(p->r, p->r + 3);
    for (i = 0; i < 3; i++)
        p->r[3 + i] -= d * p->r[i];
    lb = sqrt(dot3(p->r + 3, p->r + 3));
    for (i = 0; i < 3; i++)
        p->r[3 + i] /= lb;
    cross3(k, p->r, p->r + 3);
    memcpy(p->r + 6, k, sizeof k);
    return true;
}

/* Scaled orthography, with each point's depth corrected from round to round. */
static bool start(struct placed *p, const struct problem *q)
{
    double mean[3] = {0};
    size_t i;
    int round, j, k;

    for (i = 0; i < q->n; i++) {
        double c[3];

        canonical(c, q->index[i]);
        for (j = 0; j < 3; j++)
            mean[j] += c[j] / (double)q->n;
    }
    memset(p, 0, sizeof *p);
    for (round = 0; round < POSIT_ROUNDS; round++) {
        double m[16] = {0}, m2[16], bx[4] = {0}, by[4] = {0}, scale;

        for (i = 0; i < q->n; i++) {
            double c[4], w = 1, u, v;

            canonical(c, q->index[i]);
            for (j = 0; j < 3; j++)
                c[j] -= mean[j];
            c[3] = 1;
            if (round > 0)
                w = 1 + dot3(p->r + 6, c) / p->t[2];
            u = ((double)q->at[i].x - q->cx) / q->focal * w;
            v = ((double)q->at[i].y - q->cy) / q->focal * w;
            for (j = 0; j < 4; j++) {
                bx[j] += c[j] * u;
                by[j] += c[j] * v;
                for (k = 0; k < 4; k++)
                    m[j * 4 + k] += c[j] * c[k];
            }
        }
        memcpy(m2, m, sizeof m);
        if (!solve(m, bx, 4) || !solve(m2, by, 4) || !rotation_of_rows(p, &scale, bx, by))
            return false;
        p->t[2] = 1 / scale;
        p->t[0] = bx[3] / scale;
        p->t[1] = by[3] / scale;
        if (!isfinite(p->t[2]) || p->t[2] <= 0)
            return false;
    }
    /* So far the translation is that of the points' middle. */
    for (j = 0; j < 3; j++)
        p->t[j] -= dot3(p->r + 3 * j, mean);
    return true;
}

/* The squared distances' sum, and with jtj its derivatives by a small turn and a shift. */
static double evaluate(double jtj[PARAMS * PARAMS], double jtr[PARAMS], const struct placed *p,
                       const struct problem *q)
{
    double sum = 0;
    size_t i;
    int j, k;

    if (jtj != NULL) {
        memset(jtj, 0, PARAMS * PARAMS * sizeof *jtj);
        memset(jtr, 0, PARAMS * sizeof *jtr);
    }
    for (i = 0; i < q->n; i++) {
        double c[3], r[3], x, y, z, ex, ey, fz;

        canonical(c, q->index[i]);
        for (j = 0; j < 3; j++)
            r[j] = dot3(p->r + 3 * j, c);
        x = r[0] + p->t[0];
        y = r[1] + p->t[1];
        z = r[2] + p->t[2];
        if (!(z > 1))
            return (double)INFINITY;
        fz = q->focal / z;
        ex = q->cx + fz * x - (double)q->at[i].x;
        ey = q->cy + fz * y - (double)q->at[i].y;
        sum += ex * ex + ey * ey;
        if (jtj != NULL) {
            /* d/dw of (w x r) is (0, rz, -ry), (-rz, 0, rx), (ry, -rx, 0) */
            const double gx[PARAMS] = {
                -fz * x / z * r[1], fz * (r[2] + x / z * r[0]), -fz * r[1], fz, 0, -fz * x / z};
            const double gy[PARAMS] = {
                -fz * (r[2] + y / z * r[1]), fz * y / z * r[0], fz * r[0], 0, fz, -fz * y / z};

            for (j = 0; j < PARAMS; j++) {
                jtr[j] += gx[j] * ex + gy[j] * ey;
                for (k = 0; k < PARAMS; k++)
                    jtj[j * PARAMS + k] += gx[j] * gx[k] + gy[j] * gy[k];
            }
        }
    }
    return sum;
}

/* Rodrigues: turns the rows of p by the vector w. */
static void turn(struct placed *p, const double w[3])
{
    double angle = sqrt(dot3(w, w)), axis[3] = {1, 0, 0}, out[9];
    int i, j;

    if (angle > 1e-15)
        for (i = 0; i < 3; i++)
            axis[i] = w[i] / angle;
    for (j = 0; j < 3; j++) {
        double v[3] = {p->r[j], p->r[3 + j], p->r[6 + j]}, x[3], d = dot3(axis, v);

        cross3(x, axis, v);
        for (i = 0; i < 3; i++)
            out[3 * i + j] = v[i] * cos(angle) + x[i] * sin(angle) + axis[i] * d * (1 - cos(angle));
    }
    memcpy(p->r, out, sizeof out);
}

static double refine(struct placed *p, const struct problem *q)
{
    double jtj[PARAMS * PARAMS], jtr[PARAMS], best = evaluate(jtj, jtr, p, q), damp = 1e-3;
    int round, i;

    for (round = 0; round < REFINE_ROUNDS && isfinite(best); round++) {
        double m[PARAMS * PARAMS], step[PARAMS], next;
        struct placed tried = *p;

        memcpy(m, jtj, sizeof m);
        for (i = 0; i < PARAMS; i++) {
            m[i * PARAMS + i] += damp * (m[i * PARAMS + i] + 1e-9);
            step[i] = -jtr[i];
        }
        if (!solve(m, step, PARAMS))
            return (double)INFINITY;
        turn(&tried, step);
        for (i = 0; i < 3; i++)
            tried.t[i] += step[3 + i];
        next = evaluate(NULL, NULL, &tried, q);
        if (next < best) {
            bool done = best - next < 1e-9 * best;

            *p = tried;
            damp /= 10;
            if (done)
                return next;
            best = evaluate(jtj, jtr, p, q);
        } else if ((damp *= 10) > 1e6) {
            break;
        }
    }
    return best;
}

/* The camera's axes are the canonical face's with y and z turned round. */
static void angles(struct bf_head_pose *out, const double r[9])
{
    double h20 = r[6], h21 = -r[7], h22 = -r[8], h00 = r[0], h10 = r[3];

    out->yaw_deg = (float)(asin(h20 < -1 ? -1 : h20 > 1 ? 1 : h20) / degree);
    out->pitch_deg = (float)(-atan2(h21, h22) / degree);
    out->roll_deg = (float)(atan2(h10, h00) / degree);
}

void bf_head_pose_rotation(float rotation[9], float yaw_deg, float pitch_deg, float roll_deg)
{
    double b = -(double)yaw_deg * degree, a = -(double)pitch_deg * degree,
           g = (double)roll_deg * degree;
    double ca = cos(a), sa = sin(a), cb = cos(b), sb = sin(b), cg = cos(g), sg = sin(g);
    const double h[9] = {cg * cb,
                         cg * sb * sa - sg * ca,
                         cg * sb * ca + sg * sa,
                         sg * cb,
                         sg * sb * sa + cg * ca,
                         sg * sb * ca - cg * sa,
                         -sb,
                         cb * sa,
                         cb * ca};
    int i;

    for (i = 0; i < 9; i++)
        rotation[i] = (float)(i % 3 == 0 ? h[i] : -h[i]);
}

bool bf_head_pose_solve(struct bf_head_pose *out, const struct bf_point2 *at, const uint16_t *index,
                        size_t n, struct bf_point2 centre, float focal)
{
    const struct problem q = {.at = at,
                              .index = index,
                              .n = n,
                              .cx = (double)centre.x,
                              .cy = (double)centre.y,
                              .focal = (double)focal};
    struct placed p;
    double sum;
    int i;

    if (n < 6 || !(focal > 0) || !start(&p, &q))
        return false;
    sum = refine(&p, &q);
    if (!isfinite(sum) || p.t[2] <= 0)
        return false;
    for (i = 0; i < 9; i++)
        out->rotation[i] = (float)p.r[i];
    for (i = 0; i < 3; i++)
        out->translation[i] = (float)p.t[i];
    out->error_px = (float)sqrt(sum / (double)n);
    angles(out, p.r);
    return true;
}

bool bf_head_pose_of_mesh(struct bf_head_pose *out, const struct bf_point3 *mesh, float width,
                          float height)
{
    struct bf_point2 at[BF_RIGID_POINTS];
    size_t i;

    for (i = 0; i < BF_RIGID_POINTS; i++)
        at[i] = (struct bf_point2){mesh[bf_rigid_points[i]].x, mesh[bf_rigid_points[i]].y};
    return bf_head_pose_solve(out, at, bf_rigid_points, BF_RIGID_POINTS,
                              (struct bf_point2){width / 2, height / 2}, width);
}

struct bf_point2 bf_head_pose_project(const struct bf_head_pose *pose, unsigned k,
                                      struct bf_point2 centre, float focal)
{
    double c[3], v[3];
    int i, j;

    canonical(c, k);
    for (i = 0; i < 3; i++) {
        v[i] = (double)pose->translation[i];
        for (j = 0; j < 3; j++)
            v[i] += (double)pose->rotation[3 * i + j] * c[j];
    }
    return (struct bf_point2){(float)((double)centre.x + (double)focal * v[0] / v[2]),
                              (float)((double)centre.y + (double)focal * v[1] / v[2])};
}
