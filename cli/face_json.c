#include "cli/face_json.h"

#include <inttypes.h>
#include <math.h>

/* x with so many digits after the point, at most 3; JSON has no word for what is not a number. */
static void put_number(struct bf_buf *out, float x, int digits)
{
    static const int unit[] = {1, 10, 100, 1000};
    char text[32], *p = text + sizeof text;
    uint64_t v;
    int i = 0;

    if (!isfinite(x) || fabsf(x) > 1e12f) {
        bf_buf_append(out, "null", 4);
        return;
    }
    v = (uint64_t)(fabs((double)x) * unit[digits] + 0.5);
    if (x < 0 && v > 0)
        bf_buf_append(out, "-", 1);
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
        if (++i == digits)
            *--p = '.';
    } while (v > 0 || i <= digits);
    bf_buf_append(out, p, (size_t)(text + sizeof text - p));
}

static void put_text(struct bf_buf *out, const char *text)
{
    while (*text != '\0')
        bf_buf_put_u8(out, (uint8_t)*text++);
}

static void put_field(struct bf_buf *out, const char *name, float x, int digits)
{
    bf_buf_printf(out, ",\"%s\":", name);
    put_number(out, x, digits);
}

static void put_points(struct bf_buf *out, const struct bf_point2 *p, int n)
{
    int i;

    put_text(out, "[");
    for (i = 0; i < n; i++) {
        put_text(out, i ? ",[" : "[");
        put_number(out, p[i].x, 1);
        put_text(out, ",");
        put_number(out, p[i].y, 1);
        put_text(out, "]");
    }
    put_text(out, "]");
}

static void put_eye(struct bf_buf *out, const char *name, const struct bf_face_eye *e, bool points)
{
    bf_buf_printf(out, "\"%s\":{\"gap\":", name);
    put_number(out, e->gap, 3);
    if (points) {
        put_text(out, ",\"lid\":");
        put_points(out, e->lid, BF_FACE_LID_POINTS);
        put_text(out, ",\"iris\":");
        put_points(out, e->iris, BF_FACE_IRIS_POINTS);
    }
    put_text(out, "}");
}

static void begin(struct bf_buf *out, const char *kind, const char *file)
{
    bf_buf_printf(out, "{\"schema\":\"" BF_FACES_SCHEMA "\",\"kind\":\"%s\",\"file\":", kind);
    put_text(out, file);
}

void bf_face_json_face(struct bf_buf *out, const char *file, uint64_t frame, int64_t pts_us,
                       const struct bf_face *f, bool landmarks)
{
    const float box[4] = {f->box.left, f->box.top, f->box.right, f->box.bottom};
    int i;

    begin(out, "face", file);
    bf_buf_printf(out, ",\"frame\":%" PRIu64 ",\"pts_us\":%" PRId64 ",\"track\":%" PRIu32, frame,
                  pts_us, f->track);
    for (i = 0; i < 4; i++) {
        put_text(out, i ? "," : ",\"box\":[");
        put_number(out, box[i], 1);
    }
    put_text(out, "]");
    put_field(out, "score", f->score, 3);
    put_field(out, "presence", f->presence, 3);
    put_text(out, ",\"pose\":{\"yaw\":");
    put_number(out, f->pose.yaw_deg, 1);
    put_field(out, "pitch", f->pose.pitch_deg, 1);
    put_field(out, "roll", f->pose.roll_deg, 1);
    put_text(out, "}");
    if (f->openness >= 0)
        put_field(out, "openness", f->openness, 3);
    else
        put_text(out, ",\"openness\":null");
    put_text(out, ",\"eyes\":{");
    put_eye(out, "right", &f->eye[BF_EYE_RIGHT], landmarks);
    put_text(out, ",");
    put_eye(out, "left", &f->eye[BF_EYE_LEFT], landmarks);
    put_text(out, "}");
    put_field(out, "sharpness", f->sharpness, 3);
    put_field(out, "quality", f->quality, 3);
    if (landmarks) {
        put_text(out, ",\"landmarks\":[");
        for (i = 0; i < BF_FACE_POINTS; i++) {
            put_text(out, i ? ",[" : "[");
            put_number(out, f->point[i].x, 1);
            put_text(out, ",");
            put_number(out, f->point[i].y, 1);
            put_text(out, ",");
            put_number(out, f->point[i].z, 1);
            put_text(out, "]");
        }
        put_text(out, "]");
    }
    put_text(out, "}\n");
}

void bf_face_json_blink(struct bf_buf *out, const char *file, const struct bf_blink *b)
{
    begin(out, "blink", file);
    bf_buf_printf(out,
                  ",\"track\":%" PRIu32 ",\"onset_us\":%" PRId64 ",\"duration_us\":%" PRId64
                  ",\"closed_us\":%" PRId64,
                  b->track, b->onset_us, b->duration_us, b->closed_us);
    put_field(out, "completeness", b->completeness, 3);
    put_text(out, "}\n");
}

void bf_face_json_track(struct bf_buf *out, const char *file, const struct bf_track_sum *t)
{
    begin(out, "track", file);
    bf_buf_printf(out,
                  ",\"track\":%" PRIu32 ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64
                  ",\"frames\":%" PRIu64 ",\"blinks\":%" PRIu64,
                  t->track, t->first_us, t->last_us, t->n_frames, t->n_blinks);
    put_field(out, "quality", (float)(t->quality / (double)t->n_frames), 3);
    put_text(out, "}\n");
}

void bf_face_json_end(struct bf_buf *out, const char *file, uint64_t n_frames,
                      uint64_t n_frames_with_face, size_t n_tracks, uint64_t n_blinks,
                      int64_t end_us)
{
    begin(out, "end", file);
    bf_buf_printf(out,
                  ",\"frames\":%" PRIu64 ",\"frames_with_face\":%" PRIu64
                  ",\"tracks\":%zu,\"blinks\":%" PRIu64 ",\"duration_us\":%" PRId64 "}\n",
                  n_frames, n_frames_with_face, n_tracks, n_blinks, end_us);
}
