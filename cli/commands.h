/*
 * commands.h - the row of every command; one file a command, cmd_<name>.c
 */
#ifndef BF_COMMANDS_H
#define BF_COMMANDS_H

#include "cli/cli.h"

#define BF_VERSION "0.1.0"

extern const struct bf_command bf_cmd_key_new, bf_cmd_key_show, bf_cmd_key_export;
extern const struct bf_command bf_cmd_register, bf_cmd_verify, bf_cmd_score, bf_cmd_faces;
extern const struct bf_command bf_cmd_ledger_init, bf_cmd_ledger_log, bf_cmd_ledger_show,
    bf_cmd_ledger_prove, bf_cmd_ledger_checkpoint, bf_cmd_ledger_audit, bf_cmd_ledger_export,
    bf_cmd_ledger_import, bf_cmd_ledger_compare;
extern const struct bf_command bf_cmd_swap_extract, bf_cmd_swap_train, bf_cmd_swap_convert,
    bf_cmd_swap_evaluate, bf_cmd_swap_blend, bf_cmd_swap_dataset;
extern const struct bf_command bf_cmd_detector_prepare, bf_cmd_detector_train,
    bf_cmd_detector_measure, bf_cmd_detector_calibrate, bf_cmd_detector_evaluate;
extern const struct bf_command bf_cmd_completion, bf_cmd_version;

#endif
