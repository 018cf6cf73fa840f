/* Weight files: what is read lies inside the file, and every number of it can be read. */
#include "tests/fuzz/replay.h"

#include "lib/nn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_safetensors *s = NULL;
    size_t i, at = 0;

    if (bf_safetensors_parse(&s, data, size, "file", NULL) != BF_OK) {
        MUST(s == NULL);
        return 0;
    }
    for (i = 0; i < bf_safetensors_count(s); i++) {
        const struct bf_safetensors_tensor *t = bf_safetensors_at(s, i);
        float *out;

        MUST(t->data >= data && t->data + t->size <= data + size);
        MUST(bf_safetensors_find(s, t->name) == t);
        at += t->size;
        if (t->type == BF_SAFETENSORS_OTHER)
            continue;
        out = malloc(t->n * sizeof *out + 1);
        MUST(out != NULL);
        bf_safetensors_read(out, t);
        free(out);
    }
    MUST(at < size);
    (void)bf_safetensors_metadata(s, "format");
    bf_safetensors_close(&s);
    return 0;
}
