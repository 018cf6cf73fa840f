/* Lists of what the detector learns from: every person is in one split, whatever the list says. */
#include "tests/fuzz/folder.h"

#include "cli/detector_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_detector_list l = {0};
    struct bf_error err = {0};
    size_t i, k;

    if (bf_detector_list_read(&l, fuzz_put("list.tsv", data, size).text, &err) != BF_OK) {
        MUST(err.text[0] != '\0');
        bf_detector_list_release(&l);
        return 0;
    }
    for (i = 0; i < l.n; i++) {
        MUST(l.item[i].path != NULL && l.item[i].path[0] != '\0' && l.item[i].split < BF_SPLITS);
        for (k = 0; k < i && l.n < 200; k++)
            MUST(l.item[i].person != l.item[k].person || l.item[i].split == l.item[k].split);
    }
    bf_detector_list_release(&l);
    MUST(l.n == 0);
    return 0;
}
