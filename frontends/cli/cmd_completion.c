#include "frontends/cli/cli.h"

#include <string.h>

/* The scripts know nothing of the commands: they ask `completion words` at every tab. */
static const char bash_script[] =
    "# bash completion of s1mpletrader, written by `s1mpletrader completion bash`.\n"
    "_s1mpletrader() {\n"
    "    local line current=\"${COMP_WORDS[COMP_CWORD]}\" IFS=$'\\n'\n"
    "    [ \"$current\" = = ] && current=\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case \"$line\" in\n"
    "        :files)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            COMPREPLY+=($(compgen -f -- \"$current\"))\n"
    "            ;;\n"
    "        :dirs)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            COMPREPLY+=($(compgen -d -- \"$current\"))\n"
    "            ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" completion words "
    "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _s1mpletrader s1mpletrader\n";

static const char zsh_script[] =
    "#compdef s1mpletrader\n"
    "# zsh completion of s1mpletrader, written by `s1mpletrader completion zsh`.\n"
    "_s1mpletrader() {\n"
    "    local line word\n"
    "    local -a items\n"
    "    for line in \"${(@f)$(\"${words[1]}\" completion words "
    "\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "        case \"$line\" in\n"
    "        :files) _files ;;\n"
    "        :dirs) _files -/ ;;\n"
    "        ?*)\n"
    "            word=\"${line%%$'\\t'*}\"\n"
    "            items+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#items )) && _describe s1mpletrader items\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _s1mpletrader ]; then\n"
    "    _s1mpletrader \"$@\"\n"
    "else\n"
    "    compdef _s1mpletrader s1mpletrader\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion of s1mpletrader, written by `s1mpletrader completion fish`.\n"
    "function __s1mpletrader_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    for line in ($words[1] completion words $words[2..-1] \"$current\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case :files\n"
    "                __fish_complete_path \"$current\"\n"
    "            case :dirs\n"
    "                __fish_complete_directories \"$current\"\n"
    "            case '*'\n"
    "                echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c s1mpletrader -f -a '(__s1mpletrader_complete)'\n";

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(args->positionals[0], scripts[i].shell) == 0) {
            (void)fputs(scripts[i].script, cli->out.out);
            return S1_EXIT_OK;
        }
    }
    (void)S1_RAISE(err, S1_E_INVALID, "shell '%s': expected bash, zsh or fish",
                   args->positionals[0]);
    return S1_EXIT_USAGE;
}

static const s1_cli_example examples[] = {
    {"completion bash > ~/.local/share/bash-completion/completions/s1mpletrader",
     "for yourself; `make install` does it for everybody"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_completion = {
    .name = "completion",
    .summary = "Print the script by which a shell completes this program's words",
    .usage = "bash|zsh|fish",
    .detail = "Commands, options and their values, files, plugins, strategies and results. The "
              "script asks the program itself: `completion words WORD...` prints what may stand in "
              "place of the last word.",
    .positionals_min = 1,
    .positionals_max = 1,
    .examples = examples,
    .run = run,
};
