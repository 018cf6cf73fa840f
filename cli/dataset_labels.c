#include "cli/dataset_labels.h"
#include "cli/common.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                \
    "file\tlabel\tmethod\tfamily\tperson\tdonor\tsplit\tsource\tseed\tstrength\tblending\t" \
    "colour\tcrf\tsize\tmask\twidth\theight\tframes\tframes_changed\tchanged\trecord\n"

enum {
    JOURNAL_MAX = 1 << 30,
    KEY_COLUMNS = 15, /* what an item is made from; then come its results */
};

struct bf_labels {
    char dir[BF_PATH_MAX];
    char **line; /* (n), by key, of each key one */
    size_t n, room;
    int fd; /* the journal, for appending */
};

/* Bytes of a line up to its results; 0 where it has not that many columns. */
static size_t key_length(const char *line)
{
    const char *at = line;
    int k;

    for (k = 0; k < KEY_COLUMNS; k++) {
        at = strchr(at, '\t');
        if (at == NULL)
            return 0;
        at++;
    }
    return (size_t)(at - line);
}

/* Where a line that begins with these bytes is, or would be. */
static size_t place_of(const struct bf_labels *l, const char *key, size_t n)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strncmp(l->line[mid], key, n) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static const char *find(const struct bf_labels *l, const char *key, size_t n)
{
    size_t at = place_of(l, key, n);

    return at < l->n && strncmp(l->line[at], key, n) == 0 ? l->line[at] : NULL;
}

/* A copy of the line, in the place of an older one of its key. */
static enum bf_err put_line(struct bf_labels *l, const char *line, size_t len, struct bf_error *err)
{
    char *own = strndup(line, len);
    size_t n = own != NULL ? key_length(own) : 0, at;

    if (own == NULL)
        return bf_error_nomem(err);
    if (n == 0) {
        free(own);
        return bf_error_set(err, BF_ERR_FORMAT, "'%s/.journal' is damaged", l->dir);
    }
    at = place_of(l, own, n);
    if (at < l->n && strncmp(l->line[at], own, n) == 0) {
        free(l->line[at]);
        l->line[at] = own;
        return BF_OK;
    }
    if (l->n == l->room) {
        size_t more = l->room > 0 ? 2 * l->room : 256;
        char **grown = realloc(l->line, more * sizeof *grown);

        if (grown == NULL) {
            free(own);
            return bf_error_nomem(err);
        }
        l->line = grown;
        l->room = more;
    }
    memmove(l->line + at + 1, l->line + at, (l->n - at) * sizeof *l->line);
    l->line[at] = own;
    l->n++;
    return BF_OK;
}

/* whole receives the length of the lines that have their end. */
static enum bf_err read_journal(struct bf_labels *l, const char *path, size_t *whole,
                                struct bf_error *err)
{
    struct bf_buf text = {0};
    struct stat st;
    size_t i;
    enum bf_err rc = BF_OK;

    *whole = 0;
    /* A run that was cut off at once leaves an empty one, which bf_file_read takes for none. */
    if (stat(path, &st) == 0 && st.st_size > 0)
        rc = bf_file_read(&text, path, JOURNAL_MAX, err);
    for (i = 0; rc == BF_OK && i < text.len; i++) {
        if (text.data[i] != '\n')
            continue;
        rc = put_line(l, (const char *)text.data + *whole, i - *whole, err);
        *whole = i + 1;
    }
    bf_buf_release(&text);
    return rc;
}

enum bf_err bf_labels_open(struct bf_labels **out, const char *dir, struct bf_error *err)
{
    struct bf_labels *l = calloc(1, sizeof *l);
    char path[BF_PATH_MAX + 16];
    size_t whole;
    enum bf_err rc;

    *out = l;
    if (l == NULL)
        return bf_error_nomem(err);
    l->fd = -1;
    if ((size_t)snprintf(l->dir, sizeof l->dir, "%s", dir) >= sizeof l->dir)
        rc = bf_error_set(err, BF_ERR_LIMIT, "the folder's name is too long");
    else {
        snprintf(path, sizeof path, "%s/.journal", dir);
        rc = read_journal(l, path, &whole, err);
        if (rc == BF_OK) {
            l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            /* Half a line would spoil the next one. */
            if (l->fd < 0 || ftruncate(l->fd, (off_t)whole) != 0)
                rc = bf_error_errno(err, "cannot write '%s'", path);
        }
    }
    if (rc != BF_OK)
        bf_labels_close(out);
    return rc;
}

void bf_labels_close(struct bf_labels **out)
{
    struct bf_labels *l = *out;
    size_t i;

    if (l == NULL)
        return;
    if (l->fd >= 0)
        close(l->fd);
    for (i = 0; i < l->n; i++)
        free(l->line[i]);
    free(l->line);
    free(l);
    *out = NULL;
}

/* All of a line that is known before the item is made, with a tab at its end. */
static bool before_results(struct bf_buf *b, const struct bf_plan *p,
                           const struct bf_plan_item *item)
{
    const struct bf_plan_video *v = &p->video[item->video];
    const struct bf_plan_method *m = item->method;
    bool pastes = m != NULL && (m->method == NULL || m->method->need != BF_FAKE_OWN_FRAME);

    if (m == NULL)
        return bf_buf_printf(b, "%s\treal\t-\t-\t%s\t-\t%s\t%s\t-\t-\t-\t-\t%u\t%s\t-\t",
                             item->file, v->person, bf_split_names[v->split], v->file, item->crf,
                             item->half ? "half" : "full");
    return bf_buf_printf(
        b, "%s\tfake\t%s\t%s\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%.2f\t%s\t%s\t%u\t%s\t%s\t", item->file,
        m->name, m->method != NULL ? m->method->family : "face swap", v->person,
        item->donor != SIZE_MAX ? p->video[item->donor].person : "-", bf_split_names[v->split],
        v->file, item->seed, (double)item->strength,
        pastes ? item->seamless ? "poisson" : "feather" : "-",
        pastes ? bf_colour_names[item->colour] : "-", item->crf, item->half ? "half" : "full",
        item->mask);
}

static bool is_there(const struct bf_labels *l, const char *file)
{
    char path[BF_PATH_MAX + BF_PLAN_NAME_MAX];

    snprintf(path, sizeof path, "%s/%s", l->dir, file);
    return access(path, F_OK) == 0;
}

static const char *line_of(const struct bf_labels *l, const struct bf_plan *p,
                           const struct bf_plan_item *item)
{
    struct bf_buf b = {0};
    const char *line = NULL;

    if (before_results(&b, p, item))
        line = find(l, (const char *)b.data, b.len);
    bf_buf_release(&b);
    return line;
}

/* The line of an item that is there whole, with its mask; else NULL. */
static const char *done_line(const struct bf_labels *l, const struct bf_plan *p,
                             const struct bf_plan_item *item)
{
    return is_there(l, item->file) && (item->mask[0] == '\0' || is_there(l, item->mask))
               ? line_of(l, p, item)
               : NULL;
}

bool bf_labels_has(const struct bf_labels *l, const struct bf_plan *p,
                   const struct bf_plan_item *item)
{
    return done_line(l, p, item) != NULL;
}

/* A line that is cut off by a full disk is passed over when the journal is read. */
static enum bf_err append(const struct bf_labels *l, const uint8_t *p, size_t n,
                          struct bf_error *err)
{
    while (n > 0) {
        ssize_t k = write(l->fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return bf_error_errno(err, "cannot write '%s/.journal'", l->dir);
        p += k;
        n -= (size_t)k;
    }
    return fsync(l->fd) == 0 ? BF_OK : bf_error_errno(err, "cannot write '%s/.journal'", l->dir);
}

enum bf_err bf_labels_add(struct bf_labels *l, const struct bf_plan *p,
                          const struct bf_plan_item *item, const struct bf_fake_job_done *done,
                          struct bf_error *err)
{
    struct bf_buf b = {0};
    enum bf_err rc = BF_OK;

    before_results(&b, p, item);
    bf_buf_printf(&b, "%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%.5f\t", done->width, done->height,
                  done->n_frames, done->n_changed, done->changed);
    if (item->method != NULL)
        bf_buf_printf(&b, "%" PRIu64 "\n", done->record.index);
    else
        bf_buf_printf(&b, "-\n");
    if (b.failed)
        rc = bf_error_nomem(err);
    else
        rc = append(l, b.data, b.len, err);
    if (rc == BF_OK)
        rc = put_line(l, (const char *)b.data, b.len - 1, err);
    bf_buf_release(&b);
    return rc;
}

enum bf_err bf_labels_write(const struct bf_labels *l, const struct bf_plan *p,
                            const struct bf_plan_item *item, size_t n, struct bf_error *err)
{
    char path[BF_PATH_MAX + 16];
    struct bf_buf b = {0};
    size_t i;
    enum bf_err rc;

    snprintf(path, sizeof path, "%s/labels.tsv", l->dir);
    bf_buf_printf(&b, "%s", HEAD);
    for (i = 0; i < n; i++) {
        const char *line = done_line(l, p, &item[i]);

        if (line != NULL)
            bf_buf_printf(&b, "%s\n", line);
    }
    rc = bf_file_write(path, BF_OUTPUT_FORCE, &b, err);
    bf_buf_release(&b);
    return rc;
}
