#include "tests/unit/chain_fixture.h"

#include <cbor.h>

static void make(struct bf_buf *out, struct bf_record *r, uint64_t n)
{
    struct bf_error err;
    struct bf_key key;

    fixture_key(&key, 1, "Example Newsroom");
    fixture_record(r, n);
    r->index = n;
    if (n > 0)
        fixture_hash32(r->prev32, "prev", n);
    out->len = 0;
    OK(bf_record_encode(out, r, &key, &err));
}

/* Values around every length that a CBOR head can have. */
static void round_trip(void **state)
{
    static const uint64_t v[] = {
        0, 1, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX};
    static const int64_t s[] = {0, -1, -24, -25, -257, INT64_MIN, INT64_MAX, FIXTURE_TIME};
    struct bf_record r, back;
    struct bf_buf b = {0};
    struct bf_error err;
    struct bf_key key;
    size_t i;

    (void)state;
    fixture_key(&key, 1, "Caf\xc3\xa9");
    for (i = 0; i < sizeof v / sizeof v[0]; i++) {
        fixture_record(&r, i);
        r.index = r.file_size = r.n_frames = r.duration_us = v[i];
        r.width = (uint32_t)(v[i] & UINT32_MAX);
        r.time_base_num = (uint32_t)(v[i] & UINT32_MAX) | 1;
        r.claimed_unix_s = s[i % 8];
        if (i % 2)
            fixture_synthetic(&r, i + 1);
        memset(r.title, 0, sizeof r.title);
        memset(r.title, 't', (size_t)(v[i] > BF_TITLE_MAX ? BF_TITLE_MAX : v[i]));
        b.len = 0;
        OK(bf_record_encode(&b, &r, &key, &err));
        OK(bf_record_decode(&back, b.data, b.len, &err));
        assert_memory_equal(&back, &r, sizeof r);
        assert_true(bf_record_check(b.data, b.len));
    }
    bf_buf_release(&b);
}

/* The same bytes through libcbor's decoder: what we write is CBOR, and says what we mean. */
static void as_libcbor_reads_it(void **state)
{
    struct cbor_load_result result;
    struct bf_record r;
    struct bf_buf b = {0};
    cbor_item_t *item, *map, *inner;
    struct cbor_pair *pair;
    size_t i;

    (void)state;
    make(&b, &r, 7);
    /* libcbor 0.8 knows no tags from 6 to 20: tag 18 is taken off first. */
    assert_int_equal(b.data[0], 0xd2);
    item = cbor_load(b.data + 1, b.len - 1, &result);
    assert_non_null(item);
    assert_int_equal(result.read, b.len - 1);
    inner = cbor_incref(item);
    assert_true(cbor_isa_array(inner) && cbor_array_is_definite(inner));
    assert_int_equal(cbor_array_size(inner), 4);
    map = cbor_array_get(inner, 0);
    assert_memory_equal(cbor_bytestring_handle(map), "\xa1\x01\x38\x2e", 4);
    cbor_decref(&map);
    map = cbor_array_get(inner, 1);
    assert_true(cbor_isa_map(map) && cbor_map_size(map) == 0);
    cbor_decref(&map);
    map = cbor_array_get(inner, 3);
    assert_int_equal(cbor_bytestring_length(map), 64);
    cbor_decref(&map);
    map = cbor_array_get(inner, 2);
    cbor_decref(&inner);
    inner = cbor_load(cbor_bytestring_handle(map), cbor_bytestring_length(map), &result);
    assert_non_null(inner);
    assert_int_equal(result.read, cbor_bytestring_length(map));
    assert_int_equal(cbor_map_size(inner), 18);
    pair = cbor_map_handle(inner);
    for (i = 0; i < 18; i++)
        assert_int_equal(cbor_get_int(pair[i].key), i + 1);
    assert_int_equal(cbor_get_int(pair[0].value), 1);
    assert_int_equal(cbor_get_int(pair[1].value), 7);
    assert_memory_equal(cbor_bytestring_handle(pair[2].value), r.prev32, 32);
    assert_memory_equal(cbor_bytestring_handle(pair[4].value), r.file32, 32);
    assert_int_equal(cbor_get_int(pair[8].value), r.file_size);
    assert_int_equal(cbor_array_size(pair[9].value), 2);
    assert_int_equal(cbor_string_length(pair[14].value), strlen(r.title));
    assert_memory_equal(cbor_string_handle(pair[14].value), r.title, strlen(r.title));
    assert_memory_equal(cbor_bytestring_handle(pair[15].value), r.issuer33, 33);
    assert_int_equal(cbor_get_int(pair[17].value), r.claimed_unix_s);
    cbor_decref(&inner);
    cbor_decref(&map);
    cbor_decref(&item);
    bf_buf_release(&b);
}

/* Flipping any bit gives a no; so does cutting and adding. */
static void flipped(void **state)
{
    struct bf_record r;
    struct bf_buf b = {0};
    size_t i;

    (void)state;
    make(&b, &r, 300);
    assert_true(bf_record_check(b.data, b.len));
    for (i = 0; i < b.len * 8; i += i % 8 == 7 ? 1 : 7) {
        b.data[i / 8] ^= (uint8_t)(1u << i % 8);
        if (bf_record_check(b.data, b.len))
            fail_msg("bit %zu may be flipped", i);
        b.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (i = 0; i < b.len; i++)
        assert_false(bf_record_check(b.data, i));
    bf_buf_put_u8(&b, 0);
    assert_false(bf_record_check(b.data, b.len));
    bf_buf_release(&b);
}

/* Re-sign a payload that is not in the one form. Returns whether it decodes. */
static bool decodes(const uint8_t *payload, size_t n)
{
    struct bf_buf b = {0};
    struct bf_record r;
    uint8_t sig[64] = {1};
    bool ok;

    bf_buf_append(&b, "\xd2\x84\x44\xa1\x01\x38\x2e\xa0", 8);
    bf_buf_put_u8(&b, 0x59);
    bf_buf_put_be16(&b, (uint16_t)n);
    bf_buf_append(&b, payload, n);
    bf_buf_append(&b, "\x58\x40", 2);
    bf_buf_append(&b, sig, 64);
    ok = bf_record_decode(&r, b.data, b.len, NULL) == BF_OK;
    bf_buf_release(&b);
    return ok;
}

/* At payload offset at, n bytes become with. */
static bool decodes_with(const struct bf_buf *record, size_t at, size_t n, const char *with,
                         size_t n_with)
{
    const uint8_t *payload = record->data + 11;
    size_t len = record->len - 11 - 66;
    struct bf_buf p = {0};
    bool ok;

    bf_buf_append(&p, payload, at);
    bf_buf_append(&p, with, n_with);
    bf_buf_append(&p, payload + at + n, len - at - n);
    ok = decodes(p.data, p.len);
    bf_buf_release(&p);
    return ok;
}

static void one_form(void **state)
{
    struct bf_record r;
    struct bf_buf b = {0};

    (void)state;
    make(&b, &r, 5);
    /* payload: b2, 01 01 (version), 02 05 (index), 03 58 20 ... */
    assert_true(decodes_with(&b, 0, 0, "", 0));
    assert_false(decodes_with(&b, 0, 1, "\xb1", 1));
    assert_false(decodes_with(&b, 0, 1, "\xb3", 1));
    assert_false(decodes_with(&b, 0, 1, "\xb8\x12", 2)); /* a longer head */
    assert_false(decodes_with(&b, 0, 1, "\xbf", 1));     /* indefinite */
    assert_false(decodes_with(&b, 2, 1, "\x02", 1));     /* version 2 */
    assert_false(decodes_with(&b, 2, 1, "\x00", 1));     /* version 0 */
    assert_true(decodes_with(&b, 4, 1, "\x06", 1));      /* another index decodes */
    assert_false(decodes_with(&b, 4, 1, "\x18\x05", 2)); /* 5 in two bytes */
    assert_false(decodes_with(&b, 4, 1, "\x19\x00\x05", 3));
    assert_false(decodes_with(&b, 4, 1, "\x25", 1));                   /* -6 */
    assert_false(decodes_with(&b, 4, 1, "\x1b\x80\0\0\0\0\0\0\0", 9)); /* 2^63 */
    assert_true(decodes_with(&b, 4, 1, "\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", 9));
    assert_false(decodes_with(&b, 4, 1, "\xc1\x05", 2));           /* a tag */
    assert_false(decodes_with(&b, 1, 4, "\x02\x05\x01\x01", 4));   /* keys swapped */
    assert_false(decodes_with(&b, 1, 0, "\x01\x01", 2));           /* a key twice */
    assert_false(decodes_with(&b, b.len - 11 - 66, 0, "\x00", 1)); /* trailing */
    bf_buf_release(&b);
}

static void faults(void **state)
{
    struct bf_record r;
    struct bf_buf b = {0};
    struct bf_error err;
    struct bf_key key;
    int i;

    (void)state;
    fixture_key(&key, 1, "Test");
    for (i = 0; i < 8; i++) {
        fixture_record(&r, 1);
        switch (i) {
        case 0:
            r.index = UINT64_MAX;
            break;
        case 1:
            r.prev32[5] = 1;
            break;
        case 2:
            r.kind = (enum bf_record_kind)3;
            break;
        case 3:
            r.time_base_den = 0;
            break;
        case 4:
            snprintf(r.title, sizeof r.title, "a\nb");
            break;
        case 5:
            snprintf(r.title, sizeof r.title, "\xff");
            break;
        case 6:
            memset(r.title, 'x', sizeof r.title);
            break;
        case 7:
            r.duration_us = (uint64_t)INT64_MAX + 1;
            break;
        }
        if (bf_record_encode(&b, &r, &key, &err) != BF_ERR_USAGE)
            fail_msg("case %d was taken", i);
    }
    assert_int_equal(b.len, 0);
    bf_buf_release(&b);
}

/* A title, a name and a method as long as they may be, and all the subjects: it still fits. */
static void synthetic(void **state)
{
    char name[BF_NAME_MAX + 1] = {0};
    struct bf_record r, back;
    struct bf_buf b = {0};
    struct bf_error err;
    struct bf_key key;
    int i;

    (void)state;
    memset(name, 'n', BF_NAME_MAX);
    fixture_key(&key, 1, name);
    fixture_record(&r, 1);
    fixture_synthetic(&r, BF_SUBJECTS_MAX);
    r.file_size = r.n_frames = r.duration_us = INT64_MAX;
    memset(r.title, 't', BF_TITLE_MAX);
    memset(r.method, 'm', BF_METHOD_MAX);
    OK(bf_record_encode(&b, &r, &key, &err));
    OK(bf_record_decode(&back, b.data, b.len, &err));
    assert_memory_equal(&back, &r, sizeof r);
    for (i = 0; i < 6; i++) {
        fixture_record(&r, 1);
        fixture_synthetic(&r, 2);
        switch (i) {
        case 0:
            r.n_subjects = 0;
            break;
        case 1:
            r.n_subjects = BF_SUBJECTS_MAX + 1;
            break;
        case 2:
            r.method[0] = '\0';
            break;
        case 3:
            r.method[0] = '\n';
            break;
        case 4:
            memcpy(r.subjects32[1], r.subjects32[0], 32);
            break;
        case 5:
            r.kind = BF_RECORD_AUTHENTIC;
            break;
        }
        if (bf_record_encode(&b, &r, &key, &err) != BF_ERR_USAGE)
            fail_msg("case %d was taken", i);
    }
    /* The payload ends with 13 64 "swap", 14 82, and two subjects of 34 bytes. */
    fixture_record(&r, 1);
    fixture_synthetic(&r, 2);
    b.len = 0;
    OK(bf_record_encode(&b, &r, &key, &err));
    {
        size_t end = b.len - 11 - 66, at = end - 68 - 2;

        assert_true(decodes_with(&b, 0, 0, "", 0));
        assert_false(decodes_with(&b, 0, 1, "\xb2", 1));           /* as many keys as authentic */
        assert_false(decodes_with(&b, at + 1, 1, "\x81", 1));      /* one of two subjects */
        assert_false(decodes_with(&b, at + 1, 1 + 68, "\x80", 1)); /* none */
        assert_false(decodes_with(&b, at + 2, 34, "", 0));         /* one too few */
        assert_false(decodes_with(&b, at + 3, 1, "\x1f", 1));      /* 31 bytes */
        assert_true(decodes_with(&b, at + 4, 1, "\x01", 1));       /* another first subject */
        assert_false(decodes_with(&b, at + 4, 1, "\xff", 1));      /* out of order */
        assert_false(decodes_with(&b, at - 6, 6, "", 0));          /* no method */
        assert_false(decodes_with(&b, at - 5, 5, "\x60", 1));      /* an empty one */
    }
    bf_buf_release(&b);
}

static void hashes(void **state)
{
    uint8_t hash[32], want[32];
    struct bf_record r;
    struct bf_buf b = {0}, leaf = {0};

    (void)state;
    make(&b, &r, 0);
    bf_record_hash(hash, b.data, b.len);
    bf_buf_put_u8(&leaf, 0);
    bf_buf_append(&leaf, b.data, b.len);
    bf_sha256(want, leaf.data, leaf.len);
    assert_memory_equal(hash, want, 32);
    bf_buf_release(&b);
    bf_buf_release(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(as_libcbor_reads_it),
        cmocka_unit_test(flipped),    cmocka_unit_test(one_form),
        cmocka_unit_test(faults),     cmocka_unit_test(hashes),
        cmocka_unit_test(synthetic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
