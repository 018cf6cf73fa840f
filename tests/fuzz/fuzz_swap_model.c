/* model.json: what is taken is a model that can be made, and comes back the same. */
#include "tests/fuzz/folder.h"

#include "generator/swap_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_swap_about about = {0}, back = {0};
    struct bf_error err = {0};
    int i;

    fuzz_put("model.json", data, size);
    if (bf_swap_about_load(&about, fuzz_folder(), &err) != BF_OK) {
        MUST(err.text[0] != '\0');
        return 0;
    }
    MUST(about.preset < BF_SWAP_PRESETS && about.batch >= 1);
    MUST(bf_swap_about_save(&about, fuzz_folder(), &err) == BF_OK);
    MUST(bf_swap_about_load(&back, fuzz_folder(), &err) == BF_OK);
    MUST(back.preset == about.preset && back.seed == about.seed && back.batch == about.batch);
    for (i = 0; i < 2; i++) {
        MUST(memchr(about.subject[i], '\0', BF_SWAP_NAME_MAX) != NULL);
        MUST(strcmp(back.subject[i], about.subject[i]) == 0);
        MUST(memcmp(back.subject32[i], about.subject32[i], 32) == 0);
    }
    return 0;
}
