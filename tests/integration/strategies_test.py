#!/usr/bin/env python3
"""The example strategies, as their pages say: the page's own commands, and the figures it prints.

A page is docs/strategies/<strategy>.md; its `sh` block imports recordings of ../shared and runs the
blueprint, its `text` block is what the run printed. Where a recording is absent a line says so.
"""

import pathlib
import re
import shlex

import harness
from harness import call

PAGES = harness.SOURCE / "docs" / "strategies"
RUNS = harness.SOURCE / "config" / "runs"


def commands(page):
    """The program's arguments, line by line of the page's shell block."""
    block = re.search(r"```sh\n(.*?)```", page, re.S).group(1)
    lines = [shlex.split(line) for line in block.splitlines() if line]
    assert all(line[0].endswith("/s1mpletrader") for line in lines), lines
    return [[re.sub(r"^\.\./shared/", f"{harness.SHARED}/", word) for word in line[1:]]
            for line in lines]


def run(name):
    page = (PAGES / f"{name}.md").read_text()
    printed = re.search(r"```text\n(.*?)```", page, re.S).group(1)
    steps = commands(page)
    imported = [pathlib.Path(step[2]) for step in steps if step[:2] == ["data", "import"]]
    absent = [path for path in imported if not path.is_file()]
    if absent:
        print(f"skipped: {name}: {absent[0]} is not there")
        return
    with harness.folder() as folder:
        work = pathlib.Path(folder)
        harness.config(work)
        call(work, "validate", name)
        for step in steps:
            out = call(work, *step, env={"COLUMNS": "100"}).out
            if step[0] == "backtest":
                assert printed in out, f"{name}: the page says\n{printed}\nthe run\n{out}"
        trades = (work / "results" / name / "result_trades.csv").read_text().splitlines()
        assert len(trades) > 1
        print(f"{name}: {len(trades) - 1} trades, as on its page")


def main():
    names = sorted(path.stem for path in PAGES.glob("*.md"))
    blueprints = sorted(path.stem for path in RUNS.glob("*.yaml") if path.stem != "demo")
    assert names == blueprints, f"pages {names}, blueprints {blueprints}"
    for name in names:
        run(name)


if __name__ == "__main__":
    main()
