#include "ledger/chain/record.h"

#include "lib/base/merkle.h"
#include "ledger/chain/record_form.h"
#include "lib/base/text.h"

enum cbor_major {
    CBOR_UINT = 0,
    CBOR_NEGINT = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
};

/* The argument of a head whose major type is given, in its shortest form alone (RFC 8949 4.2.1). */
static uint64_t read_head(struct bf_reader *r, enum cbor_major major)
{
    uint8_t first = bf_read_u8(r);
    uint64_t v = first & 0x1f, least = 0;

    if (first >> 5 != (int)major)
        r->failed = true;
    switch (v) {
    case 24:
        v = bf_read_u8(r);
        least = 24;
        break;
    case 25:
        v = bf_read_be16(r);
        least = 0x100;
        break;
    case 26:
        v = bf_read_be32(r);
        least = 0x10000;
        break;
    case 27:
        v = bf_read_be64(r);
        least = UINT64_C(0x100000000);
        break;
    default:
        if (v > 27)
            r->failed = true;
    }
    if (v < least)
        r->failed = true;
    return r->failed ? 0 : v;
}

static void read_key(struct bf_reader *r, enum bf_record_field field)
{
    if (read_head(r, CBOR_UINT) != (uint64_t)field)
        r->failed = true;
}

static uint64_t read_uint(struct bf_reader *r, enum bf_record_field field, uint64_t max)
{
    uint64_t v;

    read_key(r, field);
    v = read_head(r, CBOR_UINT);
    if (v > max)
        r->failed = true;
    return r->failed ? 0 : v;
}

/* A number without a key before it. */
static uint32_t read_u32(struct bf_reader *r)
{
    uint64_t v = read_head(r, CBOR_UINT);

    if (v > UINT32_MAX)
        r->failed = true;
    return r->failed ? 0 : (uint32_t)v;
}

static void read_fixed(struct bf_reader *r, enum bf_record_field field, uint8_t *out, size_t n)
{
    const uint8_t *p;

    read_key(r, field);
    if (read_head(r, CBOR_BYTES) != n)
        r->failed = true;
    p = bf_read_bytes(r, n);
    if (p != NULL)
        memcpy(out, p, n);
}

/* Text of at most max bytes; a NUL inside is a control character, which bf_record_fault could not
 * see. */
static void read_text(struct bf_reader *r, enum bf_record_field field, char *out, size_t max)
{
    const uint8_t *p;
    uint64_t n;

    read_key(r, field);
    n = read_head(r, CBOR_TEXT);
    if (n > max)
        r->failed = true;
    p = bf_read_bytes(r, (size_t)n);
    if (p == NULL)
        return;
    if (memchr(p, 0, (size_t)n) != NULL)
        r->failed = true;
    memcpy(out, p, (size_t)n);
    out[n] = '\0';
}

static int64_t read_int(struct bf_reader *r, enum bf_record_field field)
{
    bool negative;
    uint64_t v;

    read_key(r, field);
    negative = r->left > 0 && r->p[0] >> 5 == CBOR_NEGINT;
    v = read_head(r, negative ? CBOR_NEGINT : CBOR_UINT);
    if (v > INT64_MAX)
        r->failed = true;
    if (r->failed)
        return 0;
    return negative ? -1 - (int64_t)v : (int64_t)v;
}

/* What synthetic records have beside the rest. */
static void read_making(struct bf_record *out, struct bf_reader *r)
{
    uint64_t n, i;

    read_text(r, BF_FIELD_METHOD, out->method, BF_METHOD_MAX);
    read_key(r, BF_FIELD_SUBJECTS);
    n = read_head(r, CBOR_ARRAY);
    if (n > BF_SUBJECTS_MAX)
        r->failed = true;
    for (i = 0; i < n && !r->failed; i++) {
        const uint8_t *p;

        if (read_head(r, CBOR_BYTES) != 32)
            r->failed = true;
        p = bf_read_bytes(r, 32);
        if (p != NULL)
            memcpy(out->subjects32[i], p, 32);
    }
    out->n_subjects = r->failed ? 0 : (size_t)n;
}

/* The payload's reader; *version is set even where a record of another version cannot be read on.
 */
static void read_payload(struct bf_record *out, uint64_t *version, struct bf_reader *r)
{
    uint64_t n_keys = read_head(r, CBOR_MAP);

    *version = read_uint(r, BF_FIELD_VERSION, UINT64_MAX);
    out->index = read_uint(r, BF_FIELD_INDEX, INT64_MAX);
    read_fixed(r, BF_FIELD_PREV, out->prev32, 32);
    out->kind = (enum bf_record_kind)read_uint(r, BF_FIELD_KIND, BF_RECORD_SYNTHETIC);
    if (n_keys != (out->kind == BF_RECORD_SYNTHETIC ? BF_FIELD_SYNTHETIC_END : BF_FIELD_END) - 1)
        r->failed = true;
    read_fixed(r, BF_FIELD_FILE, out->file32, 32);
    read_fixed(r, BF_FIELD_STREAM, out->stream32, 32);
    read_fixed(r, BF_FIELD_FRAMES, out->frames32, 32);
    read_fixed(r, BF_FIELD_DIGEST, out->digest32, 32);
    out->file_size = read_uint(r, BF_FIELD_FILE_SIZE, INT64_MAX);
    read_key(r, BF_FIELD_TIME_BASE);
    if (read_head(r, CBOR_ARRAY) != 2)
        r->failed = true;
    out->time_base_num = read_u32(r);
    out->time_base_den = read_u32(r);
    out->n_frames = read_uint(r, BF_FIELD_N_FRAMES, INT64_MAX);
    out->duration_us = read_uint(r, BF_FIELD_DURATION, INT64_MAX);
    out->width = (uint32_t)read_uint(r, BF_FIELD_WIDTH, UINT32_MAX);
    out->height = (uint32_t)read_uint(r, BF_FIELD_HEIGHT, UINT32_MAX);
    read_text(r, BF_FIELD_TITLE, out->title, BF_TITLE_MAX);
    read_fixed(r, BF_FIELD_ISSUER_KEY, out->issuer33, BF_PUBLIC33_SIZE);
    read_text(r, BF_FIELD_ISSUER, out->issuer, BF_NAME_MAX);
    out->claimed_unix_s = read_int(r, BF_FIELD_CLAIMED);
    if (out->kind == BF_RECORD_SYNTHETIC)
        read_making(out, r);
}

/* What an authentic record may not have and a synthetic one must. */
static const char *making_fault(const struct bf_record *r)
{
    size_t n = strnlen(r->method, sizeof r->method), i;

    if (r->kind == BF_RECORD_AUTHENTIC)
        return n > 0 || r->n_subjects > 0 ? "it is authentic and says how it was made" : NULL;
    if (n == 0 || n > BF_METHOD_MAX || !bf_text_is_utf8(r->method, n) ||
        bf_text_has_control(r->method, n))
        return "its method is not plain text";
    if (r->n_subjects == 0 || r->n_subjects > BF_SUBJECTS_MAX)
        return "it names no subject, or too many";
    for (i = 1; i < r->n_subjects; i++)
        if (memcmp(r->subjects32[i - 1], r->subjects32[i], 32) >= 0)
            return "its subjects are not in order";
    return NULL;
}

const char *bf_record_fault(const struct bf_record *r)
{
    static const uint8_t zeros[32];
    size_t n = strnlen(r->title, sizeof r->title);

    if (r->index > INT64_MAX || r->file_size > INT64_MAX || r->n_frames > INT64_MAX ||
        r->duration_us > INT64_MAX)
        return "a number is out of range";
    if (r->index == 0 && memcmp(r->prev32, zeros, 32) != 0)
        return "the first record names a record before it";
    if (r->kind != BF_RECORD_AUTHENTIC && r->kind != BF_RECORD_SYNTHETIC)
        return "its kind is unknown";
    if (r->time_base_num == 0 || r->time_base_den == 0)
        return "its time base is zero";
    if (n > BF_TITLE_MAX || !bf_text_is_utf8(r->title, n) || bf_text_has_control(r->title, n))
        return "its title is not plain text";
    n = strnlen(r->issuer, sizeof r->issuer);
    if (!bf_name_is_valid(r->issuer, n))
        return "its issuer's name is not a name";
    return making_fault(r);
}

enum bf_err bf_record_decode(struct bf_record *r, const void *p, size_t n, struct bf_error *err)
{
    const uint8_t *head, *tail;
    struct bf_reader in, payload;
    uint64_t version = 0;
    const char *fault;
    size_t len;

    *r = (struct bf_record){0};
    if (n > BF_RECORD_MAX)
        return bf_error_set(err, BF_ERR_FORMAT, "not a record: longer than %d bytes",
                            BF_RECORD_MAX);
    bf_reader_init(&in, p, n);
    head = bf_read_bytes(&in, BF_RECORD_HEAD_SIZE);
    if (head == NULL || memcmp(head, BF_RECORD_HEAD, BF_RECORD_HEAD_SIZE) != 0)
        return bf_error_set(err, BF_ERR_FORMAT, "not a record: no COSE_Sign1 with ES256K");
    len = (size_t)read_head(&in, CBOR_BYTES);
    bf_reader_init(&payload, bf_read_bytes(&in, len), len);
    tail = bf_read_bytes(&in, BF_RECORD_TAIL_SIZE);
    if (!bf_reader_done(&in) || tail[0] != 0x58 || tail[1] != 0x40)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "not a record: payload and signature do not fill it");
    read_payload(r, &version, &payload);
    if (version != BF_RECORD_VERSION && version != 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the record has version %llu; this program reads version %d",
                            (unsigned long long)version, BF_RECORD_VERSION);
    if (!bf_reader_done(&payload) || version == 0)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "not a record: its payload is not in the one form it may have");
    fault = bf_record_fault(r);
    if (fault != NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "not a record: %s", fault);
    return BF_OK;
}

bool bf_record_check(const void *p, size_t n)
{
    uint8_t msg[BF_RECORD_SIGNED_SIZE + BF_RECORD_MAX];
    const uint8_t *bytes = p;
    struct bf_record r;
    size_t len;

    if (bf_record_decode(&r, p, n, NULL) != BF_OK)
        return false;
    len = n - BF_RECORD_HEAD_SIZE - BF_RECORD_TAIL_SIZE;
    memcpy(msg, BF_RECORD_SIGNED, BF_RECORD_SIGNED_SIZE);
    memcpy(msg + BF_RECORD_SIGNED_SIZE, bytes + BF_RECORD_HEAD_SIZE, len);
    return bf_sign_check(bytes + n - BF_SIG64_SIZE, r.issuer33, msg, BF_RECORD_SIGNED_SIZE + len);
}

void bf_record_hash(uint8_t hash32[32], const void *p, size_t n)
{
    bf_merkle_leaf(hash32, p, n);
}
