/*
 * The multi-buffer side of hash.h, in a file of its own so that programs which hash one message at
 * a time (bonafide-check) do not link it.
 */
#include "lib/base/hash.h"

#ifdef BF_HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>

struct bf_hasher {
    IMB_MGR *mgr;
};

struct bf_hasher *bf_hasher_create(void)
{
    struct bf_hasher *h = calloc(1, sizeof *h);
    IMB_ARCH arch;

    if (h == NULL)
        return NULL;
    /* NULL here is not an error: the loop over bf_sha256 takes over. */
    h->mgr = alloc_mb_mgr(0);
    if (h->mgr != NULL) {
        init_mb_mgr_auto(h->mgr, &arch);
        if (arch == IMB_ARCH_NONE || imb_get_errno(h->mgr) != 0) {
            free_mb_mgr(h->mgr);
            h->mgr = NULL;
        }
    }
    return h;
}

void bf_hasher_free(struct bf_hasher **h)
{
    if (*h == NULL)
        return;
    if ((*h)->mgr != NULL)
        free_mb_mgr((*h)->mgr);
    free(*h);
    *h = NULL;
}

static void check_job(const IMB_JOB *job, size_t *n_done)
{
    if (job->status != IMB_STATUS_COMPLETED)
        abort();
    *n_done += 1;
}

void bf_hasher_many(struct bf_hasher *h, uint8_t (*out)[32], const uint8_t *const *msg,
                    const size_t *len, size_t n)
{
    size_t i, n_done = 0, n_jobs = 0;
    IMB_JOB *job;

    for (i = 0; i < n; i++) {
        /* The manager refuses empty messages and counts blocks in 16 bits. */
        if (h->mgr == NULL || len[i] == 0 || len[i] >= (size_t)1 << 20) {
            bf_sha256(out[i], msg[i], len[i]);
            continue;
        }
        job = IMB_GET_NEXT_JOB(h->mgr);
        memset(job, 0, sizeof *job);
        job->cipher_mode = IMB_CIPHER_NULL;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->chain_order = IMB_ORDER_HASH_CIPHER;
        job->hash_alg = IMB_AUTH_SHA_256;
        job->src = msg[i];
        job->msg_len_to_hash_in_bytes = len[i];
        job->auth_tag_output = out[i];
        job->auth_tag_output_len_in_bytes = 32;
        n_jobs++;
        for (job = IMB_SUBMIT_JOB_NOCHECK(h->mgr); job != NULL; job = IMB_GET_COMPLETED_JOB(h->mgr))
            check_job(job, &n_done);
    }
    while (h->mgr != NULL && (job = IMB_FLUSH_JOB(h->mgr)) != NULL)
        check_job(job, &n_done);
    if (n_done != n_jobs)
        abort();
}

#else

struct bf_hasher {
    int unused;
};

struct bf_hasher *bf_hasher_create(void)
{
    return calloc(1, sizeof(struct bf_hasher));
}

void bf_hasher_free(struct bf_hasher **h)
{
    free(*h);
    *h = NULL;
}

void bf_hasher_many(struct bf_hasher *h, uint8_t (*out)[32], const uint8_t *const *msg,
                    const size_t *len, size_t n)
{
    size_t i;

    (void)h;
    for (i = 0; i < n; i++)
        bf_sha256(out[i], msg[i], len[i]);
}

#endif
