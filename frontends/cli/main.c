#include "frontends/cli/cli.h"

int main(int argc, char *argv[])
{
    return s1_cli_main(argc, argv);
}
