/*
 * Sets of chips. A record is mostly pixels, which nobody parses: unless the first byte of the input
 * is 0 the rest are the records' heads, and the pixels are made up.
 */
#include "tests/fuzz/folder.h"

#include "detector/chip_set.h"

enum { HEAD = 8, RECORD_HEAD = (int)offsetof(struct bf_chip_record, chip), RECORDS = 12 };

static struct fuzz_path put(const uint8_t *data, size_t size)
{
    static uint8_t file[HEAD + RECORDS * sizeof(struct bf_chip_record)];
    size_t n = 0, at = HEAD;

    if (size == 0 || data[0] == 0)
        return fuzz_put("set.chips", data + (size > 0), size - (size > 0));
    memcpy(file, "BFCHIPS1", HEAD);
    for (data++, size--; size >= RECORD_HEAD && n < RECORDS; n++) {
        memcpy(file + at, data, RECORD_HEAD);
        at += sizeof(struct bf_chip_record);
        data += RECORD_HEAD;
        size -= RECORD_HEAD;
    }
    return fuzz_put("set.chips", file, at);
}

static void check(const struct bf_chip_set *s, const char *left_out)
{
    size_t i;

    MUST(s->n_real <= s->n);
    for (i = 0; i < s->n_real; i++) {
        MUST(s->real[i] < s->n && !s->record[s->real[i]].fake);
        MUST(bf_chip_set_fakes(s, s->real[i], left_out) > 0);
    }
    for (i = 0; i < s->n; i++) {
        MUST(memchr(s->record[i].family, '\0', BF_CHIP_FAMILY_MAX) != NULL);
        MUST(s->record[i].group < s->n && !s->record[s->record[i].group].fake);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const left_out[] = {NULL, "paste"};
    struct fuzz_path path = put(data, size);
    struct bf_error err = {0};
    int i;

    for (i = 0; i < 2; i++) {
        struct bf_chip_set s;

        if (bf_chip_set_open(&s, path.text, left_out[i], &err) == BF_OK)
            check(&s, left_out[i]);
        else
            MUST(err.text[0] != '\0');
        bf_chip_set_close(&s);
    }
    return 0;
}
