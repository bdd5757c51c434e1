#!/usr/bin/env python3
"""Checks that #include directions follow the layer table.

    tools/check_layers.py [ROOT]       exit 1 and file:line: error: for every breach
    tools/check_layers.py --self-test  every kind of breach, planted in a scratch tree, is found

Kinds: a layer reaching up or sideways; a path that names no file; an *_internal.h outside its
folder; a relative path ("../x.h"). The table itself must have no circle.
"""
import pathlib
import re
import sys
import tempfile

SDK = "include/s1mple"
# Folder -> what it may include, beside itself. The longest matching folder decides.
ALLOWED = {
    SDK: [],
    "backend/utils": [SDK],
    "backend/dtos": [SDK, "backend/utils"],
    "backend/core/interfaces": [SDK, "backend/utils", "backend/dtos"],
    "backend/core": [SDK, "backend/utils", "backend/dtos"],
    "backend/config": [SDK, "backend/utils", "backend/dtos", "backend/core"],
    "backend/operators": [SDK, "backend/utils", "backend/dtos", "backend/core"],
    "backend/data": [SDK, "backend/utils", "backend/dtos", "backend/core", "backend/config"],
    "backend/connectors": [SDK, "backend/utils", "backend/dtos", "backend/core"],
    "backend/analysis": [SDK, "backend/utils", "backend/dtos", "backend/core", "backend/config",
                         "backend/data"],
    "backend/environments": [SDK, "backend/utils", "backend/dtos", "backend/core", "backend/config",
                             "backend/data"],
    "backend/assembly": [SDK, "backend"],
    "sdk": [SDK, "backend"],
    "services/event_bus": [SDK, "backend"],
    "services/live": [SDK, "backend", "services/event_bus"],
    "services/operators": [SDK, "backend", "services/event_bus", "services/live"],
    "services/meta": [SDK, "backend", "services/event_bus", "services/operators", "services/live"],
    "services/api": [SDK, "backend", "sdk", "services/event_bus", "services/live",
                     "services/operators", "services/meta"],
    "frontends": [SDK, "backend/utils", "services/api"],
    "plugins": [SDK],
    "examples": [SDK],
    "simulators": [SDK, "backend/utils"],
    "bench": [SDK, "backend", "sdk", "services"],
    "tests": [SDK, "backend", "sdk", "services", "frontends", "simulators"],
}
GENERATED = {"s1_build.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def layer_of(path):
    if re.match(r"plugins/[^/]+/[^/]+/[^/]+/tests/", path):
        return "tests"
    names = [name for name in ALLOWED if path.startswith(name + "/")]
    return max(names, key=len) if names else None


def may_include(layer, here, target):
    if layer == "tests" and here.startswith("plugins/"):  # a plugin's tests may include its source
        if target.startswith("plugins/"):
            return True
    if layer in ("plugins", "examples"):  # beside the SDK only its own folder
        own = here.rsplit("/", 1)[0] + "/"
        return target.startswith(SDK + "/") or target.startswith(own)
    return any(target.startswith(prefix + "/") for prefix in [layer, *ALLOWED[layer]])


def sources_of(root):
    tops = sorted({name.split("/")[0] for name in ALLOWED})
    for top in tops:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".c", ".h") and path.is_file():
                yield path


def quoted_or_ours(root, text, line):
    """An include in quotes, or in angle brackets where it names a file of the SDK."""
    return '"' in line.split("include", 1)[1] or text.startswith("s1mple/")


def check_file(root, path):
    here = path.relative_to(root).as_posix()
    layer = layer_of(here)
    if layer is None:
        return
    text = path.read_text(encoding="utf-8")
    text = COMMENT.sub(lambda found: "\n" * found.group(0).count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) in GENERATED or not quoted_or_ours(root, match.group(1), line):
            continue
        name = match.group(1)
        if ".." in name.split("/") and layer != "tests":
            yield here, number, name, "a relative path; include from the root"
            continue
        bases = (root / "include", root, path.parent)
        target = next((base / name for base in bases if (base / name).is_file()), None)
        if target is None:
            if name == "duckdb.h":
                continue
            yield here, number, name, "not found from include/, the root or its own folder"
            continue
        target = target.resolve().relative_to(root).as_posix()
        if target.endswith("_internal.h") and target.rsplit("/", 1)[0] != here.rsplit("/", 1)[0]:
            if layer != "tests":
                yield here, number, name, "an _internal.h belongs to its own folder"
        elif not may_include(layer, here, target):
            yield here, number, name, f"{layer} must not include {layer_of(target) or target}"


def table_circles(table):
    """Folders that the table lets include each other in a circle: a fault of the table itself."""
    edges = {layer: {other for other in table if other != layer and any(
        other == prefix or other.startswith(prefix + "/") for prefix in allowed)}
        for layer, allowed in table.items()}
    for start in sorted(edges):
        stack, seen = [start], set()
        while stack:
            for other in edges[stack.pop()] - seen:
                seen.add(other)
                stack.append(other)
        if start in seen:
            yield start


def check(root):
    breaches, count = [], 0
    for path in sources_of(root):
        count += 1
        breaches += check_file(root, path)
    return breaches, count


# file -> text; the comment says what must be found there.
PLANTED = {
    "include/s1mple/base.h": "",
    "backend/utils/arena.h": "",
    "backend/core/ledger.h": "",
    "backend/core/ledger_internal.h": "",
    "backend/data/store.h": '#include "backend/core/ledger.h"\n',
    "services/api/run.h": '#include "backend/core/ledger.h"\n',
    "services/event_bus/bus.h": "",
    "plugins/t_workers/s/good/worker.c": "#include <s1mple/base.h>\n#include <math.h>\n",
    "tests/backend/core/ledger_test.c": '#include "backend/core/ledger_internal.h"\n',
    "frontends/cli/ok.c": '#include "services/api/run.h"\n/* #include "backend/core/ledger.h" */\n',
}
WANTED = {
    "backend/utils/up.c": ('#include "backend/core/ledger.h"\n', "backend/utils must not include"),
    "backend/core/up.c": ('#include "services/event_bus/bus.h"\n', "backend/core must not include"),
    "backend/core/cfg.c": ('#include "backend/data/store.h"\n', "backend/core must not include"),
    "services/event_bus/api.c": ('#include "services/api/run.h"\n', "services/event_bus must not"),
    "frontends/cli/deep.c": ('#include "backend/core/ledger.h"\n', "frontends must not include"),
    "plugins/t_workers/s/bad/worker.c": ('#include "backend/utils/arena.h"\n', "plugins must not"),
    "plugins/t_workers/s/nosy/worker.c": ('#include "plugins/t_workers/s/bad/x.h"\n', "plugins must not"),
    "plugins/t_workers/s/bad/x.h": ("#include <s1mple/none.h>\n", "not found"),
    "backend/data/missing.c": ('#include "backend/data/nowhere.h"\n', "not found"),
    "backend/data/rel.c": ('#include "../core/ledger.h"\n', "relative path"),
    "backend/data/private.c": ('#include "backend/core/ledger_internal.h"\n', "_internal.h belongs"),
}


def self_test():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name, text in {**PLANTED, **{n: t for n, (t, _) in WANTED.items()}}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found, _ = check(root)
        per_file = {}
        for here, number, name, reason in found:
            per_file.setdefault(here, []).append(reason)
        for name, (_, wanted) in WANTED.items():
            if not any(wanted in reason for reason in per_file.get(name, [])):
                failures += 1
                print(f"self-test: {name}: expected '{wanted}', found {per_file.get(name)}")
        for name in per_file:
            if name not in WANTED:
                failures += 1
                print(f"self-test: {name}: a breach was reported where there is none: {per_file[name]}")
        if list(table_circles({"a": ["b"], "b": ["c/x"], "c/x": ["a"], "d": ["a"]})) != ["a", "b", "c/x"]:
            failures += 1
            print("self-test: the circle a -> b -> c/x -> a of a table was not found")
    print(f"check_layers self-test: {len(WANTED) + 1} planted breaches, {failures} failures")
    return failures


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    breaches, count = check(root)
    for here, number, name, reason in breaches:
        print(f'{here}:{number}: error: "{name}": {reason}')
    for layer in table_circles(ALLOWED):
        breaches.append(layer)
        print(f"tools/check_layers.py:1: error: the table lets {layer} include itself in a circle")
    print(f"check_layers: {count} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
