#include "lib/base/text.h"

#include <inttypes.h>

/* Length of the UTF-8 sequence at in (1 to 4), its code point in *cp; 0 where it is not one (RFC
 * 3629). */
static size_t utf8_next(uint32_t *cp, const char *in, size_t n)
{
    const uint8_t *p = (const uint8_t *)in;
    size_t len, i;
    uint32_t c;

    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    c = p[0] & (0xffu >> (len + 1));
    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff)) ||
        (c >= 0xd800 && c < 0xe000))
        return 0;
    *cp = c;
    return len;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Overrides and isolates can make a terminal show a name backwards. */
static bool is_bidi(uint32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x2028 || c == 0x2029;
}

void bf_text_escape(char *out, size_t cap, const char *in, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    size_t o = 0, i, k;

    for (i = 0; i < n; i += k) {
        uint32_t cp = 0;

        k = utf8_next(&cp, in + i, n - i);
        if (k > 0 && !is_control(cp) && !is_bidi(cp)) {
            if (o + k + 1 > cap)
                break;
            memcpy(out + o, in + i, k);
            o += k;
            continue;
        }
        if (k == 0)
            k = 1;
        if (o + 4 * k + 1 > cap)
            break;
        for (size_t j = 0; j < k; j++) {
            uint8_t c = (uint8_t)in[i + j];

            out[o++] = '\\';
            out[o++] = 'x';
            out[o++] = digits[c >> 4];
            out[o++] = digits[c & 15];
        }
    }
    if (cap > 0)
        out[o] = '\0';
}

bool bf_text_is_utf8(const char *in, size_t n)
{
    uint32_t cp;
    size_t i, k;

    for (i = 0; i < n; i += k) {
        k = utf8_next(&cp, in + i, n - i);
        if (k == 0)
            return false;
    }
    return true;
}

bool bf_text_has_control(const char *in, size_t n)
{
    uint32_t cp = 0;
    size_t i, k;

    for (i = 0; i < n; i += k) {
        k = utf8_next(&cp, in + i, n - i);
        if (k == 0)
            k = 1;
        else if (is_control(cp))
            return true;
    }
    return false;
}

void bf_hex_format(char *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool bf_hex_parse(uint8_t *p, size_t n, const char *text, size_t len)
{
    size_t i;

    if (len != 2 * n)
        return false;
    for (i = 0; i < n; i++) {
        int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return false;
        p[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t bf_base64_size(size_t n)
{
    return (n + 2) / 3 * 4 + 1;
}

void bf_base64_format(char *out, const uint8_t *p, size_t n)
{
    size_t i, o = 0;

    for (i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;

        if (i + 1 < n)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= p[i + 2];
        out[o++] = base64_digits[v >> 18];
        out[o++] = base64_digits[v >> 12 & 63];
        out[o++] = i + 1 < n ? base64_digits[v >> 6 & 63] : '=';
        out[o++] = i + 2 < n ? base64_digits[v & 63] : '=';
    }
    out[o] = '\0';
}

bool bf_base64_parse(uint8_t *out, size_t cap, size_t *n, const char *text, size_t len)
{
    size_t i, o = 0, pad = 0;

    if (len % 4 != 0)
        return false;
    if (len > 0 && text[len - 1] == '=')
        pad = text[len - 2] == '=' ? 2 : 1;
    if (len / 4 * 3 - pad > cap)
        return false;
    for (i = 0; i < len; i += 4) {
        size_t keep = i + 4 == len ? 3 - pad : 3, j;
        uint32_t v = 0;

        for (j = 0; j < 4; j++) {
            const char *d = NULL;

            if (text[i + j] != '\0' && j <= keep)
                d = strchr(base64_digits, text[i + j]);
            if (d == NULL && j <= keep)
                return false;
            v = v << 6 | (d ? (uint32_t)(d - base64_digits) : 0);
        }
        if (keep < 3 && (v & (0xffffffu >> (8 * keep))) != 0)
            return false;
        for (j = 0; j < keep; j++)
            out[o++] = (uint8_t)(v >> (16 - 8 * j));
    }
    *n = o;
    return true;
}

bool bf_u64_parse(uint64_t *v, uint64_t max, const char *text, size_t len)
{
    uint64_t x = 0;
    size_t i;

    if (len == 0 || len > 20 || (text[0] == '0' && len > 1))
        return false;
    for (i = 0; i < len; i++) {
        uint64_t d = (uint64_t)(text[i] - '0');

        if (text[i] < '0' || text[i] > '9' || x > (UINT64_MAX - d) / 10)
            return false;
        x = x * 10 + d;
    }
    if (x > max)
        return false;
    *v = x;
    return true;
}

void bf_time_format(char *out, int64_t unix_s)
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    if (unix_s < 0 || unix_s > INT64_C(253402300799) || gmtime_r(&t, &tm) == NULL)
        snprintf(out, 32, "@%" PRId64, unix_s);
    else
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void bf_duration_format(char *out, int64_t us)
{
    const char *sign = us < 0 ? "-" : "";
    uint64_t ms = ((us < 0 ? 0 - (uint64_t)us : (uint64_t)us) + 500) / 1000;
    unsigned s = (unsigned)(ms / 1000 % 60), m = (unsigned)(ms / 60000 % 60),
             f = (unsigned)(ms % 1000);
    uint64_t h = ms / 3600000;

    if (h > 0)
        snprintf(out, 32, "%s%" PRIu64 ":%02u:%02u.%03u", sign, h, m, s, f);
    else
        snprintf(out, 32, "%s%u:%02u.%03u", sign, m, s, f);
}

void bf_size_format(char *out, uint64_t n_bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)n_bytes;
    size_t i = 0;

    while (v >= 999.5 && i < 4) {
        v /= 1000;
        i++;
    }
    snprintf(out, 32, i == 0 || v >= 99.95 ? "%.0f %s" : "%.1f %s", v, unit[i]);
}
