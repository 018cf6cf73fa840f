#include "ledger/chain/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <lmdb.h>

#include "ledger/chain/store_check.h"
#include "ledger/chain/store_impl.h"
#include "lib/base/file.h"

#define MAP_START ((size_t)1 << 20)
#define MAX_READERS 510
#define DATA_FILE "data.mdb"
#define MARK_FILE "made.txt"

const char *const bf_table_names[BF_TABLE_COUNT] = {
    [BF_TABLE_META] = "meta",           [BF_TABLE_RECORDS] = "records",
    [BF_TABLE_NODES] = "nodes",         [BF_TABLE_CHECKPOINTS] = "checkpoints",
    [BF_TABLE_BY_HASH] = "by-hash",     [BF_TABLE_BY_FILE] = "by-file",
    [BF_TABLE_BY_FRAMES] = "by-frames", [BF_TABLE_BLOBS] = "blobs",
    [BF_TABLE_CODES] = "codes",         [BF_TABLE_ANCHORS] = "anchors",
    [BF_TABLE_FEATURES] = "features",   [BF_TABLE_OWN] = "own",
};

static const unsigned table_flags[BF_TABLE_COUNT] = {
    [BF_TABLE_BY_FRAMES] = MDB_DUPSORT,
    [BF_TABLE_CODES] = MDB_DUPSORT | MDB_DUPFIXED,
    [BF_TABLE_FEATURES] = MDB_DUPSORT | MDB_DUPFIXED,
};

/* A write that the disk took only a part of reaches us as EIO; a full disk deserves its own name.
 */
static bool disk_is_full(const char *dir)
{
    struct statvfs v;

    return statvfs(dir, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < (1 << 20);
}

enum bf_err bf_store_error(struct bf_store *s, int code, const char *verb, struct bf_error *err)
{
    switch (code) {
    case MDB_SUCCESS:
        return BF_OK;
    case MDB_NOTFOUND:
        return BF_ERR_NOT_FOUND;
    case MDB_MAP_FULL:
        s->grow = true;
        return bf_error_set(err, BF_ERR_LIMIT, "the ledger '%s' is full and must grow", s->dir);
    case MDB_READERS_FULL:
        return bf_error_set(err, BF_ERR_LIMIT,
                            "cannot %s the ledger '%s': more than %d readers at once", verb, s->dir,
                            MAX_READERS);
    case MDB_MAP_RESIZED:
    case MDB_BAD_VALSIZE:
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_TXN_FULL:
        return bf_error_set(err, BF_ERR_LIBRARY, "cannot %s the ledger '%s': %s", verb, s->dir,
                            mdb_strerror(code));
    default:
        break;
    }
    if (code < 0)
        return bf_error_set(err, BF_ERR_FORMAT, "the ledger '%s' is damaged: %s", s->dir,
                            mdb_strerror(code));
    errno = code == EIO && disk_is_full(s->dir) ? ENOSPC : code;
    return bf_error_errno(err, "cannot %s the ledger '%s'", verb, s->dir);
}

/* One folder, mode 0700, that outlasts a power cut; one that is there already stays as it is. */
static int make_folder(const char *path)
{
    struct stat st;
    int saved;

    if (mkdir(path, 0700) == 0)
        return bf_folder_sync(path);
    saved = errno;
    /* A parent on a read-only disk answers EROFS even where it is there. */
    if (saved == EEXIST || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return 0;
    errno = saved;
    return -1;
}

/* Make path and its parents. */
static enum bf_err make_folders(const char *dir, struct bf_error *err)
{
    char *path = strdup(dir), *p;
    enum bf_err rc = BF_OK;

    if (path == NULL)
        return bf_error_nomem(err);
    for (p = path + 1; rc == BF_OK && p[-1] != '\0'; p++) {
        char end = *p;

        if (end != '/' && end != '\0')
            continue;
        *p = '\0';
        if (make_folder(path) != 0)
            rc = bf_error_errno(err, "cannot make the folder '%s'", path);
        *p = end;
    }
    free(path);
    return rc;
}

/* The two headers are not read at one moment: where a writer comes between, once more. */
static enum bf_store_head look_at_head(const char *path)
{
    struct timespec moment = {0, 1000 * 1000};
    enum bf_store_head head = BF_STORE_HEAD_UNKNOWN;
    int fd = open(path, O_RDONLY | O_CLOEXEC), attempt;

    if (fd < 0)
        return head;
    for (attempt = 0; attempt < 20; attempt++) {
        head = bf_store_check_head(fd);
        if (head != BF_STORE_HEAD_WRONG)
            break;
        nanosleep(&moment, NULL);
    }
    close(fd);
    return head;
}

static bool is_marked(const char *dir)
{
    size_t cap = strlen(dir) + sizeof "/" MARK_FILE;
    char *path = malloc(cap);
    bool marked = true; /* no memory: the worse is taken */

    if (path != NULL) {
        snprintf(path, cap, "%s/" MARK_FILE, dir);
        marked = access(path, F_OK) == 0;
    }
    free(path);
    return marked;
}

static enum bf_err damaged(const char *dir, const char *how, struct bf_error *err)
{
    return bf_error_set(err, BF_ERR_FORMAT, "the ledger '%s' is damaged: %s", dir, how);
}

/* Whether the data file is one that something was ever committed to. */
static enum bf_err look_at_data(bool *there, const char *dir, const char *path,
                                struct bf_error *err)
{
    enum bf_store_head head = look_at_head(path);

    *there = true;
    if (head == BF_STORE_HEAD_SOUND || is_marked(dir)) {
        if (head == BF_STORE_HEAD_WRONG || head == BF_STORE_HEAD_NEW)
            return damaged(dir, "the head of " DATA_FILE " is wrong", err);
        return BF_OK;
    }
    /* Nothing was: a making that was cut short, which is taken up again. */
    if (head == BF_STORE_HEAD_NEW) {
        *there = false;
        return BF_OK;
    }
    return bf_error_set(
        err, BF_ERR_FORMAT,
        "the ledger '%s' is damaged, or its making was cut short; where nothing was "
        "registered in it, remove its folder and run 'bonafide ledger init' again",
        dir);
}

/* Whether the folder has a data file with anything in it. */
static enum bf_err is_there(bool *there, const char *dir, struct bf_error *err)
{
    size_t cap = strlen(dir) + sizeof "/" DATA_FILE;
    char *path = malloc(cap);
    enum bf_err rc = BF_OK;
    struct stat st = {0};

    *there = false;
    errno = 0;
    if (path == NULL)
        return bf_error_nomem(err);
    snprintf(path, cap, "%s/" DATA_FILE, dir);
    if (stat(path, &st) != 0 && errno != ENOENT)
        rc = bf_error_errno(err, "cannot open the ledger '%s'", dir);
    else if (errno == ENOENT || st.st_size == 0)
        rc = is_marked(dir) ? damaged(dir, DATA_FILE " is missing or empty", err) : BF_OK;
    else if (!S_ISREG(st.st_mode))
        rc = damaged(dir, DATA_FILE " is not a regular file", err);
    else
        rc = look_at_data(there, dir, path, err);
    free(path);
    return rc;
}

/*
 * LMDB maps the file and trusts its own length: reading behind the end of a file that somebody cut
 * would be a SIGBUS. A file may be short and whole all the same, where a writer was killed between
 * a commit and complete_file; then none of the pages in use is behind the end, and walking them
 * tells.
 */
static int check_length(MDB_env *env, int fd)
{
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;

    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &st) != 0 || fstat(fd, &file) != 0)
        return MDB_CORRUPTED;
    if ((uint64_t)file.st_size / st.ms_psize <= info.me_last_pgno)
        return MDB_CORRUPTED;
    return 0;
}

static int open_env(struct bf_store *s, bool create)
{
    /* The lookup tables are read all over: what lies beside a page is seldom what is wanted next.
     */
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (s->read_only ? MDB_RDONLY : 0);
    int rc, attempt;

    for (attempt = 0;; attempt++) {
        rc = mdb_env_create(&s->env);
        if (rc != 0)
            return rc;
        mdb_env_set_maxdbs(s->env, BF_TABLE_COUNT);
        mdb_env_set_maxreaders(s->env, MAX_READERS);
        if (create)
            mdb_env_set_mapsize(s->env, MAP_START);
        rc = mdb_env_open(s->env, s->dir, flags, 0600);
        if (rc == 0)
            break;
        mdb_env_close(s->env);
        s->env = NULL;
        /* No lock file can be made in a folder that we may only read; its reader table is done
         * without. */
        if (attempt > 0 || !s->read_only || (rc != EROFS && rc != EACCES && rc != EPERM))
            return rc;
        flags |= MDB_NOLOCK;
    }
    rc = mdb_env_get_fd(s->env, &s->data_fd);
    if (rc == 0 && !(flags & MDB_NOLOCK))
        rc = mdb_reader_check(s->env, NULL);
    return rc;
}

static int begin(MDB_txn **txn, struct bf_store *s, unsigned flags)
{
    int rc = mdb_txn_begin(s->env, NULL, flags, txn), attempt;

    /* Another process has made the map larger: follow it. Among many writers it has grown again by
     * the time that it is our turn; there are no more doublings than an address has bits. */
    for (attempt = 0; rc == MDB_MAP_RESIZED && s->n_txns == 0 && attempt < 64; attempt++) {
        rc = mdb_env_set_mapsize(s->env, 0);
        if (rc == 0)
            rc = mdb_txn_begin(s->env, NULL, flags, txn);
    }
    return rc;
}

/* Under a reader's slot the pages of its snapshot stay as they are. Without a lock file they may
 * not: it is tried again. */
static enum bf_err check_pages(struct bf_store *s, uint64_t max_pages, struct bf_error *err)
{
    bool found, sound = false;
    MDB_txn *txn;
    int rc, attempt;

    for (attempt = 0; attempt < 10; attempt++) {
        rc = begin(&txn, s, MDB_RDONLY);
        if (rc != 0)
            return bf_store_error(s, rc, "read", err);
        sound = bf_store_check_pages(&found, s->data_fd, mdb_txn_id(txn), max_pages);
        mdb_txn_abort(txn);
        if (sound && found)
            return BF_OK;
        if (!sound && attempt >= 2)
            break;
    }
    /* Headers that never stand still are those of a busy ledger, and LMDB reads them. */
    return sound ? BF_OK
                 : bf_error_set(err, BF_ERR_FORMAT,
                                "the ledger '%s' is damaged: a page of " DATA_FILE
                                " was written over",
                                s->dir);
}

enum bf_err bf_store_check(struct bf_store *s, struct bf_error *err)
{
    return check_pages(s, UINT64_MAX, err);
}

static enum bf_err open_tables(struct bf_store *s, bool create, struct bf_error *err)
{
    MDB_txn *txn = NULL;
    MDB_stat st;
    int rc, i;

    rc = begin(&txn, s, create ? 0 : MDB_RDONLY);
    for (i = 0; rc == 0 && i < BF_TABLE_COUNT; i++) {
        rc = mdb_dbi_open(txn, bf_table_names[i], table_flags[i] | (create ? MDB_CREATE : 0),
                          &s->dbi[i]);
        if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
            mdb_txn_abort(txn);
            return bf_error_set(err, BF_ERR_FORMAT,
                                "the ledger '%s' is of another version or damaged: it has no "
                                "table '%s'",
                                s->dir, bf_table_names[i]);
        }
    }
    /* A creation that was cut short leaves empty tables, and is taken up again. */
    if (rc == 0 && create && mdb_stat(txn, s->dbi[BF_TABLE_META], &st) == 0 && st.ms_entries > 0) {
        mdb_txn_abort(txn);
        return bf_error_set(err, BF_ERR_EXISTS, "there is a ledger at '%s' already", s->dir);
    }
    if (rc == 0)
        rc = mdb_txn_commit(
            txn); /* also for a read transaction: only so do the table handles stay */
    else if (txn != NULL)
        mdb_txn_abort(txn);
    return bf_store_error(s, rc, create ? "write" : "read", err);
}

static void complete_file(struct bf_store *s);

/* A file that is shorter than its header says: damaged, unless every page in use is there. */
static enum bf_err check_short(struct bf_store *s, struct bf_error *err)
{
    MDB_envinfo info;
    struct stat file;

    if (mdb_env_info(s->env, &info) != 0 || fstat(s->data_fd, &file) != 0 ||
        check_pages(s, UINT64_MAX, NULL) != BF_OK)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the ledger '%s' is damaged: " DATA_FILE " is shorter than it says",
                            s->dir);
    s->whole_txnid = info.me_last_txnid;
    s->whole_size = file.st_size;
    if (!s->read_only)
        complete_file(s);
    return BF_OK;
}

enum bf_err bf_store_open(struct bf_store **out, const char *dir, bool create, bool read_only,
                          struct bf_error *err)
{
    struct bf_store *s = NULL;
    enum bf_err rc;
    bool there;
    int code;

    *out = NULL;
    rc = is_there(&there, dir, err);
    if (rc != BF_OK)
        return rc;
    if (!there && !create)
        return bf_error_set(err, BF_ERR_NOT_FOUND, "there is no ledger at '%s'", dir);
    if (create) {
        rc = make_folders(dir, err);
        if (rc != BF_OK)
            return rc;
    }
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return bf_error_nomem(err);
    s->read_only = read_only;
    s->dir = strdup(dir);
    if (s->dir == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    code = open_env(s, create);
    if (code != 0)
        rc = bf_store_error(s, code, create ? "write" : "open", err);
    if (rc == BF_OK) {
        bool cut = check_length(s->env, s->data_fd) != 0;

        if (cut)
            rc = check_short(s, err);
        else
            rc = check_pages(s, BF_STORE_CHECK_PAGES, err);
    }
    if (rc == BF_OK)
        rc = open_tables(s, create, err);
    if (rc == BF_OK) {
        *out = s;
        s = NULL;
    }
out:
    bf_store_close(&s);
    return rc;
}

enum bf_err bf_store_mark(struct bf_store *s, struct bf_error *err)
{
    size_t cap = strlen(s->dir) + sizeof "/" MARK_FILE;
    char *path = malloc(cap);
    struct bf_buf text = {0};
    enum bf_err rc;

    if (path == NULL)
        return bf_error_nomem(err);
    snprintf(path, cap, "%s/" MARK_FILE, s->dir);
    bf_buf_printf(&text, "A bonafide ledger was made here; " DATA_FILE " holds it.\n");
    rc = bf_file_write(path, BF_OUTPUT_FORCE, &text, err);
    bf_buf_release(&text);
    free(path);
    return rc;
}

void bf_store_close(struct bf_store **s)
{
    if (*s == NULL)
        return;
    if ((*s)->env != NULL)
        mdb_env_close((*s)->env);
    free((*s)->dir);
    free(*s);
    *s = NULL;
}

bool bf_store_wants_retry(const struct bf_store *s)
{
    return s->grow;
}

static int grow_map(struct bf_store *s)
{
    MDB_envinfo info;
    int rc;

    if (s->n_txns > 0)
        return EBUSY;
    rc = mdb_env_info(s->env, &info);
    if (rc == 0 && info.me_mapsize > SIZE_MAX / 2)
        rc = ENOMEM;
    if (rc == 0)
        rc = mdb_env_set_mapsize(s->env, info.me_mapsize * 2);
    if (rc == 0)
        s->grow = false;
    return rc;
}

/* The file is the one that was found short and whole when it was opened. */
static bool is_as_checked(const struct bf_store *s)
{
    MDB_envinfo info;
    struct stat file;

    return s->whole_size > 0 && mdb_env_info(s->env, &info) == 0 && fstat(s->data_fd, &file) == 0 &&
           info.me_last_txnid == s->whole_txnid && file.st_size >= s->whole_size;
}

/*
 * Whoever cut the file since it was opened would have us die on a page that is gone. Another
 * process that has just committed may be about to lengthen it (complete_file): it gets a moment.
 */
static bool length_settles(struct bf_store *s)
{
    struct timespec moment = {0, 20 * 1000 * 1000};
    int attempt;

    for (attempt = 0; check_length(s->env, s->data_fd) != 0; attempt++) {
        if (attempt == 5)
            return is_as_checked(s);
        nanosleep(&moment, NULL);
    }
    return true;
}

static enum bf_err begin_txn(struct bf_txn **out, struct bf_store *s, bool write,
                             struct bf_error *err)
{
    const char *verb = write ? "write" : "read";
    struct bf_txn *t;
    int rc = 0;

    *out = NULL;
    if (write && s->read_only)
        return bf_error_set(err, BF_ERR_USAGE, "the ledger '%s' is open for reading alone", s->dir);
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return bf_error_nomem(err);
    if (write && s->grow)
        rc = grow_map(s);
    if (rc == 0)
        rc = begin(&t->txn, s, write ? 0 : MDB_RDONLY);
    if (rc == 0 && !length_settles(s)) {
        mdb_txn_abort(t->txn);
        rc = MDB_CORRUPTED;
    }
    if (rc != 0) {
        free(t);
        return bf_store_error(s, rc, verb, err);
    }
    t->store = s;
    t->write = write;
    s->n_txns++;
    *out = t;
    return BF_OK;
}

enum bf_err bf_store_begin_read(struct bf_txn **t, struct bf_store *s, struct bf_error *err)
{
    return begin_txn(t, s, false, err);
}

enum bf_err bf_store_begin_write(struct bf_txn **t, struct bf_store *s, struct bf_error *err)
{
    return begin_txn(t, s, true, err);
}

/*
 * A page that was taken at the end of the file and given back in the same transaction is never
 * written, so that a healthy file can be shorter than its header says. Make it as long, so that
 * check_length may be strict. This runs under the lock of a write transaction: nobody else makes
 * the file longer meanwhile.
 */
static void complete_file(struct bf_store *s)
{
    MDB_txn *txn;

    if (check_length(s->env, s->data_fd) == 0 || mdb_txn_begin(s->env, NULL, 0, &txn) != 0)
        return;
    if (check_length(s->env, s->data_fd) != 0) {
        MDB_envinfo info;
        MDB_stat st;

        if (mdb_env_info(s->env, &info) == 0 && mdb_env_stat(s->env, &st) == 0 &&
            ftruncate(s->data_fd, (off_t)((info.me_last_pgno + 1) * st.ms_psize)) == 0)
            fsync(s->data_fd);
    }
    mdb_txn_abort(txn);
}

enum bf_err bf_txn_commit(struct bf_txn **t, struct bf_error *err)
{
    struct bf_store *s = (*t)->store;
    bool write = (*t)->write;
    int rc = mdb_txn_commit((*t)->txn);

    s->n_txns--;
    bf_page_cache_free(&(*t)->pages);
    free(*t);
    *t = NULL;
    if (rc == 0 && write)
        complete_file(s);
    return bf_store_error(s, rc, "write", err);
}

void bf_txn_abort(struct bf_txn **t)
{
    if (*t == NULL)
        return;
    mdb_txn_abort((*t)->txn);
    (*t)->store->n_txns--;
    bf_page_cache_free(&(*t)->pages);
    free(*t);
    *t = NULL;
}
