#include "generator/face_set.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

enum {
    SET_BYTES_MAX = 1 << 30,
    SIZE_MIN = 64,
    SIZE_MAX_PIXELS = 1024,
    SOURCES_MAX = 100000,
    POINT_UNIT = 20,     /* landmarks are written as twentieths of a pixel */
    IDENTITY_UNIT = 1000 /* descriptors as thousandths of their length */
};

#define ROUNDING 0.01f /* of a squared length, by thousandths of 1,024 numbers: some .001 */

/* Two descriptors' product from which on they are one person's: between what lib/face's tracks call
 * the same and another, since groups are means of many. */
#define SAME_PERSON 0.6f

void bf_face_set_release(struct bf_face_set *set)
{
    size_t i;

    for (i = 0; i < set->n_sources; i++)
        free(set->source[i]);
    free(set->source);
    free(set->face);
    free(set->subject);
    free(set->dir);
    *set = (struct bf_face_set){0};
}

/* Room for one more in a list of n that grows by doubling. */
static bool grow(void *list, size_t n, size_t item)
{
    void *p;

    if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
        return true;
    p = realloc(*(void **)list, (n < 16 ? 16 : 2 * n) * item);
    if (p == NULL)
        return false;
    *(void **)list = p;
    return true;
}

enum bf_err bf_face_set_source(unsigned *index, struct bf_face_set *set, const char *name,
                               struct bf_error *err)
{
    size_t i;

    /* The last one is nearly always the one that is asked for. */
    for (i = set->n_sources; i-- > 0;)
        if (strcmp(set->source[i], name) == 0) {
            *index = (unsigned)i;
            return BF_OK;
        }
    if (set->n_sources == SOURCES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "a set has faces of at most %d files", SOURCES_MAX);
    if (!grow(&set->source, set->n_sources, sizeof *set->source))
        return bf_error_nomem(err);
    set->source[set->n_sources] = strdup(name);
    if (set->source[set->n_sources] == NULL)
        return bf_error_nomem(err);
    *index = (unsigned)set->n_sources++;
    return BF_OK;
}

struct bf_set_face *bf_face_set_add(struct bf_face_set *set)
{
    if (set->n == BF_SET_FACES_MAX || !grow(&set->face, set->n, sizeof *set->face))
        return NULL;
    memset(&set->face[set->n], 0, sizeof *set->face);
    return &set->face[set->n++];
}

/* --- reading
 * ------------------------------------------------------------------------------------------ */

static bool get_float(float *out, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_number(v))
        return false;
    *out = (float)json_number_value(v);
    return isfinite(*out);
}

static bool get_index(uint64_t *out, const json_t *o, const char *name, uint64_t max)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

/* n integers, each divided by unit. */
static bool get_list(float *out, size_t n, const json_t *o, const char *name, int unit)
{
    const json_t *list = json_object_get(o, name);
    size_t i;

    if (!json_is_array(list) || json_array_size(list) != n)
        return false;
    for (i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);

        if (!json_is_integer(v) || llabs(json_integer_value(v)) > 10000000)
            return false;
        out[i] = (float)json_integer_value(v) / (float)unit;
    }
    return true;
}

/* Only a name that this folder gives: digits and .png, so that no line can name another file. */
static bool is_face_file(const char *name)
{
    size_t n = strspn(name, "0123456789");

    return n >= 1 && n < BF_SET_FILE_MAX - 5 && strcmp(name + n, ".png") == 0;
}

static bool read_face(struct bf_set_face *f, struct bf_face_set *set, const json_t *o)
{
    const char *file = json_string_value(json_object_get(o, "file"));
    const char *source = json_string_value(json_object_get(o, "source"));
    uint64_t track, pts;
    float norm = 0;
    int i;

    if (file == NULL || source == NULL || !is_face_file(file) ||
        bf_face_set_source(&f->source, set, source, NULL) != BF_OK)
        return false;
    snprintf(f->file, sizeof f->file, "%s", file);
    if (!get_index(&f->frame, o, "frame", UINT32_MAX) || !get_index(&pts, o, "pts_us", INT64_MAX) ||
        !get_index(&track, o, "track", UINT32_MAX) || !get_float(&f->yaw_deg, o, "yaw") ||
        !get_float(&f->pitch_deg, o, "pitch") || !get_float(&f->roll_deg, o, "roll") ||
        !get_float(&f->gap[BF_EYE_RIGHT], o, "gap_right") ||
        !get_float(&f->gap[BF_EYE_LEFT], o, "gap_left") ||
        !get_float(&f->sharpness, o, "sharpness") || !get_float(&f->quality, o, "quality") ||
        !get_float(&f->size, o, "size") ||
        !get_list(&f->point[0].x, (size_t)2 * BF_FACE_POINTS, o, "landmarks", POINT_UNIT) ||
        !get_list(f->identity, BF_IDENTITY_DIM, o, "identity", IDENTITY_UNIT))
        return false;
    f->pts_us = (int64_t)pts;
    f->track = (uint32_t)track;
    for (i = 0; i < BF_IDENTITY_DIM; i++)
        norm += f->identity[i] * f->identity[i];
    /* What is at unit length but for its rounding stays, so that saving it again changes nothing.
     */
    for (i = 0; i < BF_IDENTITY_DIM && norm > 0 && fabsf(norm - 1) > ROUNDING; i++)
        f->identity[i] /= sqrtf(norm);
    return true;
}

static bool read_head(struct bf_face_set *set, const json_t *o)
{
    const char *schema = json_string_value(json_object_get(o, "schema"));
    const char *hash = json_string_value(json_object_get(o, "subject_sha256"));
    const char *subject = json_string_value(json_object_get(o, "subject"));
    const json_t *crowd = json_object_get(o, "crowd");
    uint64_t size;

    if (schema == NULL || strcmp(schema, BF_SET_SCHEMA) != 0 || hash == NULL || subject == NULL ||
        (crowd != NULL && !json_is_boolean(crowd)) ||
        !bf_hex_parse(set->subject32, 32, hash, strlen(hash)) ||
        !get_index(&size, o, "size", SIZE_MAX_PIXELS) || size < SIZE_MIN)
        return false;
    set->size = (unsigned)size;
    set->crowd = json_is_true(crowd);
    set->subject = strdup(subject);
    return set->subject != NULL;
}

/* One line; its picture may be gone, which is no mistake. */
static bool read_line(struct bf_face_set *set, const char *p, size_t n, size_t number)
{
    json_t *o = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
    struct bf_set_face *f;
    char path[4096];
    bool good;

    if (number == 1) {
        good = json_is_object(o) && read_head(set, o);
    } else {
        f = bf_face_set_add(set);
        good = json_is_object(o) && f != NULL && read_face(f, set, o);
        if (good) {
            snprintf(path, sizeof path, "%s/%s", set->dir, f->file);
            if (access(path, F_OK) != 0)
                set->n--;
        }
    }
    json_decref(o);
    return good;
}

enum bf_err bf_face_set_load(struct bf_face_set *set, const char *dir, struct bf_error *err)
{
    struct bf_buf text = {0};
    size_t at = 0, number = 0;
    char path[4096];
    enum bf_err rc;

    *set = (struct bf_face_set){0};
    snprintf(path, sizeof path, "%s/faces.jsonl", dir);
    if (access(path, F_OK) != 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is no folder of faces: make one by 'bonafide swap extract'", dir);
    rc = bf_file_read(&text, path, SET_BYTES_MAX, err);
    set->dir = strdup(dir);
    if (rc == BF_OK && set->dir == NULL)
        rc = bf_error_nomem(err);
    while (rc == BF_OK && at < text.len) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t n = end != NULL ? (size_t)(end - text.data) - at : text.len - at;

        if (!read_line(set, (const char *)text.data + at, n, ++number))
            rc = bf_error_set(err, BF_ERR_FORMAT, "line %zu of '%s' is damaged", number, path);
        at += n + 1;
    }
    if (rc == BF_OK && number == 0)
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is empty", path);
    bf_buf_release(&text);
    if (rc != BF_OK)
        bf_face_set_release(set);
    return rc;
}

/* --- writing
 * ------------------------------------------------------------------------------------------ */

static json_t *list_of(const float *v, size_t n, int unit)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < n; i++)
        json_array_append_new(list, json_integer(lrintf(v[i] * (float)unit)));
    return list;
}

static json_t *number(float v)
{
    return json_real(round((double)v * 1000) / 1000);
}

/* A name that is not UTF-8 is written with its bytes escaped. */
static json_t *text_of(const char *s)
{
    char clean[4096];

    if (bf_text_is_utf8(s, strlen(s)))
        return json_string(s);
    bf_text_escape(clean, sizeof clean, s, strlen(s));
    return json_string(clean);
}

static json_t *face_line(const struct bf_face_set *set, const struct bf_set_face *f)
{
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "file", f->file, "source", text_of(set->source[f->source]), "frame",
                     (json_int_t)f->frame, "pts_us", (json_int_t)f->pts_us, "track",
                     (json_int_t)f->track, "size", number(f->size), "quality", number(f->quality),
                     "sharpness", number(f->sharpness), "yaw", number(f->yaw_deg), "pitch",
                     number(f->pitch_deg), "roll", number(f->roll_deg), "gap_right",
                     number(f->gap[BF_EYE_RIGHT]), "gap_left", number(f->gap[BF_EYE_LEFT]),
                     "landmarks", list_of(&f->point[0].x, (size_t)2 * BF_FACE_POINTS, POINT_UNIT),
                     "identity", list_of(f->identity, BF_IDENTITY_DIM, IDENTITY_UNIT));
}

static enum bf_err write_line(struct bf_output *out, json_t *o, struct bf_error *err)
{
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
    enum bf_err rc = text == NULL ? bf_error_nomem(err) : BF_OK;

    if (rc == BF_OK)
        rc = bf_output_write(out, text, strlen(text), err);
    if (rc == BF_OK)
        rc = bf_output_write(out, "\n", 1, err);
    free(text);
    json_decref(o);
    return rc;
}

enum bf_err bf_face_set_save(const struct bf_face_set *set, const char *dir, struct bf_error *err)
{
    struct bf_output *out = NULL;
    char path[4096], hash[65];
    json_t *head;
    enum bf_err rc;
    size_t i;

    bf_hex_format(hash, set->subject32, 32);
    snprintf(path, sizeof path, "%s/faces.jsonl", dir);
    rc = bf_output_open(&out, path, BF_OUTPUT_FORCE, err);
    if (rc == BF_OK) {
        head = json_pack("{s:s, s:i, s:o, s:s}", "schema", BF_SET_SCHEMA, "size", (int)set->size,
                         "subject", text_of(set->subject), "subject_sha256", hash);
        if (set->crowd)
            json_object_set_new(head, "crowd", json_true());
        rc = write_line(out, head, err);
    }
    for (i = 0; i < set->n && rc == BF_OK; i++)
        rc = write_line(out, face_line(set, &set->face[i]), err);
    if (rc == BF_OK)
        rc = bf_output_commit(out, err);
    bf_output_close(&out);
    return rc;
}

/* --- who is who
 * --------------------------------------------------------------------------------------- */

/* Faces of one track of one source: one person's, as lib/face's tracks are. */
struct group {
    unsigned source;
    uint32_t track;
    size_t n;
    int person; /* -1: not known yet */
    float sum[BF_IDENTITY_DIM];
};

static struct group *group_of(struct group *list, size_t n, const struct bf_set_face *f)
{
    size_t i;

    for (i = n; i-- > 0;)
        if (list[i].source == f->source && list[i].track == f->track)
            return &list[i];
    return NULL;
}

static float likeness(const float *a, const float *b)
{
    float ab = 0, aa = 0, bb = 0;
    int i;

    for (i = 0; i < BF_IDENTITY_DIM; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrtf(aa * bb) : 0;
}

/* The groups of one more person: the largest that is nobody's yet, and all that are like the sum of
 * those found so far. */
static void gather_person(struct group *g, size_t n, int person)
{
    struct group *first = NULL;
    float sum[BF_IDENTITY_DIM];
    bool more = true;
    size_t i, k;

    for (i = 0; i < n; i++)
        if (g[i].person < 0 && (first == NULL || g[i].n > first->n))
            first = &g[i];
    if (first == NULL)
        return;
    first->person = person;
    memcpy(sum, first->sum, sizeof sum);
    while (more) {
        more = false;
        for (i = 0; i < n; i++)
            if (g[i].person < 0 && likeness(g[i].sum, sum) >= SAME_PERSON) {
                g[i].person = person;
                more = true;
                for (k = 0; k < BF_IDENTITY_DIM; k++)
                    sum[k] += g[i].sum[k];
            }
    }
}

static size_t count_of(const unsigned *person, size_t n, unsigned who)
{
    size_t count = 0, i;

    for (i = 0; i < n; i++)
        count += person[i] == who;
    return count;
}

/* Number the persons by how many faces they have. */
static void rank(unsigned *person, size_t n, size_t n_people)
{
    unsigned i, k;
    size_t f;

    for (i = 0; i < n_people; i++) {
        unsigned best = i;

        for (k = i + 1; k < n_people; k++)
            if (count_of(person, n, k) > count_of(person, n, best))
                best = k;
        for (f = 0; best != i && f < n; f++)
            person[f] = person[f] == best ? i : person[f] == i ? best : person[f];
    }
}

size_t bf_face_set_people(unsigned *person, const struct bf_face_set *set)
{
    struct group *list = NULL, *g;
    size_t n_groups = 0, n_people = 0, i;
    int k;

    for (i = 0; i < set->n; i++) {
        const struct bf_set_face *f = &set->face[i];

        g = group_of(list, n_groups, f);
        if (g == NULL) {
            if (!grow(&list, n_groups, sizeof *list))
                break;
            g = &list[n_groups++];
            *g = (struct group){.source = f->source, .track = f->track, .person = -1};
        }
        g->n++;
        for (k = 0; k < BF_IDENTITY_DIM; k++)
            g->sum[k] += f->identity[k];
    }
    for (i = 0; i < n_groups; i++)
        if (list[i].person < 0) {
            gather_person(list, n_groups, (int)n_people++);
            i = (size_t)-1; /* the largest was taken, which need not be this one */
        }
    for (i = 0; i < set->n; i++) {
        g = group_of(list, n_groups, &set->face[i]);
        person[i] = g != NULL && g->person >= 0 ? (unsigned)g->person : 0;
    }
    rank(person, set->n, n_people);
    free(list);
    return n_people;
}
