/*
 * text.h - text from and for people: hex, base64, UTF-8, escapes, numbers, times
 */
#ifndef BF_TEXT_H
#define BF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy n bytes of in to out (cap bytes, always NUL-terminated), writing control characters, DEL,
 * the C1 range, bidirectional overrides and bytes that are not UTF-8 as \xNN, so that no name or
 * title can steer a terminal.
 */
void bf_text_escape(char *out, size_t cap, const char *in, size_t n);
bool bf_text_is_utf8(const char *in, size_t n);
/* True where the text has a control character (below 0x20, DEL, or C1). */
bool bf_text_has_control(const char *in, size_t n);

/* Lower-case hex; out is 2 n + 1 bytes. */
void bf_hex_format(char *out, const uint8_t *p, size_t n);
/* Exactly n bytes from exactly 2 n hex digits. */
bool bf_hex_parse(uint8_t *p, size_t n, const char *text, size_t len);

/* RFC 4648 section 4, padded. out is bf_base64_size(n) bytes including the NUL. */
size_t bf_base64_size(size_t n);
void bf_base64_format(char *out, const uint8_t *p, size_t n);
/*
 * Canonical base64 alone: wrong padding, stray characters and non-zero unused bits are refused, so
 * that one byte string has one text. out has room for cap bytes; *n receives the length.
 */
bool bf_base64_parse(uint8_t *out, size_t cap, size_t *n, const char *text, size_t len);

/* A decimal without sign, space or leading zero (but "0"), no more than max. */
bool bf_u64_parse(uint64_t *v, uint64_t max, const char *text, size_t len);

/* "2026-01-02T03:04:05Z"; out is 32 bytes. Outside years 1970 to 9999: "@seconds". */
void bf_time_format(char *out, int64_t unix_s);
/* "1:02:03.456" or "2:03.456"; out is 32 bytes. */
void bf_duration_format(char *out, int64_t us);
/* "3.4 MB"; out is 32 bytes. */
void bf_size_format(char *out, uint64_t n_bytes);

#endif
