/* Proofs: what parses is the one text of its parts. */
#include "tests/fuzz/replay.h"

#include "ledger/chain/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_trust trust = {0};
    struct bf_buf b = {0};
    struct bf_record r;
    struct bf_proof p;

    (void)bf_proof_check(&r, NULL, data, size, &trust, NULL);
    if (bf_proof_parse(&p, data, size, NULL) != BF_OK)
        return 0;
    MUST(bf_proof_encode(&b, p.record, p.record_len, p.index, (const uint8_t(*)[32])p.path,
                         p.n_path, p.checkpoint_text, p.checkpoint_len, NULL) == BF_OK);
    MUST(b.len == size && memcmp(b.data, data, size) == 0);
    bf_buf_release(&b);
    return 0;
}
