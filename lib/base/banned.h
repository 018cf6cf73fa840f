/*
 * banned.h - calls this project does not use; included by the compiler before every source
 *
 * Each has a bounded or re-entrant replacement: snprintf, memcpy with a length, strtok_r,
 * bf_u64_parse, gmtime_r.
 */
#ifndef BF_BANNED_H
#define BF_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Only calls are caught: a third party's header may use such a word as a parameter's name. */
#define strcpy(...) bf_banned_call()
#define strcat(...) bf_banned_call()
#define sprintf(...) bf_banned_call()
#define vsprintf(...) bf_banned_call()
#define strtok(...) bf_banned_call()
#define atoi(...) bf_banned_call()
#define atol(...) bf_banned_call()
#define gmtime(...) bf_banned_call()
#define localtime(...) bf_banned_call()
#define rand() bf_banned_call()

#endif
