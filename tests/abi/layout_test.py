#!/usr/bin/env python3
"""The layout of everything in include/s1mple, against tests/abi/layout.txt.

Sizes, offsets and enum values are read off the preprocessed headers, so that no struct and no member
can be forgotten here. A difference is a change of the binary interface: append (S1_ABI_MINOR) or
break (S1_ABI_MAJOR) on purpose, then write the new table with

    UPDATE=1 tests/abi/layout_test.py
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = pathlib.Path(__file__).with_name("layout.txt")
# test.h is of the library libs1mple_test.so, which goes with it: no part of the binary interface.
HEADERS = sorted(path.name for path in (ROOT / "include" / "s1mple").glob("*.h")
                 if path.name != "test.h")
COMPILER = os.environ.get("CC", "cc")


def compiler(*arguments, **keywords):
    command = [COMPILER, "-std=gnu17", f"-I{ROOT / 'include'}", *arguments]
    return subprocess.run(command, check=True, text=True, **keywords)


def preprocess(includes):
    return compiler("-E", "-P", "-x", "c", "-", input=includes, stdout=subprocess.PIPE).stdout


def members(body):
    """Names of a struct's members, in order; a nested struct counts as one."""
    while re.search(r"\{[^{}]*\}", body):
        body = re.sub(r"\{[^{}]*\}", " ", body)
    for declaration in body.split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        pointer = re.match(r".*?\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
        if pointer:
            yield pointer.group(1)
            continue
        for part in declaration.split(","):
            yield re.search(r"(\w+)\s*(?:\[[^\]]*\])*$", part.strip()).group(1)


def structs(text):
    for match in re.finditer(r"typedef struct (s1_\w+)\s*\{", text):
        depth, at = 1, match.end()
        while depth > 0:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield match.group(1), list(members(text[match.end():at - 1]))


def enum_values(text):
    for match in re.finditer(r"enum (s1_\w+)\s*\{([^}]*)\}", text):
        names = [part.split("=")[0].strip() for part in match.group(2).split(",")]
        yield match.group(1), [name for name in names if name]


def program(includes, text):
    lines = [includes, "#include <stdio.h>", "int main(void) {",
             'printf("abi %u.%u stamp %016llx\\n", S1_ABI_MAJOR, S1_ABI_MINOR, '
             "(unsigned long long)S1_ABI_STAMP);"]
    for name, fields in sorted(structs(text)):
        lines.append(f'printf("\\nstruct {name}: %zu bytes, aligned to %zu\\n", '
                     f"sizeof({name}), _Alignof({name}));")
        for field in fields:
            lines.append(f'printf("  %4zu %4zu {field}\\n", offsetof({name}, {field}), '
                         f"sizeof((({name} *)0)->{field}));")
    for name, values in sorted(enum_values(text)):
        lines.append(f'printf("\\nenum {name}\\n");')
        lines += [f'printf("  %4lld {value}\\n", (long long){value});' for value in values]
    return "\n".join([*lines, "return 0;", "}"])


def table():
    includes = "".join(f'#include "s1mple/{name}"\n' for name in HEADERS)
    text = preprocess(includes)
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder) / "layout"
        compiler("-x", "c", "-", "-o", str(binary), input=program(includes, text))
        return subprocess.run([binary], check=True, text=True, stdout=subprocess.PIPE).stdout


def main():
    found = table()
    if os.environ.get("UPDATE"):
        GOLDEN.write_text(found, encoding="utf-8")
        return 0
    expected = GOLDEN.read_text(encoding="utf-8")
    if found == expected:
        print(f"{found.count('struct ')} structs, {found.count('enum ')} enums as in {GOLDEN.name}")
        return 0
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), found.splitlines(True),
                                               "tests/abi/layout.txt", "include/s1mple"))
    print("the binary interface of plugins changed; see the head of tests/abi/layout_test.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
