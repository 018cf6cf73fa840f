/*
 * common.h - what several commands do alike: find the ledger, read keys and trust files, print JSON
 */
#ifndef BF_COMMON_H
#define BF_COMMON_H

#include "cli/cli.h"
#include "ledger/chain/ledger.h"
#include "ledger/chain/trust.h"

#define BF_PATH_MAX 4096

struct json_t;

/* --ledger DIR, else BONAFIDE_LEDGER, else $XDG_DATA_HOME/bonafide/ledger, else
 * ~/.local/share/bonafide/ledger. */
enum bf_err bf_cli_ledger_dir(char *out, size_t cap, const char *option, struct bf_error *err);

/* Open the ledger that option names or that is found; where there is none the sentence says how to
 * make one. */
enum bf_err bf_cli_open_ledger(struct bf_ledger **l, const char *option, bool read_only,
                               struct bf_error *err);

/*
 * Read a key file. Where it is encrypted the passphrase comes from the first line of
 * passphrase_file, else from a prompt on the terminal without echo; with neither, BF_ERR_AUTH says
 * what to do.
 */
enum bf_err bf_cli_read_key(struct bf_key *key, const char *path, const char *passphrase_file,
                            struct bf_error *err);

/*
 * Add the issuers of each file; with no file given, those of $XDG_CONFIG_HOME/bonafide/trust
 * (~/.config/bonafide/trust) where it exists.
 */
enum bf_err bf_cli_read_trust(struct bf_trust *trust, const struct bf_opt_list *files,
                              struct bf_error *err);

/*
 * The folder with the pretrained face networks: --models DIR, else BONAFIDE_MODELS, else models
 * beside the program's own folder (as make leaves it), else ../share/bonafide/models from there.
 * BF_ERR_NOT_FOUND says how to get them.
 */
enum bf_err bf_cli_models_dir(char *out, size_t cap, const char *option, struct bf_error *err);

/*
 * The folder with the detector's weights: --weights DIR, else BONAFIDE_DETECTOR, else
 * detector/weights of the tree that the program was built in, else ../share/bonafide/detector from
 * its own folder. BF_ERR_NOT_FOUND where there is none.
 */
enum bf_err bf_cli_detector_dir(char *out, size_t cap, const char *option, struct bf_error *err);

/* TMPDIR where it is a whole path, else "/tmp". */
const char *bf_cli_tmp_dir(void);

/* Whether the file at path, which may be NULL, could be written: what takes hours does not end with
 * a file that was there all the time. BF_ERR_EXISTS, BF_ERR_IO. */
enum bf_err bf_cli_check_output(const char *path, bool force, struct bf_error *err);

/* Whether out, which may be NULL, is the same file as one of args: whatever --force allows, an
 * input is never replaced. */
bool bf_cli_is_one_of(const char *out, int n_args, char **args);

/* Whether both are there and one file; either may be NULL. */
bool bf_cli_same_file(const char *a, const char *b);
/* Whether a and b, which need not be there, name one file. */
bool bf_cli_same_name(const char *a, const char *b);

/* Prints j on one line and frees it. false where memory ran out. */
bool bf_cli_print_json(struct json_t *j);
/* Prints {"schema":schema,"file":file,"error":{"code":..,"message":..}} where json, and the
 * sentence on stderr either way. */
enum bf_exit bf_cli_fail_json(bool json, const char *schema, const char *file,
                              const struct bf_error *err);
/* A JSON string of bytes that may not be UTF-8 (they are escaped); never NULL but where memory ran
 * out. */
struct json_t *bf_cli_json_text(const char *text);
struct json_t *bf_cli_json_hex(const uint8_t *p, size_t n);

/* The record as every command shows it, for JSON and for people (label column aligned, one field a
 * line). */
struct json_t *bf_cli_json_record(const struct bf_record *r, const uint8_t hash32[32]);
void bf_cli_print_record(const struct bf_record *r, const uint8_t hash32[32]);

#endif
