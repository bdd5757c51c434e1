#include "services/api/config.h"

#include "backend/config/config.h"

s1_rc s1_api_config_init(const char *dir, uint32_t *ret_file_count, s1_err *err)
{
    return s1_config_write_default_tree(s1_fs_real(), dir, ret_file_count, err);
}
