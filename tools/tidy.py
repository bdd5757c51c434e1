#!/usr/bin/env python3
"""Small rules about the look of the sources, as a test.

    tools/tidy.py [ROOT]       exit 1 and file:line: error: for every breach
    tools/tidy.py --self-test  every rule finds its planted breach and nothing else

Rules: a function has at most 90 lines (70 is the aim); a line of code has at most 100 columns; no
open marks (TO-DO and its kin) and no words of unfinished work; no tab and no blank at a line's end;
a file ends with one newline; a page has one H1; a test does not sleep and does not skip.
"""
import pathlib
import re
import sys
import tempfile

from c_source import ROOT, blank, files

FUNCTION_LINES_MAX = 90
COLUMNS_MAX = 100
CODE = ["include", "backend", "services", "frontends", "plugins", "tests", "bench", "examples", "simulators"]
SCRIPTS = ["tools", ".ci", "cmake", "bench", "tests"]
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
UNFINISHED = re.compile(r"not (yet )?impl" r"emented|place" r"holder|dummy res" r"ult", re.I)
START = re.compile(r"^[a-zA-Z_].*\)\s*$")
SLEEP = re.compile(r"(?<![\w.>])(sleep|usleep|nanosleep|clock_nanosleep|s1_clock_sleep)\s*\(")
SKIP = re.compile(r"(?<![\w.>])skip\s*\(\s*\)|assert_true\s*\(\s*(1|true)\s*\)")


def long_functions(lines):
    """Functions as clang-format lays them out: a header line, '{' alone, '}' in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and number > 1:
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield start, f"a function of {number - start - 1} lines, at most {FUNCTION_LINES_MAX}"
            start = None


def check_text(here, raw):
    if raw and (not raw.endswith("\n") or raw.endswith("\n\n")):
        yield raw.count("\n"), "the file must end with exactly one newline"
    for number, line in enumerate(raw.split("\n"), 1):
        if MARKS.search(line):
            yield number, "an open mark; do it or report it"
        if UNFINISHED.search(line):
            yield number, "words of unfinished work"
        if line != line.rstrip():
            yield number, "blank at the end of the line"


def check_c(here, raw):
    code = blank(raw)
    yield from long_functions(code.split("\n"))
    is_test = here.startswith("tests/") or "/tests/" in here
    for number, (line, bare) in enumerate(zip(raw.split("\n"), code.split("\n")), 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns, at most {COLUMNS_MAX}"
        if "\t" in line:
            yield number, "a tab"
        if is_test and SLEEP.search(bare):
            yield number, "a test must not sleep; its clock is virtual"
        if is_test and SKIP.search(bare):
            yield number, "a test that skips or asserts nothing"


def check_page(raw):
    fence, count = False, 0
    for number, line in enumerate(raw.split("\n"), 1):
        if line.startswith("```"):
            fence = not fence
        elif not fence and line.startswith("# "):
            count += 1
            if count > 1:
                yield number, "a second H1; a page has one"
    if count == 0:
        yield 1, "a page starts with an H1"


def pages(root):
    for path in sorted(root.glob("*.md")):
        yield path, path.name
    yield from files(root, ["docs", "plugins", "examples"], (".md",))


def check(root):
    breaches, count = [], 0
    for path, here in files(root, CODE):
        raw = path.read_text(encoding="utf-8")
        count += 1
        breaches += [(here, n, why) for n, why in [*check_text(here, raw), *check_c(here, raw)]]
    for path, here in files(root, SCRIPTS, (".py", ".sh", ".cmake")):
        raw = path.read_text(encoding="utf-8")
        count += 1
        breaches += [(here, n, why) for n, why in check_text(here, raw)]
    for path, here in pages(root):
        raw = path.read_text(encoding="utf-8")
        count += 1
        breaches += [(here, n, why) for n, why in check_page(raw)]
    return breaches, count


def self_test():
    body = "".join(f"    f({i});\n" for i in range(FUNCTION_LINES_MAX + 1))
    planted = {
        "backend/long.c": (f"int f(int a)\n{{\n{body}}}\n", "a function of 91 lines"),
        "backend/wide.c": ("int " + "a" * 100 + ";\n", "columns"),
        "backend/mark.c": ("/* TO" "DO later */\n", "an open mark"),
        "backend/stub.c": ("/* not impl" "emented */\n", "unfinished"),
        "backend/tab.h": ("int\ta;\n", "a tab"),
        "backend/trail.h": ("int a; \n", "blank at the end"),
        "backend/end.h": ("int a;", "exactly one newline"),
        "tests/a_test.c": ("void t(void)\n{\n    usleep(1);\n}\n", "must not sleep"),
        "tests/b_test.c": ("void t(void)\n{\n    sk" "ip();\n}\n", "skips or asserts nothing"),
        "tests/c_test.c": ("void t(void)\n{\n    assert_true" "(1);\n}\n", "skips or asserts nothing"),
        "docs/two.md": ("# A\n\n# B\n", "a second H1"),
        "docs/none.md": ("text\n", "starts with an H1"),
    }
    ninety = "".join(f"    f({i});\n" for i in range(FUNCTION_LINES_MAX))
    clean = {
        "backend/fine.c": f"int f(int a)\n{{\n{ninety}}}\n",
        "tests/d_test.c": '/* no sleep( here */\nvoid t(void)\n{\n    s("skip()");\n}\n',
        "docs/one.md": "# A\n\n```sh\n# a comment\n```\n",
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**{n: t for n, (t, _) in planted.items()}, **clean}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = check(root)[0]
    for name, (_, wanted) in planted.items():
        if [wanted in why for here, _, why in found if here == name] != [True]:
            failures += 1
            print(f"self-test: {name}: expected one '{wanted}', "
                  f"found {[why for here, _, why in found if here == name]}")
    for here, number, why in found:
        if here in clean:
            failures += 1
            print(f"self-test: {here}:{number}: '{why}' reported where there is none")
    print(f"tidy self-test: {len(planted)} planted breaches, {failures} failures")
    return failures


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return 1 if self_test() else 0
    breaches, count = check(pathlib.Path(arguments[0]).resolve() if arguments else ROOT)
    for here, number, why in breaches:
        print(f"{here}:{number}: error: {why}")
    print(f"tidy: {count} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
