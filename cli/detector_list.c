#include "cli/detector_list.h"
#include "cli/common.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES_MAX = 64 << 20, COLUMNS = 4 };

uint32_t bf_person_number(const char *name)
{
    uint8_t h[32];

    bf_sha256(h, name, strlen(name));
    return (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
}

static char *from_folder(const char *list, const char *name)
{
    const char *slash = strrchr(list, '/');
    size_t n = name[0] == '/' || slash == NULL ? 0 : (size_t)(slash - list) + 1;
    char *out = malloc(n + strlen(name) + 1);

    if (out != NULL) {
        memcpy(out, list, n);
        memcpy(out + n, name, strlen(name) + 1);
    }
    return out;
}

static bool split_of(enum bf_split *out, const char *text)
{
    int i;

    for (i = 0; i < BF_SPLITS; i++)
        if (strcmp(text, bf_split_names[i]) == 0) {
            *out = (enum bf_split)i;
            return true;
        }
    return false;
}

/* "DIR:a" */
static bool model_of(struct bf_detector_item *item, const char *list, char *text)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL || (strcmp(colon, ":a") != 0 && strcmp(colon, ":b") != 0))
        return false;
    item->to = colon[1] == 'a' ? BF_SWAP_A : BF_SWAP_B;
    *colon = 0;
    item->model = from_folder(list, text);
    return item->model != NULL;
}

static enum bf_err add_line(struct bf_detector_list *l, size_t *cap, const char *path, char *line,
                            size_t number, struct bf_error *err)
{
    char *column[COLUMNS] = {line, NULL, NULL, NULL};
    struct bf_detector_item *item;
    int n = 1;
    char *p;

    for (p = line; *p != 0 && n < COLUMNS; p++)
        if (*p == '\t') {
            *p = 0;
            column[n++] = p + 1;
        }
    if (l->n == BF_DETECTOR_LIST_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' lists more than %d files", path,
                            BF_DETECTOR_LIST_MAX);
    if (l->n == *cap) {
        *cap = 2 * *cap + 64;
        item = realloc(l->item, *cap * sizeof *item);
        if (item == NULL)
            return bf_error_nomem(err);
        l->item = item;
    }
    item = &l->item[l->n];
    memset(item, 0, sizeof *item);
    if (n < 3 || column[0][0] == 0 || column[1][0] == 0 || !split_of(&item->split, column[2]) ||
        (column[3] != NULL && !model_of(item, path, column[3])))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' line %zu: wanted are a file, a person and a split, with tabs "
                            "between them",
                            path, number);
    item->person = bf_person_number(column[1]);
    item->path = from_folder(path, column[0]);
    l->n++;
    return item->path != NULL ? BF_OK : bf_error_nomem(err);
}

static int by_person(const void *a, const void *b)
{
    const struct bf_detector_item *x = a, *y = b;

    return x->person < y->person ? -1 : x->person > y->person;
}

/* Nobody is in two splits: what was learned of a person would help to judge that person. */
static enum bf_err check_people(const struct bf_detector_list *l, const char *path,
                                struct bf_error *err)
{
    struct bf_detector_item *copy = malloc((l->n + 1) * sizeof *copy);
    enum bf_err rc = BF_OK;
    size_t i;

    if (copy == NULL)
        return bf_error_nomem(err);
    if (l->n > 0)
        memcpy(copy, l->item, l->n * sizeof *copy);
    qsort(copy, l->n, sizeof *copy, by_person);
    for (i = 1; i < l->n && rc == BF_OK; i++)
        if (copy[i].person == copy[i - 1].person && copy[i].split != copy[i - 1].split)
            rc = bf_error_set(err, BF_ERR_FORMAT,
                              "'%s': '%s' and '%s' are of one person and in two splits", path,
                              copy[i - 1].path, copy[i].path);
    free(copy);
    return rc;
}

enum bf_err bf_detector_list_read(struct bf_detector_list *l, const char *path,
                                  struct bf_error *err)
{
    struct bf_buf text = {0};
    size_t cap = 0, number = 0;
    char *line, *end;
    enum bf_err rc;

    memset(l, 0, sizeof *l);
    rc = bf_file_read(&text, path, LIST_BYTES_MAX, err);
    if (rc == BF_OK && memchr(text.data, 0, text.len) != NULL)
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is no text", path);
    if (rc == BF_OK && !bf_buf_append(&text, "", 1))
        rc = bf_error_nomem(err);
    for (line = (char *)text.data; rc == BF_OK && *line != 0; line = end) {
        end = line + strcspn(line, "\n");
        if (*end != 0)
            *end++ = 0;
        number++;
        if (*line != 0 && *line != '#')
            rc = add_line(l, &cap, path, line, number, err);
    }
    bf_buf_release(&text);
    if (rc == BF_OK)
        rc = check_people(l, path, err);
    if (rc != BF_OK)
        bf_detector_list_release(l);
    return rc;
}

void bf_detector_list_release(struct bf_detector_list *l)
{
    size_t i;

    for (i = 0; i < l->n; i++) {
        free(l->item[i].path);
        free(l->item[i].model);
    }
    free(l->item);
    memset(l, 0, sizeof *l);
}
