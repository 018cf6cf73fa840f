#include "lib/base/error.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdarg.h>

static void store(struct bf_error *err, enum bf_err code, const char *raw)
{
    err->code = code;
    bf_text_escape(err->text, sizeof err->text, raw, strlen(raw));
}

enum bf_err bf_error_set(struct bf_error *err, enum bf_err code, const char *fmt, ...)
{
    char raw[BF_ERROR_TEXT_MAX];
    va_list ap;

    if (err == NULL)
        return code;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    store(err, code, raw);
    return code;
}

enum bf_err bf_error_errno(struct bf_error *err, const char *fmt, ...)
{
    int saved = errno;
    enum bf_err code = saved == ENOMEM ? BF_ERR_NOMEM : BF_ERR_IO;
    char raw[BF_ERROR_TEXT_MAX];
    char reason[128];
    va_list ap;
    size_t n;

    if (err == NULL)
        return code;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    if (strerror_r(saved, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", saved);
    n = strlen(raw);
    snprintf(raw + n, sizeof raw - n, ": %s", reason);
    store(err, code, raw);
    return code;
}

enum bf_err bf_error_nomem(struct bf_error *err)
{
    return bf_error_set(err, BF_ERR_NOMEM, "not enough memory");
}
