#include "detector/metric_plot.h"
#include "detector/metrics.h"
#include "lib/base/html.h"
#include "lib/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In pixels of the drawing. */
enum {
    WIDTH = 500,
    LEFT = 70, /* of the square that the curves lie in */
    TOP = 44,
    SIDE = 400,
    LEGEND = TOP + SIDE + 72, /* its first line's middle */
    LINE = 20,
    NAME_MAX_BYTES = 40,
    COLOURS = 6,
};

/* A wide gamut of hues that also differ in lightness; dashes tell curves apart without any. */
static const char style[] =
    "<style>text{font:13px sans-serif;fill:#222}.head{font-weight:bold}.page{fill:#fff}"
    ".grid{stroke:#ddd}.axis{fill:none;stroke:#222}.chance{stroke:#777;stroke-dasharray:4 4}"
    ".curve{fill:none;stroke-width:2}.dot{fill:#fff;stroke-width:2}"
    ".c0{stroke:#0b5cad}.c1{stroke:#c2410c}.c2{stroke:#15803d}.c3{stroke:#7e22ce}"
    ".c4{stroke:#a16207}.c5{stroke:#0e7490}"
    ".d1{stroke-dasharray:8 3}.d2{stroke-dasharray:3 3}.d3{stroke-dasharray:10 3 3 3}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.page{fill:#16181c}"
    ".grid{stroke:#3a3d44}.axis{stroke:#e6e6e6}.chance{stroke:#999}.dot{fill:#16181c}"
    ".c0{stroke:#6cb2ff}.c1{stroke:#ff9a5c}.c2{stroke:#5fd38a}.c3{stroke:#d3a4ff}"
    ".c4{stroke:#f0c24b}.c5{stroke:#5fd4e6}}</style>\n";

static double across(double share)
{
    return LEFT + share * SIDE;
}

static double down(double share)
{
    return TOP + (1 - share) * SIDE;
}

static void begin(struct bf_buf *out, const char *title, const char *x_label, const char *y_label,
                  size_t n)
{
    int height = LEGEND + LINE * (int)n + LINE, k;

    bf_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" role=\"img\">\n<title>%s</title>\n",
                  WIDTH, height, WIDTH, height, title);
    bf_buf_append(out, style, strlen(style));
    bf_buf_printf(out,
                  "<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
                  "<text class=\"head\" x=\"%d\" y=\"26\">%s</text>\n",
                  LEFT, title);
    for (k = 0; k <= 5; k++) {
        double share = k / 5.0;

        bf_buf_printf(out, "<path class=\"grid\" d=\"M%.0f %dv%dM%d %.0fh%d\"/>\n", across(share),
                      TOP, SIDE, LEFT, down(share), SIDE);
        bf_buf_printf(out, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%.1f</text>\n",
                      across(share), TOP + SIDE + 18, share);
        bf_buf_printf(out, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%.1f</text>\n", LEFT - 8,
                      down(share) + 4, share);
    }
    bf_buf_printf(out, "<path class=\"chance\" d=\"M%d %dL%d %d\"/>\n", LEFT, TOP + SIDE,
                  LEFT + SIDE, TOP);
    bf_buf_printf(out, "<path class=\"axis\" d=\"M%d %dv%dh%d\"/>\n", LEFT, TOP, SIDE, SIDE);
    bf_buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                  LEFT + SIDE / 2, TOP + SIDE + 40, x_label);
    bf_buf_printf(out,
                  "<text transform=\"translate(24 %d) rotate(-90)\" "
                  "text-anchor=\"middle\">%s</text>\n",
                  TOP + SIDE / 2, y_label);
}

/* The kth line of the legend: a piece of the curve, its name, what it comes to. */
static void legend(struct bf_buf *out, size_t k, const char *name, const char *what, double figure)
{
    int y = LEGEND + LINE * (int)k;
    char plain[256];
    size_t len;

    bf_text_escape(plain, sizeof plain, name, strlen(name));
    len = strlen(plain);
    if (len > NAME_MAX_BYTES) {
        len = NAME_MAX_BYTES;
        while (len > 0 && ((unsigned char)plain[len] & 0xc0) == 0x80)
            len--;
    }
    bf_buf_printf(out, "<path class=\"curve c%zu d%zu\" d=\"M%d %dh28\"/>\n", k % COLOURS, k % 4,
                  LEFT, y);
    bf_buf_printf(out, "<text x=\"%d\" y=\"%d\">", LEFT + 38, y + 4);
    bf_html_put(out, plain, len);
    if (len < strlen(plain))
        bf_buf_printf(out, "\xe2\x80\xa6");
    if (isnan(figure))
        bf_buf_printf(out, ": no %s</text>\n", what);
    else
        bf_buf_printf(out, ": %s %.3f</text>\n", what, figure);
}

static enum bf_err end(struct bf_buf *out, struct bf_error *err)
{
    bf_buf_printf(out, "</svg>\n");
    return out->failed ? bf_error_nomem(err) : BF_OK;
}

static enum bf_err draw_roc(struct bf_buf *out, size_t k, const struct bf_plot_curve *c,
                            struct bf_error *err)
{
    struct bf_roc_point *p = malloc((c->n + 1) * sizeof *p);
    double last_x = 0, last_y = 0;
    size_t i, m;
    enum bf_err rc;

    if (p == NULL)
        return bf_error_nomem(err);
    rc = bf_metric_roc(p, &m, c->score, c->fake, c->n, err);
    if (rc == BF_OK && m > 0)
        bf_buf_printf(out, "<path class=\"curve c%zu d%zu\" d=\"", k % COLOURS, k % 4);
    for (i = 0; rc == BF_OK && i < m; i++) {
        double x = across((double)p[i].reals / (double)p[m - 1].reals),
               y = down((double)p[i].fakes / (double)p[m - 1].fakes);

        /* Of a hundred thousand steps nobody sees more than a few hundred. */
        if (i > 0 && i + 1 < m && fabs(x - last_x) < 0.5 && fabs(y - last_y) < 0.5)
            continue;
        bf_buf_printf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x, y);
        last_x = x;
        last_y = y;
    }
    if (rc == BF_OK && m > 0)
        bf_buf_printf(out, "\"/>\n");
    free(p);
    return rc;
}

enum bf_err bf_plot_roc(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                        struct bf_error *err)
{
    enum bf_err rc;
    double auc;
    size_t k;

    begin(out, "Fakes found against false alarms (ROC)", "share of reals called fake",
          "share of fakes found", n);
    for (k = 0; k < n; k++) {
        const struct bf_plot_curve *c = &curves[k];

        rc = draw_roc(out, k, c, err);
        if (rc == BF_OK)
            rc = bf_metric_auc(&auc, c->score, c->fake, c->n, err);
        if (rc != BF_OK)
            return rc;
        legend(out, k, c->name, "AUC", auc);
    }
    return end(out, err);
}

static void draw_bins(struct bf_buf *out, size_t k, const struct bf_metric_bin *bins, size_t n)
{
    size_t b;

    if (n == 0)
        return;
    bf_buf_printf(out, "<path class=\"curve c%zu d%zu\" d=\"", k % COLOURS, k % 4);
    for (b = 0; b < n; b++)
        bf_buf_printf(out, "%c%.1f %.1f", b == 0 ? 'M' : 'L', across(bins[b].p),
                      down(bins[b].fakes));
    bf_buf_printf(out, "\"/>\n");
    for (b = 0; b < n; b++)
        bf_buf_printf(out, "<circle class=\"dot c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n",
                      k % COLOURS, across(bins[b].p), down(bins[b].fakes));
}

enum bf_err bf_plot_reliability(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                                struct bf_error *err)
{
    struct bf_metric_bin bins[BF_METRIC_BINS];
    size_t k, n_bins;
    enum bf_err rc;
    double ece;

    begin(out, "What a likelihood is worth (reliability)", "likelihood that was stated",
          "share of fakes among these", n);
    for (k = 0; k < n; k++) {
        const struct bf_plot_curve *c = &curves[k];

        rc = bf_metric_bins(bins, &n_bins, c->score, c->fake, c->n, err);
        if (rc == BF_OK)
            rc = bf_metric_ece(&ece, c->score, c->fake, c->n, err);
        if (rc != BF_OK)
            return rc;
        draw_bins(out, k, bins, n_bins);
        legend(out, k, c->name, "ECE", ece);
    }
    return end(out, err);
}
