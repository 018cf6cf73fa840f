#include "tests/unit/chain_fixture.h"

static void lists(void **state)
{
    struct bf_trust t = {0}, back = {0};
    struct bf_buf text = {0};
    struct bf_error err;
    struct bf_key key;
    char name[32];
    uint8_t i;

    (void)state;
    bf_buf_printf(&text, "# people\n\n");
    for (i = 1; i < 40; i++) {
        snprintf(name, sizeof name, "Issuer %d", i);
        fixture_key(&key, i, name);
        OK(bf_trust_add(&t, key.public33, name, &err));
        assert_true(bf_trust_format(&text, key.public33, name));
        if (i % 5 == 0)
            bf_buf_printf(&text, "\n# more\r\n\r\n");
    }
    /* the last line may lack its newline */
    text.len--;
    OK(bf_trust_parse(&back, text.data, text.len, "f", &err));
    assert_int_equal(back.n, t.n);
    assert_memory_equal(back.item, t.item, t.n * sizeof *t.item);
    assert_string_equal(bf_trust_find(&back, key.public33)->name, name);
    fixture_key(&key, 99, "Nobody");
    assert_null(bf_trust_find(&back, key.public33));
    /* the first name given to a key stands */
    OK(bf_trust_add(&back, t.item[3].public33, "Other", &err));
    assert_int_equal(back.n, t.n);
    assert_string_equal(bf_trust_find(&back, t.item[3].public33)->name, "Issuer 4");
    bf_buf_release(&text);
    bf_trust_release(&t);
    bf_trust_release(&back);
    bf_trust_release(&back);
}

#define KEY1 "0284bf7562262bbd6940085748f3be6afa52ae317155181ece31b66351ccffa4b0"

static void wrong_lines(void **state)
{
    static const char *const rows[] = {
        "ed25519 " KEY1 " Name\n",
        "secp256k1  " KEY1 " Name\n",
        "secp256k1 " KEY1 "\n",
        "secp256k1 " KEY1 " \n",
        "secp256k1 " KEY1 "  Name\n",
        "secp256k1 " KEY1 " Name \n",
        "secp256k1 " KEY1 " Na\x1bme\n",
        "secp256k1 " KEY1 "0 Name\n",
        "secp256k1 04" KEY1 " Name\n",
        "secp256k1 0284BF7562262bbd6940085748f3be6afa52ae317155181ece31b66351ccffa4b0 Name\n",
        "secp256k1 020000000000000000000000000000000000000000000000000000000000000005 Name\n",
        " secp256k1 " KEY1 " Name\n",
        "secp256k1\n",
        "x\n",
    };
    struct bf_error err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bf_trust t = {0};

        if (bf_trust_parse(&t, rows[i], strlen(rows[i]), "f", &err) != BF_ERR_FORMAT)
            fail_msg("row %zu was taken", i);
        assert_non_null(strstr(err.text, "line 1 of 'f'"));
        bf_trust_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(wrong_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
