#include "cli/subject.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

#include <string.h>

enum bf_err bf_subject_read(uint8_t hash32[32], char *name, size_t cap, const char *path,
                            struct bf_error *err)
{
    const char *slash = strrchr(path, '/');
    struct bf_buf text = {0};
    enum bf_err rc = bf_file_read(&text, path, BF_SUBJECT_BYTES_MAX, err);

    if (rc == BF_OK && text.len == 0)
        rc = bf_error_set(err, BF_ERR_FORMAT, "the statement '%s' is empty", path);
    if (rc == BF_OK) {
        bf_sha256(hash32, text.data, text.len);
        path = slash != NULL ? slash + 1 : path;
        bf_text_escape(name, cap, path, strlen(path));
    }
    bf_buf_release(&text);
    return rc;
}
