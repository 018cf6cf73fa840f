#include "lib/nn/safetensors.h"

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define METADATA "__metadata__"

struct bf_safetensors {
    struct bf_buf file; /* where it was opened, not parsed */
    json_t *header;     /* holds the names and texts */
    struct bf_safetensors_tensor *list;
    size_t n;
};

static const struct {
    const char *name;
    size_t size;
    enum bf_safetensors_type type;
} types[] = {
    {"F32", 4, BF_SAFETENSORS_F32},    {"F16", 2, BF_SAFETENSORS_F16},
    {"BF16", 2, BF_SAFETENSORS_BF16},  {"F64", 8, BF_SAFETENSORS_OTHER},
    {"I64", 8, BF_SAFETENSORS_OTHER},  {"U64", 8, BF_SAFETENSORS_OTHER},
    {"I32", 4, BF_SAFETENSORS_OTHER},  {"U32", 4, BF_SAFETENSORS_OTHER},
    {"I16", 2, BF_SAFETENSORS_OTHER},  {"U16", 2, BF_SAFETENSORS_OTHER},
    {"I8", 1, BF_SAFETENSORS_OTHER},   {"U8", 1, BF_SAFETENSORS_OTHER},
    {"BOOL", 1, BF_SAFETENSORS_OTHER},
};

static enum bf_err bad(struct bf_error *err, const char *file, const char *what)
{
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' is not a weight file: %s", file, what);
}

/* A whole number from 0 to max. */
static bool whole(size_t *out, const json_t *j, size_t max)
{
    json_int_t v = json_integer_value(j);

    if (!json_is_integer(j) || v < 0 || (uint64_t)v > max)
        return false;
    *out = (size_t)v;
    return true;
}

static bool short_text(const char *text, size_t max)
{
    return strlen(text) < max && !bf_text_has_control(text, strlen(text));
}

static bool parse_shape(struct bf_safetensors_tensor *t, const json_t *shape, size_t most)
{
    size_t i;

    if (!json_is_array(shape) || json_array_size(shape) > BF_SAFETENSORS_DIMS_MAX)
        return false;
    t->n_dims = (int)json_array_size(shape);
    t->n = 1;
    for (i = 0; i < (size_t)t->n_dims; i++) {
        if (!whole(&t->shape[i], json_array_get(shape, i), most) ||
            (t->shape[i] > 0 && t->n > most / t->shape[i]))
            return false;
        t->n *= t->shape[i];
    }
    return true;
}

/* NULL where all is well, or what is wrong. */
static const char *parse_tensor(struct bf_safetensors_tensor *t, const char *name,
                                const json_t *value, const uint8_t *data, size_t n_data)
{
    const json_t *offsets = json_object_get(value, "data_offsets");
    const char *type = json_string_value(json_object_get(value, "dtype"));
    size_t k, begin, end;

    if (!short_text(name, BF_SAFETENSORS_NAME_MAX))
        return "a tensor's name is too long or has a control character";
    if (!json_is_object(value) || json_object_size(value) != 3 || type == NULL)
        return "a tensor lacks its type, shape or place";
    for (k = 0; k < sizeof types / sizeof types[0]; k++)
        if (strcmp(type, types[k].name) == 0)
            break;
    if (k == sizeof types / sizeof types[0])
        return "a tensor is of an unknown type";
    if (!parse_shape(t, json_object_get(value, "shape"), BF_SAFETENSORS_FILE_MAX))
        return "a tensor's shape is bad";
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !whole(&begin, json_array_get(offsets, 0), n_data) ||
        !whole(&end, json_array_get(offsets, 1), n_data) || begin > end)
        return "a tensor's place is outside the file";
    if ((end - begin) % types[k].size != 0 || (end - begin) / types[k].size != t->n)
        return "a tensor's place does not fit its shape";
    t->name = name;
    t->type = types[k].type;
    t->data = data + begin;
    t->size = end - begin;
    return NULL;
}

static const char *check_metadata(json_t *metadata)
{
    const char *key;
    json_t *value;

    if (metadata == NULL)
        return NULL;
    if (!json_is_object(metadata))
        return "the metadata is no object";
    if (json_object_size(metadata) > BF_SAFETENSORS_METADATA_MAX)
        return "there is too much metadata";
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value) || !short_text(key, BF_SAFETENSORS_NAME_MAX) ||
            json_string_length(value) >= BF_SAFETENSORS_TEXT_MAX)
            return "a metadata entry is no short text";
    }
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct bf_safetensors_tensor *x = a, *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    /* Empty ones first, so that each begins where the one before ends. */
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const char *parse_header(struct bf_safetensors *s, const uint8_t *data, size_t n_data)
{
    const char *name, *why = check_metadata(json_object_get(s->header, METADATA));
    json_t *value;
    size_t i, at = 0;

    if (why != NULL)
        return why;
    json_object_foreach(s->header, name, value)
    {
        if (strcmp(name, METADATA) == 0)
            continue;
        why = parse_tensor(&s->list[s->n], name, value, data, n_data);
        if (why != NULL)
            return why;
        s->n++;
    }
    if (s->n > 0)
        qsort(s->list, s->n, sizeof *s->list, by_place);
    for (i = 0; i < s->n; i++) {
        if ((size_t)(s->list[i].data - data) != at)
            return "two tensors overlap, or there is a gap between them";
        at += s->list[i].size;
    }
    return at == n_data ? NULL : "bytes follow the last tensor";
}

enum bf_err bf_safetensors_parse(struct bf_safetensors **out, const void *data, size_t n,
                                 const char *name, struct bf_error *err)
{
    struct bf_safetensors *s;
    const uint8_t *p = data;
    uint64_t n_header = 0;
    const char *why;
    size_t i;

    *out = NULL;
    if (n < 8)
        return bad(err, name, "it is too short");
    for (i = 0; i < 8; i++)
        n_header |= (uint64_t)p[i] << (8 * i);
    if (n_header > BF_SAFETENSORS_HEADER_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the header of '%s' is larger than %zu bytes", name,
                            BF_SAFETENSORS_HEADER_MAX);
    if (n_header > n - 8 || n_header < 2 || p[8] != '{')
        return bad(err, name, "its header is cut off, or none");
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return bf_error_nomem(err);
    s->header = json_loadb((const char *)p + 8, (size_t)n_header, JSON_REJECT_DUPLICATES, NULL);
    if (s->header == NULL) {
        bf_safetensors_close(&s);
        return bad(err, name, "its header is no JSON");
    }
    if (json_object_size(s->header) > BF_SAFETENSORS_TENSORS_MAX) {
        bf_safetensors_close(&s);
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' has more than %d tensors", name,
                            BF_SAFETENSORS_TENSORS_MAX);
    }
    s->list = calloc(json_object_size(s->header) + 1, sizeof *s->list);
    if (s->list == NULL) {
        bf_safetensors_close(&s);
        return bf_error_nomem(err);
    }
    why = parse_header(s, p + 8 + n_header, n - 8 - (size_t)n_header);
    if (why != NULL) {
        bf_safetensors_close(&s);
        return bad(err, name, why);
    }
    *out = s;
    return BF_OK;
}

enum bf_err bf_safetensors_open(struct bf_safetensors **s, const char *path, struct bf_error *err)
{
    struct bf_buf file = {0};
    enum bf_err rc;

    *s = NULL;
    rc = bf_file_read(&file, path, BF_SAFETENSORS_FILE_MAX, err);
    if (rc == BF_OK)
        rc = bf_safetensors_parse(s, file.data, file.len, path, err);
    if (rc == BF_OK && *s != NULL)
        (*s)->file = file;
    else
        bf_buf_release(&file);
    return rc;
}

void bf_safetensors_close(struct bf_safetensors **s)
{
    if (*s == NULL)
        return;
    json_decref((*s)->header);
    bf_buf_release(&(*s)->file);
    free((*s)->list);
    free(*s);
    *s = NULL;
}

size_t bf_safetensors_count(const struct bf_safetensors *s)
{
    return s->n;
}

const struct bf_safetensors_tensor *bf_safetensors_at(const struct bf_safetensors *s, size_t i)
{
    return &s->list[i];
}

const struct bf_safetensors_tensor *bf_safetensors_find(const struct bf_safetensors *s,
                                                        const char *name)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        if (strcmp(s->list[i].name, name) == 0)
            return &s->list[i];
    return NULL;
}

const char *bf_safetensors_metadata(const struct bf_safetensors *s, const char *key)
{
    return json_string_value(json_object_get(json_object_get(s->header, METADATA), key));
}

static float from_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static float from_half(uint32_t h)
{
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ff;

    if (exponent == 31)
        return from_bits(sign | 0x7f800000 | mantissa << 13);
    if (exponent > 0)
        return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    return (sign != 0 ? -1.0f : 1.0f) * (float)mantissa * 0x1p-24f;
}

void bf_safetensors_read(float *out, const struct bf_safetensors_tensor *t)
{
    const uint8_t *p = t->data;
    size_t i;

    for (i = 0; i < t->n; i++)
        if (t->type == BF_SAFETENSORS_F32)
            out[i] = from_bits((uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 |
                               (uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24);
        else if (t->type == BF_SAFETENSORS_BF16)
            out[i] = from_bits((uint32_t)p[2 * i] << 16 | (uint32_t)p[2 * i + 1] << 24);
        else
            out[i] = from_half((uint32_t)p[2 * i] | (uint32_t)p[2 * i + 1] << 8);
}

/* --- writing
 * -------------------------------------------------------------------------------------- */

static size_t floats_of(const struct bf_safetensors_item *item)
{
    size_t n = 1;
    int i;

    for (i = 0; i < item->n_dims; i++)
        n *= item->shape[i];
    return n;
}

static json_t *header_of(const struct bf_safetensors_item *items, size_t n_items,
                         const struct bf_safetensors_text *texts, size_t n_texts)
{
    json_t *header = json_object(), *metadata = json_object();
    size_t i, at = 0, end;
    int d, rc = 0;

    for (i = 0; i < n_texts; i++)
        rc |= json_object_set_new(metadata, texts[i].key, json_string(texts[i].value));
    rc |= json_object_set_new(header, METADATA, metadata);
    for (i = 0; i < n_items; i++, at = end) {
        json_t *shape = json_array();

        end = at + floats_of(&items[i]) * (items[i].half ? 2 : 4);
        for (d = 0; d < items[i].n_dims; d++)
            rc |= json_array_append_new(shape, json_integer((json_int_t)items[i].shape[d]));
        rc |= json_object_set_new(header, items[i].name,
                                  json_pack("{s:s, s:o, s:[I, I]}", "dtype",
                                            items[i].half ? "F16" : "F32", "shape", shape,
                                            "data_offsets", (json_int_t)at, (json_int_t)end));
    }
    if (rc != 0) {
        json_decref(header);
        return NULL;
    }
    return header;
}

/* The nearest half, ties to even; beyond 65504 infinity. */
static uint16_t to_half(uint32_t bits)
{
    uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff, shift, m;

    if (rest >= 0x7f800000)
        return (uint16_t)(sign | 0x7c00 | (rest > 0x7f800000 ? 0x200 : 0));
    if (rest >= 0x47800000)
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x33000000)
        return (uint16_t)sign;
    if (rest >= 0x38800000) {
        m = rest - 0x38000000;
        shift = 13;
    } else {
        shift = 126 - (rest >> 23);
        m = (rest & 0x7fffff) | 0x800000;
    }
    m += (1u << (shift - 1)) - 1 + (m >> shift & 1);
    return (uint16_t)(sign | m >> shift);
}

/* Little-endian, in pieces: a file is the same wherever it was written. */
static enum bf_err put_floats(struct bf_output *out, const float *v, size_t n, bool half,
                              struct bf_error *err)
{
    uint8_t bytes[4096];
    size_t i, k = 0;
    enum bf_err rc = BF_OK;

    for (i = 0; i < n && rc == BF_OK; i++) {
        uint32_t bits;

        memcpy(&bits, &v[i], sizeof bits);
        if (half)
            bits = to_half(bits);
        bytes[k++] = (uint8_t)bits;
        bytes[k++] = (uint8_t)(bits >> 8);
        if (!half) {
            bytes[k++] = (uint8_t)(bits >> 16);
            bytes[k++] = (uint8_t)(bits >> 24);
        }
        if (k == sizeof bytes || i + 1 == n) {
            rc = bf_output_write(out, bytes, k, err);
            k = 0;
        }
    }
    return rc;
}

enum bf_err bf_safetensors_write(const char *path, unsigned flags,
                                 const struct bf_safetensors_item *items, size_t n_items,
                                 const struct bf_safetensors_text *texts, size_t n_texts,
                                 struct bf_error *err)
{
    static const char spaces[] = "        ";
    json_t *header = header_of(items, n_items, texts, n_texts);
    struct bf_output *out = NULL;
    char *text = NULL;
    uint8_t length[8];
    size_t i, n, pad;
    enum bf_err rc;

    if (header != NULL)
        text = json_dumps(header, JSON_COMPACT);
    if (text == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    /* The tensors begin at a multiple of eight. */
    n = strlen(text);
    pad = (8 - n % 8) % 8;
    if (n + pad > BF_SAFETENSORS_HEADER_MAX) {
        rc = bf_error_set(err, BF_ERR_LIMIT, "the header of '%s' would be too large", path);
        goto out;
    }
    for (i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)(n + pad) >> (8 * i));
    if ((rc = bf_output_open(&out, path, flags, err)) != BF_OK ||
        (rc = bf_output_write(out, length, sizeof length, err)) != BF_OK ||
        (rc = bf_output_write(out, text, n, err)) != BF_OK ||
        (rc = bf_output_write(out, spaces, pad, err)) != BF_OK)
        goto out;
    for (i = 0; i < n_items; i++)
        if ((rc = put_floats(out, items[i].data, floats_of(&items[i]), items[i].half, err)) !=
            BF_OK)
            goto out;
    rc = bf_output_commit(out, err);
out:
    bf_output_close(&out);
    json_decref(header);
    free(text);
    return rc;
}
