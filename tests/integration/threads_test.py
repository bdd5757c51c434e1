#!/usr/bin/env python3
"""Four strategies of an operation on four environments: the same bytes on one thread and on four."""

import filecmp
import json
import pathlib

import harness
from harness import call

LINKS = {"plain": ("next_open", "0"), "close": ("same_close", "0"),
         "slip": ("next_open", "0.0001"), "slow": ("same_close", "0.0002")}


def configuration(work):
    config = work / "config"
    environments, links = ["schema_version: 1"], ["schema_version: 1", "display_name: Four",
                                                  "strategy_links:"]
    for name, (rule, slippage) in LINKS.items():
        environments.append(f"e_{name}:\n  type: backtest\n  data_source_id: eurusd_1h_archive\n"
                            f"  simulation: {{ initial_capital: \"10000\", slippage: \"{slippage}\","
                            f" fill_rule: {rule} }}")
        links.append(f"  - {{ id: {name}, strategy_blueprint_id: demo, "
                     f"execution_environment_id: e_{name} }}")
    (config / "environments.yaml").write_text("\n".join(environments) + "\n")
    (config / "operation.yaml").write_text("\n".join(links) + "\n")


def files(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        if not harness.demo(work):
            return
        configuration(work)
        for threads in (1, 4):
            call(work, "backtest", "operation", "--results", f"t{threads}", "--threads", threads)
        names = files(work / "t1")
        assert names == files(work / "t4") and len(names) > 4 * 6, names
        for path in names:
            if path.name != "run.log.json": # host times
                assert filecmp.cmp(work / "t1" / path, work / "t4" / path, shallow=False), path
        journals = {(work / "t1" / n / "journal.jsonl").read_bytes() for n in LINKS}
        assert len(journals) == len(LINKS)
        for link in LINKS:
            run = json.loads((work / "t4" / link / "run.json").read_text())
            assert run["strategy_link_id"] == link and run["counts"]["trades"] > 20
        assert not list(work.glob("*.partial"))


if __name__ == "__main__":
    main()
