/* Records: what decodes is the one encoding of its values, so that signing them again gives bytes
 * of the same form. */
#include "tests/fuzz/replay.h"

#include "ledger/chain/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {1};
    struct bf_record r, again;
    struct bf_buf b = {0};
    struct bf_key key;

    (void)bf_record_check(data, size);
    if (bf_record_decode(&r, data, size, NULL) != BF_OK)
        return 0;
    MUST(bf_key_from_secret(&key, secret, r.issuer, NULL) == BF_OK);
    memcpy(key.public33, r.issuer33, sizeof key.public33);
    again = r;
    MUST(bf_record_encode(&b, &again, &key, NULL) == BF_OK);
    /* all but the signature */
    MUST(b.len == size && memcmp(b.data, data, size - BF_SIG64_SIZE) == 0);
    bf_buf_release(&b);
    return 0;
}
