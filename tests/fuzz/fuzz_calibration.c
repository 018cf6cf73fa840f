/* Calibrations: what is taken gives likelihoods and percentiles whatever the cues, and comes back
 * the same from its own text. */
#include "tests/fuzz/replay.h"

#include <math.h>

#include "detector/calibration.h"

static void try_cues(const struct bf_calibration *c, double value)
{
    double cue[BF_CUES], low, high, p;
    size_t j;

    for (j = 0; j < BF_CUES; j++) {
        cue[j] = j % 3 == 0 ? (double)NAN : j % 2 == 0 ? value : -value;
        p = bf_calibration_percentile(c, (enum bf_cue)j, value);
        MUST(isnan(p) || (p >= 0 && p <= 100));
    }
    p = bf_calibration_likelihood(&low, &high, c, cue);
    MUST(low > 0 && low <= p && p <= high && high < 1);
    MUST(bf_calibration_strangeness(c, cue) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double values[] = {0, 1, 1e-300, 1e9, 1e300};
    struct bf_buf once = {0}, twice = {0};
    struct bf_calibration c, back;
    struct bf_error err;
    size_t i;

    if (bf_calibration_parse(&c, data, size, "input", &err) != BF_OK) {
        MUST(err.code == BF_ERR_FORMAT && err.text[0] != '\0');
        return 0;
    }
    for (i = 0; i < sizeof values / sizeof values[0]; i++)
        try_cues(&c, values[i]);
    MUST(bf_calibration_encode(&once, &c, NULL) == BF_OK);
    MUST(bf_calibration_parse(&back, once.data, once.len, "input", NULL) == BF_OK);
    MUST(bf_calibration_encode(&twice, &back, NULL) == BF_OK);
    MUST(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    bf_buf_release(&once);
    bf_buf_release(&twice);
    return 0;
}
