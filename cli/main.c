#include "cli/commands.h"

#include <signal.h>

/* clang-format off: a line each */
/* clang-format off: a line each */
const struct bf_command *const bf_commands[] = {
    &bf_cmd_key_new,
    &bf_cmd_key_show,
    &bf_cmd_key_export,
    &bf_cmd_register,
    &bf_cmd_verify,
    &bf_cmd_score,
    &bf_cmd_faces,
    &bf_cmd_swap_extract,
    &bf_cmd_swap_train,
    &bf_cmd_swap_convert,
    &bf_cmd_swap_evaluate,
    &bf_cmd_swap_blend,
    &bf_cmd_swap_dataset,
    &bf_cmd_detector_prepare,
    &bf_cmd_detector_train,
    &bf_cmd_detector_measure,
    &bf_cmd_detector_calibrate,
    &bf_cmd_detector_evaluate,
    &bf_cmd_ledger_init,
    &bf_cmd_ledger_log,
    &bf_cmd_ledger_show,
    &bf_cmd_ledger_prove,
    &bf_cmd_ledger_checkpoint,
    &bf_cmd_ledger_audit,
    &bf_cmd_ledger_export,
    &bf_cmd_ledger_import,
    &bf_cmd_ledger_compare,
    &bf_cmd_completion,
    &bf_cmd_version,
    NULL,
};
/* clang-format on */

int main(int argc, char **argv)
{
    /* A reader that went away is an error of write(2), said in words, not a silent death half-way.
     */
    signal(SIGPIPE, SIG_IGN);
    return (int)bf_cli_main(bf_commands, argc, argv);
}
