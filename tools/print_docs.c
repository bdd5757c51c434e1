/* Prints the pages that come from the code, for tools/docs.sh. Usage: print_docs NAME */
#include "backend/analysis/statistics.h"
#include "backend/config/config.h"
#include "backend/utils/text.h"

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES_MAX (4u << 20)

int main(int argc, char **argv)
{
    const bool is_statistics = argc == 2 && strcmp(argv[1], "statistics") == 0;
    if (!is_statistics && (argc != 2 || strcmp(argv[1], "configuration") != 0)) {
        (void)fprintf(stderr,
                      "print_docs: expected the name of a page: configuration, statistics\n");
        return 2;
    }
    s1_err err = S1_ERR_INIT;
    s1_strbuf page;
    s1_strbuf_init(&page, PAGE_BYTES_MAX);
    if (is_statistics) {
        s1_statistics_print_docs(&page);
    } else {
        s1_config_print_docs(&page);
    }
    int status = 0;
    if (s1_strbuf_check(&page, &err) != S1_OK) {
        (void)fprintf(stderr, "print_docs: %s\n", err.msg);
        status = 1;
    } else if (fwrite(page.data, 1, page.len, stdout) != page.len || fflush(stdout) != 0) {
        perror("print_docs");
        status = 1;
    }
    s1_strbuf_done(&page);
    return status;
}
