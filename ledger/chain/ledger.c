#include "ledger/chain/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>

#include "ledger/chain/ledger_impl.h"
#include "lib/base/text.h"

void bf_node_key(uint8_t key9[BF_NODE_KEY_SIZE], unsigned level, uint64_t i)
{
    key9[0] = (uint8_t)level;
    bf_put_be64(key9 + 1, i);
}

/* The folder's META table: another version is told apart from damage. */
static enum bf_err read_meta(struct bf_ledger *l, struct bf_error *err)
{
    struct bf_txn *t = NULL;
    const void *p;
    size_t n;
    enum bf_err rc = bf_store_begin_read(&t, l->store, err);

    if (rc != BF_OK)
        return rc;
    rc = bf_txn_get(t, BF_TABLE_META, BF_META_FORMAT, strlen(BF_META_FORMAT), &p, &n, err);
    if (rc == BF_ERR_NOT_FOUND) {
        rc = bf_error_set(err, BF_ERR_FORMAT,
                          "the ledger '%s' is incomplete: its making was cut short; run 'bonafide "
                          "ledger init' again",
                          l->dir);
        goto out;
    }
    if (rc != BF_OK)
        goto out;
    if (n != strlen(BF_LEDGER_FORMAT) || memcmp(p, BF_LEDGER_FORMAT, n) != 0) {
        char found[64];

        bf_text_escape(found, sizeof found, p, n);
        rc = bf_error_set(err, BF_ERR_FORMAT,
                          "the ledger '%s' has the format '%s'; this program reads '%s'", l->dir,
                          found, BF_LEDGER_FORMAT);
        goto out;
    }
    rc = bf_txn_get(t, BF_TABLE_META, BF_META_ORIGIN, strlen(BF_META_ORIGIN), &p, &n, err);
    if (rc == BF_ERR_NOT_FOUND || (rc == BF_OK && !bf_origin_is_valid(p, n))) {
        rc = bf_error_set(err, BF_ERR_FORMAT, "the ledger '%s' is damaged: it has no valid origin",
                          l->dir);
        goto out;
    }
    if (rc == BF_OK)
        memcpy(l->origin, p, n);
out:
    bf_txn_abort(&t);
    return rc;
}

static enum bf_err random_origin(char *out, size_t cap, struct bf_error *err)
{
    uint8_t bytes[8];
    char hex[17];
    ssize_t n;

    do
        n = getrandom(bytes, sizeof bytes, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof bytes)
        return bf_error_errno(err, "cannot read the system's random source");
    bf_hex_format(hex, bytes, sizeof bytes);
    snprintf(out, cap, "bonafide-ledger/%s", hex);
    return BF_OK;
}

static enum bf_err write_meta(struct bf_store *s, const char *dir, const char *origin,
                              struct bf_error *err)
{
    struct bf_txn *t = NULL;
    const void *p;
    size_t n;
    enum bf_err rc = bf_store_begin_write(&t, s, err);

    if (rc != BF_OK)
        return rc;
    /* Two at once: the second finds what the first has written. */
    rc = bf_txn_get(t, BF_TABLE_META, BF_META_FORMAT, strlen(BF_META_FORMAT), &p, &n, err);
    if (rc == BF_OK)
        rc = bf_error_set(err, BF_ERR_EXISTS, "there is a ledger at '%s' already", dir);
    else if (rc == BF_ERR_NOT_FOUND)
        rc = bf_txn_put(t, BF_TABLE_META, BF_META_ORIGIN, strlen(BF_META_ORIGIN), origin,
                        strlen(origin), err);
    if (rc == BF_OK)
        rc = bf_txn_put(t, BF_TABLE_META, BF_META_FORMAT, strlen(BF_META_FORMAT), BF_LEDGER_FORMAT,
                        strlen(BF_LEDGER_FORMAT), err);
    if (rc == BF_OK)
        return bf_txn_commit(&t, err);
    bf_txn_abort(&t);
    return rc;
}

enum bf_err bf_ledger_init(const char *dir, const char *origin, struct bf_error *err)
{
    struct bf_store *s = NULL;
    char made[BF_ORIGIN_MAX + 1];
    enum bf_err rc = BF_OK;

    if (origin == NULL) {
        rc = random_origin(made, sizeof made, err);
        origin = made;
    } else if (!bf_origin_is_valid(origin, strlen(origin))) {
        rc = bf_error_set(err, BF_ERR_USAGE,
                          "'%s' cannot be a ledger's origin: 1 to %d printable ASCII characters, "
                          "no space, no '+'",
                          origin, BF_ORIGIN_MAX);
    }
    if (rc == BF_OK)
        rc = bf_store_open(&s, dir, true, false, err);
    if (rc == BF_OK)
        rc = write_meta(s, dir, origin, err);
    if (rc == BF_OK)
        rc = bf_store_mark(s, err);
    bf_store_close(&s);
    return rc;
}

enum bf_err bf_ledger_open(struct bf_ledger **out, const char *dir, bool read_only,
                           struct bf_error *err)
{
    struct bf_ledger *l = calloc(1, sizeof *l);
    enum bf_err rc;

    *out = NULL;
    if (l == NULL)
        return bf_error_nomem(err);
    l->dir = strdup(dir);
    if (l->dir == NULL)
        rc = bf_error_nomem(err);
    else
        rc = bf_store_open(&l->store, dir, false, read_only, err);
    if (rc == BF_OK)
        rc = read_meta(l, err);
    if (rc == BF_OK)
        *out = l;
    else
        bf_ledger_close(&l);
    return rc;
}

void bf_ledger_close(struct bf_ledger **l)
{
    if (*l == NULL)
        return;
    bf_store_close(&(*l)->store);
    free((*l)->dir);
    free(*l);
    *l = NULL;
}

const char *bf_ledger_origin(const struct bf_ledger *l)
{
    return l->origin;
}

struct bf_store *bf_ledger_store(struct bf_ledger *l)
{
    return l->store;
}

static enum bf_err get_node(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                            struct bf_error *err)
{
    uint8_t key[BF_NODE_KEY_SIZE];
    const void *p;
    size_t n;
    enum bf_err rc;

    bf_node_key(key, level, i);
    rc = bf_txn_get(ctx, BF_TABLE_NODES, key, sizeof key, &p, &n, err);
    if (rc == BF_ERR_NOT_FOUND || (rc == BF_OK && n != 32))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the ledger is damaged: it has no tree node %u/%" PRIu64, level, i);
    if (rc == BF_OK)
        memcpy(hash32, p, 32);
    return rc;
}

struct bf_merkle_source bf_ledger_nodes(struct bf_txn *t)
{
    return (struct bf_merkle_source){get_node, t};
}

enum bf_err bf_ledger_peaks(struct bf_txn *t, struct bf_merkle *m, struct bf_error *err)
{
    unsigned level;
    enum bf_err rc = bf_txn_count(t, BF_TABLE_RECORDS, &m->n, err);

    for (level = 0; rc == BF_OK && level < 64; level++)
        if (m->n >> level & 1)
            rc = get_node(t, m->peak[level], level, (m->n >> level) - 1, err);
    return rc;
}

enum bf_err bf_ledger_size(struct bf_txn *t, uint64_t *size, uint8_t root32[32],
                           struct bf_error *err)
{
    struct bf_merkle m = {0};
    enum bf_err rc = bf_ledger_peaks(t, &m, err);

    if (rc != BF_OK)
        return rc;
    *size = m.n;
    if (root32 != NULL)
        bf_merkle_root(root32, &m);
    return BF_OK;
}

enum bf_err bf_ledger_record(struct bf_txn *t, uint64_t index, const void **p, size_t *n,
                             struct bf_error *err)
{
    uint8_t key[8];
    uint64_t size = 0;
    enum bf_err rc;

    bf_put_be64(key, index);
    rc = bf_txn_get(t, BF_TABLE_RECORDS, key, sizeof key, p, n, err);
    if (rc != BF_ERR_NOT_FOUND)
        return rc;
    rc = bf_txn_count(t, BF_TABLE_RECORDS, &size, err);
    if (rc != BF_OK)
        return rc;
    return bf_error_set(err, BF_ERR_NOT_FOUND,
                        "there is no record %" PRIu64 "; the ledger has %" PRIu64, index, size);
}

static enum bf_err find_index(struct bf_txn *t, enum bf_table table, const uint8_t key32[32],
                              uint64_t *index, struct bf_error *err)
{
    const void *p;
    size_t n;
    enum bf_err rc = bf_txn_get(t, table, key32, 32, &p, &n, err);

    if (rc == BF_OK && n != 8)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the ledger is damaged: an index entry has %zu bytes", n);
    if (rc == BF_OK)
        *index = bf_get_be64(p);
    return rc;
}

enum bf_err bf_ledger_find_hash(struct bf_txn *t, const uint8_t hash32[32], uint64_t *index,
                                struct bf_error *err)
{
    enum bf_err rc = find_index(t, BF_TABLE_BY_HASH, hash32, index, err);

    return rc == BF_ERR_NOT_FOUND ? bf_error_set(err, rc, "there is no record with this hash") : rc;
}

enum bf_err bf_ledger_find_file(struct bf_txn *t, const uint8_t file32[32], uint64_t *index,
                                struct bf_error *err)
{
    enum bf_err rc = find_index(t, BF_TABLE_BY_FILE, file32, index, err);

    return rc == BF_ERR_NOT_FOUND ? bf_error_set(err, rc, "there is no record of this file") : rc;
}

struct found {
    const uint8_t *key32;
    uint64_t *index;
    size_t cap, n;
};

static bool add_found(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct found *f = ctx;

    if (key_len != 32 || memcmp(key, f->key32, 32) != 0 || f->n == f->cap || n != 8)
        return false;
    f->index[f->n++] = bf_get_be64(p);
    return true;
}

enum bf_err bf_ledger_find_frames(struct bf_txn *t, const uint8_t frames32[32], uint64_t *index,
                                  size_t cap, size_t *n, struct bf_error *err)
{
    struct found f = {frames32, index, cap, 0};
    enum bf_err rc = bf_txn_each(t, BF_TABLE_BY_FRAMES, frames32, 32, add_found, &f, err);

    *n = f.n;
    return rc;
}

enum bf_err bf_ledger_last_checkpoint(struct bf_txn *t, const void **p, size_t *n,
                                      struct bf_error *err)
{
    const void *key;
    size_t key_len;
    enum bf_err rc = bf_txn_last(t, BF_TABLE_CHECKPOINTS, &key, &key_len, p, n, err);

    return rc == BF_ERR_NOT_FOUND
               ? bf_error_set(err, rc, "the ledger is empty and has no checkpoint")
               : rc;
}

struct first_note {
    const void *p;
    size_t n;
};

static bool take_first(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct first_note *f = ctx;

    (void)key, (void)key_len;
    f->p = p;
    f->n = n;
    return false;
}

/* A stored note cut down to its one line by public33; false where it has none. */
static bool note_by(struct bf_buf *out, struct bf_checkpoint *c, const void *note, size_t n,
                    const uint8_t public33[33])
{
    const char *text = note, *line, *end;

    if (bf_checkpoint_parse(c, note, n, NULL) != BF_OK || !bf_checkpoint_check(c, note, public33))
        return false;
    /* Each line is tried alone behind the text; notes have a handful of lines at most. */
    for (line = text + c->text_len + 1; line < text + n; line = end) {
        end = (const char *)memchr(line, '\n', (size_t)(text + n - line)) + 1;
        out->len = 0;
        bf_buf_append(out, text, c->text_len);
        bf_buf_put_u8(out, '\n');
        bf_buf_append(out, line, (size_t)(end - line));
        if (!out->failed && bf_checkpoint_parse(c, out->data, out->len, NULL) == BF_OK &&
            bf_checkpoint_check(c, out->data, public33))
            return true;
    }
    return false;
}

enum bf_err bf_ledger_prove(struct bf_txn *t, struct bf_buf *out, uint64_t index,
                            struct bf_error *err)
{
    struct bf_merkle_source nodes = bf_ledger_nodes(t);
    uint8_t path[BF_MERKLE_PATH_MAX][32], key[8];
    struct bf_buf note = {0};
    struct first_note first = {0};
    struct bf_checkpoint c;
    struct bf_record r;
    const void *record, *last;
    size_t record_len, last_len, n_path;
    enum bf_err rc;

    rc = bf_ledger_record(t, index, &record, &record_len, err);
    if (rc == BF_OK)
        rc = bf_record_decode(&r, record, record_len, err);
    if (rc == BF_OK)
        rc = bf_ledger_last_checkpoint(t, &last, &last_len, err);
    /* The newest checkpoint, where the issuer signed it: then the proof needs no other key. Else
     * the first that covers the record, which its own registration signed. */
    if (rc == BF_OK && (!note_by(&note, &c, last, last_len, r.issuer33) || c.size <= index)) {
        bf_put_be64(key, index + 1);
        rc = bf_txn_each(t, BF_TABLE_CHECKPOINTS, key, sizeof key, take_first, &first, err);
        if (rc == BF_OK && (first.p == NULL || !note_by(&note, &c, first.p, first.n, r.issuer33)))
            rc = bf_error_set(err, BF_ERR_NOT_FOUND,
                              "no checkpoint by its issuer covers record %" PRIu64, index);
    }
    if (rc == BF_OK)
        rc = bf_merkle_prove(path, &n_path, index, c.size, &nodes, err);
    if (rc == BF_OK)
        rc = bf_proof_encode(out, record, record_len, index, (const uint8_t(*)[32])path, n_path,
                             note.data, note.len, err);
    bf_buf_release(&note);
    return rc;
}

struct own {
    struct bf_trust *trust;
    struct bf_error *err;
    enum bf_err rc;
};

static bool add_own(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct own *o = ctx;
    char name[BF_NAME_MAX + 1];

    if (key_len != BF_PUBLIC33_SIZE || n > BF_NAME_MAX) {
        o->rc = bf_error_set(o->err, BF_ERR_FORMAT,
                             "the ledger is damaged: its list of own keys cannot be read");
        return false;
    }
    memcpy(name, p, n);
    name[n] = '\0';
    o->rc = bf_trust_add(o->trust, key, name, o->err);
    return o->rc == BF_OK;
}

enum bf_err bf_ledger_own_keys(struct bf_txn *t, struct bf_trust *trust, struct bf_error *err)
{
    struct own o = {trust, err, BF_OK};
    enum bf_err rc = bf_txn_each(t, BF_TABLE_OWN, NULL, 0, add_own, &o, err);

    return rc != BF_OK ? rc : o.rc;
}
