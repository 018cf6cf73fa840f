/*
 * The writing half of record.h, in a file of its own so that a program which only checks records
 * does not link libcbor.
 */
#include "ledger/chain/record.h"
#include "ledger/chain/record_form.h"

#include <cbor/encoding.h>

/* A fixed buffer that the parts of a record are appended to; more than it holds is a fault, not an
 * overflow. */
struct out {
    uint8_t bytes[BF_RECORD_MAX];
    size_t n;
    bool full;
};

static void head(struct out *o, size_t (*encode)(uint64_t v, unsigned char *p, size_t cap),
                 uint64_t v)
{
    size_t n = encode(v, o->bytes + o->n, sizeof o->bytes - o->n);

    o->full |= n == 0;
    o->n += n;
}

static void raw(struct out *o, const void *p, size_t n)
{
    if (n > sizeof o->bytes - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->bytes + o->n, p, n);
    o->n += n;
}

static void put_uint(struct out *o, enum bf_record_field field, uint64_t v)
{
    head(o, cbor_encode_uint, field);
    head(o, cbor_encode_uint, v);
}

static void put_bytes(struct out *o, enum bf_record_field field, const uint8_t *p, size_t n)
{
    head(o, cbor_encode_uint, field);
    head(o, cbor_encode_bytestring_start, n);
    raw(o, p, n);
}

static void put_text(struct out *o, enum bf_record_field field, const char *text)
{
    size_t n = strlen(text);

    head(o, cbor_encode_uint, field);
    head(o, cbor_encode_string_start, n);
    raw(o, text, n);
}

static void put_payload(struct out *o, const struct bf_record *r)
{
    bool synthetic = r->kind == BF_RECORD_SYNTHETIC;
    size_t i;

    head(o, cbor_encode_map_start, (synthetic ? BF_FIELD_SYNTHETIC_END : BF_FIELD_END) - 1);
    put_uint(o, BF_FIELD_VERSION, BF_RECORD_VERSION);
    put_uint(o, BF_FIELD_INDEX, r->index);
    put_bytes(o, BF_FIELD_PREV, r->prev32, 32);
    put_uint(o, BF_FIELD_KIND, (uint64_t)r->kind);
    put_bytes(o, BF_FIELD_FILE, r->file32, 32);
    put_bytes(o, BF_FIELD_STREAM, r->stream32, 32);
    put_bytes(o, BF_FIELD_FRAMES, r->frames32, 32);
    put_bytes(o, BF_FIELD_DIGEST, r->digest32, 32);
    put_uint(o, BF_FIELD_FILE_SIZE, r->file_size);
    head(o, cbor_encode_uint, BF_FIELD_TIME_BASE);
    head(o, cbor_encode_array_start, 2);
    head(o, cbor_encode_uint, r->time_base_num);
    head(o, cbor_encode_uint, r->time_base_den);
    put_uint(o, BF_FIELD_N_FRAMES, r->n_frames);
    put_uint(o, BF_FIELD_DURATION, r->duration_us);
    put_uint(o, BF_FIELD_WIDTH, r->width);
    put_uint(o, BF_FIELD_HEIGHT, r->height);
    put_text(o, BF_FIELD_TITLE, r->title);
    put_bytes(o, BF_FIELD_ISSUER_KEY, r->issuer33, BF_PUBLIC33_SIZE);
    put_text(o, BF_FIELD_ISSUER, r->issuer);
    head(o, cbor_encode_uint, BF_FIELD_CLAIMED);
    if (r->claimed_unix_s >= 0)
        head(o, cbor_encode_uint, (uint64_t)r->claimed_unix_s);
    else
        head(o, cbor_encode_negint, (uint64_t)(-1 - r->claimed_unix_s));
    if (!synthetic)
        return;
    put_text(o, BF_FIELD_METHOD, r->method);
    head(o, cbor_encode_uint, BF_FIELD_SUBJECTS);
    head(o, cbor_encode_array_start, r->n_subjects);
    for (i = 0; i < r->n_subjects; i++) {
        head(o, cbor_encode_bytestring_start, 32);
        raw(o, r->subjects32[i], 32);
    }
}

enum bf_err bf_record_encode(struct bf_buf *out, struct bf_record *r, const struct bf_key *key,
                             struct bf_error *err)
{
    struct out payload = {.n = 0}, msg = {.n = 0};
    uint8_t sig[BF_SIG64_SIZE];
    const char *fault;
    enum bf_err rc;

    memcpy(r->issuer33, key->public33, sizeof r->issuer33);
    memcpy(r->issuer, key->name, sizeof r->issuer);
    fault = bf_record_fault(r);
    if (fault != NULL)
        return bf_error_set(err, BF_ERR_USAGE, "cannot make a record: %s", fault);
    put_payload(&payload, r);
    raw(&msg, BF_RECORD_SIGNED, BF_RECORD_SIGNED_SIZE);
    head(&msg, cbor_encode_bytestring_start, payload.n);
    raw(&msg, payload.bytes, payload.n);
    if (payload.full || msg.full)
        return bf_error_set(err, BF_ERR_LIMIT, "a record would be longer than %d bytes",
                            BF_RECORD_MAX);
    rc = bf_sign(sig, key, msg.bytes, msg.n, err);
    if (rc != BF_OK)
        return rc;
    bf_buf_append(out, BF_RECORD_HEAD, BF_RECORD_HEAD_SIZE);
    bf_buf_append(out, msg.bytes + BF_RECORD_SIGNED_SIZE, msg.n - BF_RECORD_SIGNED_SIZE);
    bf_buf_append(out, "\x58\x40", 2);
    if (!bf_buf_append(out, sig, sizeof sig))
        return bf_error_nomem(err);
    return BF_OK;
}
