#!/usr/bin/env python3
"""Lock files pin by version and hash and name no download address.

    tools/check_locks.py [ROOT]       exit 1 and file:line: error: for every breach
    tools/check_locks.py --self-test  planted breaches are found
"""
import pathlib
import re
import sys
import tempfile

from c_source import ROOT


def check_lines(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r'"resolved"\s*:|(https?|git\+ssh|git)://|--(extra-)?index-url', line):
            yield number, "a download address; pin by name, version and hash"
        if name.startswith("requirements-") and line.strip() and not line.startswith(("#", " ", "-")):
            if not re.match(r"^[A-Za-z0-9_.\[\]-]+==[^\s=]+( --hash=sha256:[0-9a-f]{64})*$", line.strip()):
                yield number, "not pinned as name==version"


def check(root):
    paths = [*root.glob("package-lock.json"), *root.glob("tools/requirements-*.txt"),
             *root.glob("frontends/**/package-lock.json")]
    paths = [path for path in paths if "node_modules" not in path.parts]
    return [(path.relative_to(root).as_posix(), number, why) for path in sorted(paths)
            for number, why in check_lines(path.name, path.read_text(encoding="utf-8"))], len(paths)


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "tools").mkdir()
        (root / "package-lock.json").write_text('{\n "resolved": "x"\n}\n', encoding="utf-8")
        (root / "tools/requirements-a.txt").write_text("# fine\na==1\nb>=2\n--index-url x\n", encoding="utf-8")
        found = [(name, number) for name, number, _ in check(root)[0]]
    wanted = [("package-lock.json", 2), ("tools/requirements-a.txt", 3), ("tools/requirements-a.txt", 4)]
    print(f"check_locks self-test: {len(wanted)} planted breaches, {0 if found == wanted else 1} failures")
    return found != wanted


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return 1 if self_test() else 0
    breaches, count = check(pathlib.Path(arguments[0]).resolve() if arguments else ROOT)
    for here, number, why in breaches:
        print(f"{here}:{number}: error: {why}")
    print(f"check_locks: {count} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
