#include "cli/face_overlay.h"

#include <math.h>

/* Safe for the colour-blind; neighbours differ. */
static const struct bf_rgb palette[] = {{86, 180, 233}, {230, 159, 0},   {0, 158, 115},
                                        {240, 228, 66}, {204, 121, 167}, {213, 94, 0}};

static const struct bf_rgb white = {255, 255, 255}, black = {0, 0, 0}, red = {230, 40, 40},
                           green = {60, 200, 60}, blue = {60, 110, 255};

/* Digits, three by five, a row in each three bits from the top. */
static const uint16_t digit[10] = {075557, 026227, 071747, 071717, 055711,
                                   074717, 074757, 071122, 075757, 075717};

static void dot(struct bf_picture *p, float x, float y, int size, struct bf_rgb c, uint8_t alpha)
{
    int ix, iy;

    if (!(x > -1e6f && x < 1e6f && y > -1e6f && y < 1e6f))
        return;
    ix = (int)floorf(x) - (size - 1) / 2;
    iy = (int)floorf(y) - (size - 1) / 2;
    bf_picture_fill(p, &(struct bf_rect){ix, iy, ix + size, iy + size}, c, alpha);
}

static void line(struct bf_picture *p, struct bf_point2 a, struct bf_point2 b, int thick,
                 struct bf_rgb c)
{
    float length = fmaxf(fabsf(b.x - a.x), fabsf(b.y - a.y));
    int n = length < 20000 ? (int)length + 1 : 0, i;

    for (i = 0; i <= n && n > 0; i++) {
        float s = (float)i / (float)n;

        dot(p, a.x + s * (b.x - a.x), a.y + s * (b.y - a.y), thick, c, 255);
    }
}

static void number(struct bf_picture *p, int x, int y, int scale, uint32_t n, struct bf_rgb c)
{
    char text[12];
    int len = snprintf(text, sizeof text, "%u", (unsigned)n), i, row, col;
    struct bf_rect back = {x - scale, y - scale, x + 4 * len * scale, y + 6 * scale};

    bf_picture_fill(p, &back, black, 160);
    for (i = 0; i < len; i++)
        for (row = 0; row < 5; row++)
            for (col = 0; col < 3; col++) {
                int left = x + (4 * i + col) * scale, top = y + row * scale;
                struct bf_rect r = {left, top, left + scale, top + scale};

                if (digit[text[i] - '0'] >> (3 * (4 - row) + 2 - col) & 1)
                    bf_picture_fill(p, &r, c, 255);
            }
}

static void draw_eye(struct bf_picture *p, const struct bf_face_eye *e, struct bf_rgb c)
{
    struct bf_point2 last = e->lid[0];
    int i;

    for (i = 1; i <= 8; i++) {
        line(p, last, e->lid[i], 1, c);
        last = e->lid[i];
    }
    for (i = 15; i >= 9; i--) {
        line(p, last, e->lid[i], 1, c);
        last = e->lid[i];
    }
    line(p, last, e->lid[0], 1, c);
    for (i = 0; i < BF_FACE_IRIS_POINTS; i++)
        dot(p, e->iris[i].x, e->iris[i].y, i == 0 ? 2 : 1, red, 255);
}

/* The rotation's columns as the camera sees them, from the tip of the nose. */
static void draw_axes(struct bf_picture *p, const struct bf_face *f, float length, int thick)
{
    static const int axis[3] = {0, 1, 2}, sign[3] = {1, -1, 1};
    const struct bf_rgb colour[3] = {red, green, blue};
    struct bf_point2 nose = {f->point[1].x, f->point[1].y};
    int i;

    for (i = 0; i < 3; i++) {
        struct bf_point2 end = {nose.x + (float)sign[i] * length * f->pose.rotation[axis[i]],
                                nose.y + (float)sign[i] * length * f->pose.rotation[3 + axis[i]]};

        line(p, nose, end, thick, colour[i]);
    }
}

static void bar(struct bf_picture *p, int left, int right, const struct bf_rect *box, float share,
                struct bf_rgb c)
{
    int full = box->bottom - box->top;
    struct bf_rect r = {left, box->top, right, box->bottom};

    share = share < 0 ? 0 : share > 1 ? 1 : share;
    bf_picture_fill(p, &r, black, 140);
    r.top = box->bottom - (int)((float)full * share);
    bf_picture_fill(p, &r, c, 255);
}

void bf_face_overlay_draw(struct bf_picture *p, const struct bf_face *f)
{
    struct bf_rgb c = palette[f->track % (sizeof palette / sizeof *palette)];
    struct bf_rect box = {(int)f->box.left, (int)f->box.top, (int)f->box.right, (int)f->box.bottom};
    float size = f->box.right - f->box.left;
    int thick = 1 + (int)(p->height / 500), scale = 1 + (int)(p->height / 300), i;
    int wide = 2 + (int)(size / 40);

    for (i = 0; i < BF_FACE_POINTS; i++)
        dot(p, f->point[i].x, f->point[i].y, size > 250 ? 2 : 1, c, size > 60 ? 200 : 90);
    for (i = 0; i < BF_EYES; i++)
        draw_eye(p, &f->eye[i], white);
    draw_axes(p, f, 0.4f * size, thick);
    bf_picture_outline(p, &box, thick, c);
    if (f->openness >= 0)
        bar(p, box.left - wide - 1, box.left - 1, &box, f->openness, white);
    bar(p, box.right + 1, box.right + wide + 1, &box, f->quality, c);
    number(p, box.left + 2 * scale, box.top + 2 * scale, scale, f->track, c);
}
