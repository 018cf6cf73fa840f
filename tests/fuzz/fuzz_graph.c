/* Graph models: a line that says how long the JSON is, the JSON, the weights. What is taken runs,
 * and writes no further than it says. */
#include "tests/fuzz/replay.h"

#include "lib/nn/graph_nodes.h"

enum { WORK_MAX = 1 << 22 }; /* of a run that is tried: a few bytes can ask for seconds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size < 16 ? size : 16);
    struct bf_graph *g = NULL;
    struct bf_error err;
    size_t json_len = 0, i;
    int k;

    if (end == NULL)
        return 0;
    for (i = 0; data[i] >= '0' && data[i] <= '9' && i < 8; i++)
        json_len = json_len * 10 + (size_t)(data[i] - '0');
    data += i = (size_t)(end - data) + 1;
    size -= i;
    if (json_len > size)
        json_len = size;
    if (bf_graph_parse(&g, "input", data, json_len, data + json_len, size - json_len, 1, NULL, NULL,
                       &err) != BF_OK) {
        MUST(g == NULL && err.code != BF_OK && err.text[0] != '\0');
        return 0;
    }
    MUST(bf_graph_n_inputs(g) >= 1 && bf_graph_n_outputs(g) >= 1);
    for (k = 0; k < bf_graph_n_outputs(g); k++)
        MUST(bf_graph_output_named(g, bf_graph_output(g, k)->name) != NULL);
    if (g->n_macs <= WORK_MAX && g->arena_len <= WORK_MAX) {
        for (k = 0; k < bf_graph_n_inputs(g); k++)
            for (i = 0; i < bf_graph_input(g, k)->len; i++)
                bf_graph_input(g, k)->data[i] = (float)(i % 7) - 3;
        bf_graph_run(g);
    }
    bf_graph_close(&g);
    return 0;
}
