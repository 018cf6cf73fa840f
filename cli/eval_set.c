#include "cli/eval_set.h"
#include "cli/common.h"
#include "cli/detector_list.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LABELS_MAX = 256 << 20, COLUMNS_MAX = 64, DEPTH_MAX = 8, CRF_MAX = 63 };

/* A method's name goes to terminals and tables: without control characters, in whole characters,
 * and of a fake never that of the reals. */
static void name_method(struct bf_eval_item *item, const char *name)
{
    char text[4 * sizeof item->method];
    size_t n;

    bf_text_escape(text, sizeof text, name, strlen(name));
    n = strlen(text) < sizeof item->method ? strlen(text) : sizeof item->method - 1;
    while (n > 0 && !bf_text_is_utf8(text, n))
        n--;
    memcpy(item->method, text, n);
    item->method[n] = 0;
    if (n == 0 || strcmp(item->method, "real") == 0)
        memcpy(item->method, "fake", sizeof "fake");
}

static enum bf_err add(struct bf_eval_set *s, const struct bf_eval_item *item, const char *path,
                       struct bf_error *err)
{
    struct bf_eval_item *more;
    size_t cap = 2 * s->cap + 64;

    if (s->n == BF_EVAL_FILES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d videos", BF_EVAL_FILES_MAX);
    if (s->n == s->cap) {
        more = realloc(s->item, cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        s->item = more;
        s->cap = cap;
    }
    s->item[s->n] = *item;
    s->item[s->n].path = strdup(path);
    if (s->item[s->n].path == NULL)
        return bf_error_nomem(err);
    s->n++;
    return BF_OK;
}

void bf_eval_set_release(struct bf_eval_set *s)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        free(s->item[i].path);
    free(s->item);
    memset(s, 0, sizeof *s);
}

/* --- by folders
 * ------------------------------------------------------------------------------------------------
 */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum bf_err walk(struct bf_eval_set *s, const char *dir, const struct bf_eval_item *kind,
                        int depth, struct bf_error *err)
{
    struct dirent **list = NULL;
    enum bf_err rc = BF_OK;
    int n = scandir(dir, &list, NULL, by_name), i;

    if (n < 0)
        return bf_error_errno(err, "cannot read the folder '%s'", dir);
    for (i = 0; i < n; i++) {
        struct bf_eval_item item = *kind;
        char path[BF_PATH_MAX];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
        if (rc == BF_OK && list[i]->d_name[0] != '.' && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
                if (item.fake && depth == 0)
                    name_method(&item, list[i]->d_name);
                rc = walk(s, path, &item, depth + 1, err);
            } else if (S_ISREG(st.st_mode)) {
                item.person = bf_person_number(list[i]->d_name);
                rc = add(s, &item, path, err);
            }
        }
        free(list[i]);
    }
    free(list);
    return rc;
}

static enum bf_err by_folders(struct bf_eval_set *s, const char *dir, struct bf_error *err)
{
    const struct bf_eval_item real = {.method = "real"}, fake = {.method = "fake", .fake = true};
    char path[BF_PATH_MAX];
    enum bf_err rc;

    snprintf(path, sizeof path, "%s/real", dir);
    rc = walk(s, path, &real, 0, err);
    snprintf(path, sizeof path, "%s/fake", dir);
    return rc == BF_OK ? walk(s, path, &fake, 0, err) : rc;
}

/* --- by labels
 * ------------------------------------------------------------------------------------------------
 */

enum column { FILE_AT, LABEL_AT, METHOD_AT, PERSON_AT, SPLIT_AT, CRF_AT, SIZE_AT, NAMES };
static const char *const names[NAMES] = {"file",  "label", "method", "person",
                                         "split", "crf",   "size"};

static size_t columns_of(char *column[COLUMNS_MAX], char *line)
{
    size_t n = 0;

    while (line != NULL && n < COLUMNS_MAX) {
        column[n++] = line;
        line = strchr(line, '\t');
        if (line != NULL)
            *line++ = 0;
    }
    return n;
}

/* Where each name stands in the first line; -1: nowhere. */
static void find_columns(int at[NAMES], char *const *column, size_t n)
{
    size_t i;
    int k;

    for (k = 0; k < NAMES; k++) {
        at[k] = -1;
        for (i = 0; i < n; i++)
            if (strcmp(column[i], names[k]) == 0)
                at[k] = (int)i;
    }
}

static const char *value(char *const *column, size_t n, int at)
{
    return at >= 0 && (size_t)at < n ? column[at] : "";
}

static enum bf_err add_labelled(struct bf_eval_set *s, const char *table, char *const *column,
                                size_t n, const int at[NAMES], struct bf_error *err)
{
    const char *file = value(column, n, at[FILE_AT]), *label = value(column, n, at[LABEL_AT]),
               *method = value(column, n, at[METHOD_AT]), *person = value(column, n, at[PERSON_AT]),
               *slash = strrchr(table, '/');
    struct bf_eval_item item = {.fake = strcmp(label, "fake") == 0};
    char path[BF_PATH_MAX];
    uint64_t crf;

    if (*file == 0 || (!item.fake && strcmp(label, "real") != 0))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s': a line without a file or a label that is real or fake", table);
    if (item.fake)
        name_method(&item, strcmp(method, "-") != 0 ? method : "");
    else
        memcpy(item.method, "real", sizeof "real");
    item.person = bf_person_number(*person != 0 && strcmp(person, "-") != 0 ? person : file);
    if (bf_u64_parse(&crf, CRF_MAX, value(column, n, at[CRF_AT]),
                     strlen(value(column, n, at[CRF_AT]))))
        item.crf = (unsigned)crf;
    item.half = strcmp(value(column, n, at[SIZE_AT]), "half") == 0;
    if (file[0] == '/' || slash == NULL)
        snprintf(path, sizeof path, "%s", file);
    else
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - table), table, file);
    return add(s, &item, path, err);
}

static enum bf_err by_labels(struct bf_eval_set *s, const char *path, const char *split,
                             struct bf_error *err)
{
    struct bf_buf text = {0};
    char *line, *end, *column[COLUMNS_MAX];
    bool first = true, blank;
    int at[NAMES];
    size_t n;
    enum bf_err rc = bf_file_read(&text, path, LABELS_MAX, err);

    if (rc == BF_OK && memchr(text.data, 0, text.len) != NULL)
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is no text", path);
    if (rc == BF_OK && !bf_buf_append(&text, "", 1))
        rc = bf_error_nomem(err);
    for (line = (char *)text.data; rc == BF_OK && *line != 0; line = end, first = false) {
        end = line + strcspn(line, "\n");
        if (*end != 0)
            *end++ = 0;
        blank = *line == 0;
        n = columns_of(column, line);
        if (first) {
            find_columns(at, column, n);
            if (at[FILE_AT] < 0 || at[LABEL_AT] < 0)
                rc = bf_error_set(err, BF_ERR_FORMAT,
                                  "'%s' has no columns with the names file and label", path);
        } else if (!blank && (split == NULL || at[SPLIT_AT] < 0 ||
                              strcmp(value(column, n, at[SPLIT_AT]), split) == 0)) {
            rc = add_labelled(s, path, column, n, at, err);
        }
    }
    bf_buf_release(&text);
    return rc;
}

enum bf_err bf_eval_set_add(struct bf_eval_set *s, const char *path, const char *split,
                            struct bf_error *err)
{
    size_t before = s->n, n = strlen(path);
    char labels[BF_PATH_MAX];
    struct stat st;
    enum bf_err rc;

    if (stat(path, &st) != 0)
        return bf_error_errno(err, "cannot open '%s'", path);
    snprintf(labels, sizeof labels, "%s/labels.tsv", path);
    if (!S_ISDIR(st.st_mode))
        rc = n > 4 && strcmp(path + n - 4, ".tsv") == 0
                 ? by_labels(s, path, split, err)
                 : bf_error_set(err, BF_ERR_USAGE, "'%s' is neither a folder nor a table of labels",
                                path);
    else if (access(labels, F_OK) == 0)
        rc = by_labels(s, labels, split, err);
    else
        rc = by_folders(s, path, err);
    if (rc == BF_OK && s->n == before)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND, "there is no video in '%s'", path);
    return rc;
}
