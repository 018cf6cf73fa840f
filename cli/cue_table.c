#include "cli/cue_table.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_MAX = 256 << 20,
    FIXED = 8,
    COLUMNS = FIXED + BF_CUES,
    CRF_MAX = 63,
    SIZE_MOST = 100000,
};

static const char *const fixed[FIXED] = {"file", "person", "method",         "crf",
                                         "half", "size",   "face-sharpness", "baseline"};

enum bf_err bf_cue_table_add(struct bf_cue_table *t, const struct bf_cue_row *row,
                             struct bf_error *err)
{
    struct bf_cue_row *more;
    size_t cap = 2 * t->cap + 64;

    if (t->n == t->cap) {
        more = realloc(t->row, cap * sizeof *more);
        if (more == NULL)
            return bf_error_nomem(err);
        t->row = more;
        t->cap = cap;
    }
    t->row[t->n] = *row;
    t->row[t->n].file = strdup(row->file);
    if (t->row[t->n].file == NULL)
        return bf_error_nomem(err);
    t->n++;
    return BF_OK;
}

void bf_cue_table_release(struct bf_cue_table *t)
{
    size_t i;

    for (i = 0; i < t->n; i++)
        free(t->row[i].file);
    free(t->row);
    memset(t, 0, sizeof *t);
}

static void put_number(struct bf_buf *b, double v)
{
    if (isfinite(v))
        bf_buf_printf(b, "\t%.6g", v);
    else
        bf_buf_printf(b, "\t-");
}

/* A name in one column: what would end it becomes a question mark. */
static void put_name(struct bf_buf *b, const char *name)
{
    for (; *name != 0; name++) {
        char c = (unsigned char)*name < ' ' ? '?' : *name;

        bf_buf_append(b, &c, 1);
    }
}

enum bf_err bf_cue_table_write(const struct bf_cue_table *t, const char *path, unsigned flags,
                               struct bf_error *err)
{
    struct bf_buf b = {0};
    enum bf_err rc;
    size_t i;
    int k;

    for (k = 0; k < FIXED; k++)
        bf_buf_printf(&b, "%s%s", k > 0 ? "\t" : "", fixed[k]);
    for (k = 0; k < BF_CUES; k++)
        bf_buf_printf(&b, "\t%s", bf_cue_kinds[k].name);
    bf_buf_printf(&b, "\n");
    for (i = 0; i < t->n; i++) {
        const struct bf_cue_row *r = &t->row[i];

        put_name(&b, r->file);
        bf_buf_printf(&b, "\t%08" PRIx32 "\t", r->person);
        put_name(&b, r->method);
        bf_buf_printf(&b, "\t%u\t%d", r->crf, r->half);
        put_number(&b, (double)r->size);
        put_number(&b, (double)r->sharpness);
        put_number(&b, r->baseline);
        for (k = 0; k < BF_CUES; k++)
            put_number(&b, r->cue[k]);
        bf_buf_printf(&b, "\n");
    }
    rc = bf_file_write(path, flags, &b, err);
    bf_buf_release(&b);
    return rc;
}

/* "-" is not a number. */
static bool take_number(double *out, const char *text)
{
    char *end;

    if (strcmp(text, "-") == 0) {
        *out = (double)NAN;
        return true;
    }
    *out = strtod(text, &end);
    return *text != 0 && *end == 0 && isfinite(*out);
}

/* What a column may hold: a file may have been written by anybody. */
static bool in_range(const double *number)
{
    return number[3] >= 0 && number[3] <= CRF_MAX && (unsigned)number[3] == number[3] &&
           (number[4] == 0 || number[4] == 1) && number[5] >= 0 && number[5] <= SIZE_MOST &&
           number[6] >= 0 && number[6] <= 1;
}

static bool take_row(struct bf_cue_row *r, char *const *column)
{
    double number[COLUMNS];
    uint8_t person[4];
    int k;

    memset(r, 0, sizeof *r);
    if (column[0][0] == 0 || column[2][0] == 0 || strlen(column[2]) >= sizeof r->method ||
        bf_text_has_control(column[2], strlen(column[2])) ||
        !bf_hex_parse(person, sizeof person, column[1], strlen(column[1])))
        return false;
    for (k = 3; k < COLUMNS; k++)
        if (!take_number(&number[k], column[k]))
            return false;
    if (!in_range(number))
        return false;
    r->file = column[0];
    r->person = bf_get_be32(person);
    strncpy(r->method, column[2], sizeof r->method - 1);
    r->fake = strcmp(r->method, "real") != 0;
    r->crf = (unsigned)number[3];
    r->half = number[4] > 0;
    r->size = (float)number[5];
    r->sharpness = (float)number[6];
    r->baseline = number[7];
    for (k = 0; k < BF_CUES; k++)
        r->cue[k] = number[FIXED + k];
    return true;
}

/* The first line has to name what is read from the others, in that order. */
static bool is_head(char *const *column)
{
    int k;

    for (k = 0; k < COLUMNS; k++)
        if (strcmp(column[k], k < FIXED ? fixed[k] : bf_cue_kinds[k - FIXED].name) != 0)
            return false;
    return true;
}

enum bf_err bf_cue_table_read(struct bf_cue_table *t, const char *path, struct bf_error *err)
{
    struct bf_buf text = {0};
    struct bf_cue_row row;
    char *line, *end, *column[COLUMNS];
    size_t number = 0, n;
    enum bf_err rc = bf_file_read(&text, path, TABLE_MAX, err);

    if (rc == BF_OK && memchr(text.data, 0, text.len) != NULL)
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is no text", path);
    if (rc == BF_OK && !bf_buf_append(&text, "", 1))
        rc = bf_error_nomem(err);
    for (line = (char *)text.data; rc == BF_OK && *line != 0; line = end) {
        char *p;

        end = line + strcspn(line, "\n");
        if (*end != 0)
            *end++ = 0;
        for (n = 0, p = line; p != NULL && n < COLUMNS; n++) {
            column[n] = p;
            p = strchr(p, '\t');
            if (p != NULL)
                *p++ = 0;
        }
        if (n != COLUMNS || p != NULL || (number == 0 ? !is_head(column) : !take_row(&row, column)))
            rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' line %zu is not of a table of cues", path,
                              number + 1);
        else if (number > 0)
            rc = bf_cue_table_add(t, &row, err);
        number++;
    }
    bf_buf_release(&text);
    return rc;
}

bool bf_cue_table_is_one(const char *path)
{
    static const char head[] = "file\tperson\tmethod\tcrf\t";
    char there[sizeof head - 1];
    FILE *f = fopen(path, "rb");
    bool yes = f != NULL && fread(there, sizeof there, 1, f) == 1 &&
               memcmp(there, head, sizeof there) == 0;

    if (f != NULL)
        fclose(f);
    return yes;
}

bool bf_cue_row_of_score(struct bf_cue_row *row, const struct bf_score *score)
{
    const struct bf_score_track *best = score->track;
    size_t i;

    if (score->n_tracks == 0)
        return false;
    for (i = 1; i < score->n_tracks && isnan(best->likelihood); i++)
        if (score->track[i].n_scored > best->n_scored)
            best = &score->track[i];
    row->size = best->size;
    row->sharpness = best->sharpness;
    row->baseline = best->baseline;
    memcpy(row->cue, best->cue, sizeof row->cue);
    return best->n_scored > 0;
}
