#include "tests/unit/chain_fixture.h"

static void make(struct bf_buf *note, struct bf_key *key, uint64_t size)
{
    struct bf_error err;
    uint8_t root[32];

    fixture_key(key, 1, "Example Newsroom");
    fixture_hash32(root, "root", size);
    note->len = 0;
    OK(bf_checkpoint_encode(note, FIXTURE_ORIGIN, size, root, key, &err));
}

static void round_trip(void **state)
{
    static const uint64_t sizes[] = {0, 1, 9, 10, 1000000, INT64_MAX};
    struct bf_checkpoint c;
    struct bf_buf note = {0};
    struct bf_error err;
    struct bf_key key, other;
    uint8_t root[32];
    size_t i;

    (void)state;
    fixture_key(&other, 50, "Other");
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make(&note, &key, sizes[i]);
        OK(bf_checkpoint_parse(&c, note.data, note.len, &err));
        assert_string_equal(c.origin, FIXTURE_ORIGIN);
        assert_true(c.size == sizes[i]);
        fixture_hash32(root, "root", sizes[i]);
        assert_memory_equal(c.root32, root, 32);
        assert_int_equal(c.n_sigs, 1);
        assert_true(c.sig[0].ours);
        assert_true(bf_checkpoint_check(&c, note.data, key.public33));
        assert_false(bf_checkpoint_check(&c, note.data, other.public33));
    }
    bf_buf_release(&note);
}

static void origins(void **state)
{
    char longest[BF_ORIGIN_MAX + 1];

    (void)state;
    memset(longest, 'o', sizeof longest);
    assert_true(bf_origin_is_valid("a", 1));
    assert_true(bf_origin_is_valid(longest, BF_ORIGIN_MAX));
    assert_false(bf_origin_is_valid(longest, BF_ORIGIN_MAX + 1));
    assert_false(bf_origin_is_valid("", 0));
    assert_false(bf_origin_is_valid("a b", 3));
    assert_false(bf_origin_is_valid("a+b", 3));
    assert_false(bf_origin_is_valid("a\n", 2));
    assert_false(bf_origin_is_valid("\xc3\xa9", 2));
    assert_false(bf_origin_is_valid("a\x7f", 2));
}

static void flipped(void **state)
{
    struct bf_checkpoint c;
    struct bf_buf note = {0};
    struct bf_key key;
    size_t i;
    unsigned bit;

    (void)state;
    make(&note, &key, 12345);
    for (i = 0; i < note.len; i++)
        for (bit = 0; bit < 8; bit++) {
            note.data[i] ^= (uint8_t)(1u << bit);
            if (bf_checkpoint_parse(&c, note.data, note.len, NULL) == BF_OK &&
                bf_checkpoint_check(&c, note.data, key.public33))
                fail_msg("bit %u of byte %zu may be flipped", bit, i);
            note.data[i] ^= (uint8_t)(1u << bit);
        }
    for (i = 0; i < note.len; i++)
        assert_int_equal(bf_checkpoint_parse(&c, note.data, i, NULL), BF_ERR_FORMAT);
    bf_buf_release(&note);
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define SIG                                                     \
    "\xe2\x80\x94 example.com/behind-the-sofa "                 \
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/" \
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

/* The example of c2sp.org/tlog-checkpoint, and what is not of its form. */
static void forms(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n" SIG, true},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n" SIG SIG, true},
        {"example.com/behind-the-sofa\n0\n" ROOT "\n\n" SIG, true},
        {"example.com/behind-the-sofa\n020852163\n" ROOT "\n\n" SIG, false},
        {"example.com/behind-the-sofa\n+1\n" ROOT "\n\n" SIG, false},
        {"example.com/behind-the-sofa\n\n" ROOT "\n\n" SIG, false},
        {"example.com/behind-the-sofa\n9223372036854775808\n" ROOT "\n\n" SIG, false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n" SIG, false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n", false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\nextension\n\n" SIG, false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n" SIG "\n", false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n" SIG "x", false},
        {"example.com/behind-the-sofa\r\n20852163\n" ROOT "\n\n" SIG, false},
        {"example.com/behind the-sofa\n20852163\n" ROOT "\n\n" SIG, false},
        {"\n20852163\n" ROOT "\n\n" SIG, false},
        {"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"
         "Xajj7h2fB2MPA3j2jxq2J=\n\n" SIG,
         false},
        {"example.com/behind-the-sofa\n20852163\nCsUY\n\n" SIG, false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n- a Az3grlgtzPI=\n", false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n\xe2\x80\x94 a  Az3grlgtzPI=\n",
         false},
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n\n\xe2\x80\x94 a Az3grg==\n", false},
        {"", false},
    };
    struct bf_checkpoint c;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((bf_checkpoint_parse(&c, rows[i].text, strlen(rows[i].text), NULL) == BF_OK) !=
            rows[i].good)
            fail_msg("row %zu: %s", i, rows[i].text);
}

static void many_signatures(void **state)
{
    struct bf_checkpoint c;
    struct bf_buf note = {0}, one = {0};
    struct bf_error err;
    struct bf_key key, other;
    uint8_t root[32];
    size_t i, text;

    (void)state;
    make(&note, &key, 7);
    OK(bf_checkpoint_parse(&c, note.data, note.len, &err));
    text = c.text_len + 1;
    fixture_hash32(root, "root", 7);
    for (i = 1; i <= BF_CHECKPOINT_SIGS_MAX; i++) {
        fixture_key(&other, (uint8_t)(50 + i), "Other");
        one.len = 0;
        OK(bf_checkpoint_encode(&one, FIXTURE_ORIGIN, 7, root, &other, &err));
        bf_buf_append(&note, one.data + text, one.len - text);
        if (i == BF_CHECKPOINT_SIGS_MAX)
            break;
        OK(bf_checkpoint_parse(&c, note.data, note.len, &err));
        assert_int_equal(c.n_sigs, i + 1);
        assert_true(bf_checkpoint_check(&c, note.data, other.public33));
        assert_true(bf_checkpoint_check(&c, note.data, key.public33));
    }
    assert_int_equal(bf_checkpoint_parse(&c, note.data, note.len, &err), BF_ERR_FORMAT);
    /* a line of ours that fails spoils one that holds */
    make(&note, &key, 7);
    one.len = 0;
    bf_buf_append(&one, note.data, note.len);
    bf_buf_append(&one, note.data + text, note.len - text);
    OK(bf_checkpoint_parse(&c, one.data, one.len, &err));
    assert_true(bf_checkpoint_check(&c, one.data, key.public33));
    c.sig[1].sig64[5] ^= 1;
    assert_false(bf_checkpoint_check(&c, one.data, key.public33));
    bf_buf_release(&note);
    bf_buf_release(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(origins),         cmocka_unit_test(flipped),
        cmocka_unit_test(forms),      cmocka_unit_test(many_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
