#include "lib/base/html.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

void bf_html_put(struct bf_buf *out, const char *text, size_t n)
{
    size_t i, from = 0;

    for (i = 0; i < n; i++) {
        const char *ref = text[i] == '&'    ? "&amp;"
                          : text[i] == '<'  ? "&lt;"
                          : text[i] == '>'  ? "&gt;"
                          : text[i] == '"'  ? "&quot;"
                          : text[i] == '\'' ? "&#39;"
                                            : NULL;

        if (ref == NULL)
            continue;
        bf_buf_append(out, text + from, i - from);
        bf_buf_append(out, ref, strlen(ref));
        from = i + 1;
    }
    bf_buf_append(out, text + from, n - from);
}

void bf_html_text(struct bf_buf *out, const char *text)
{
    size_t n = strlen(text);
    char *plain = malloc(4 * n + 1);

    if (plain == NULL) {
        out->failed = true;
        return;
    }
    bf_text_escape(plain, 4 * n + 1, text, n);
    bf_html_put(out, plain, strlen(plain));
    free(plain);
}

void bf_html_data(struct bf_buf *out, const char *type, const struct bf_buf *bytes)
{
    size_t n = bf_base64_size(bytes->len);

    bf_buf_printf(out, "data:%s;base64,", type);
    if (!bf_buf_reserve(out, n))
        return;
    bf_base64_format((char *)out->data + out->len, bytes->data, bytes->len);
    out->len += n - 1;
}
