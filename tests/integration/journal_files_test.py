#!/usr/bin/env python3
"""The journal's files on the real binary: export in three formats, a journal of several files, the
index of a long one, and verify naming the first bad line of every kind of damage."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402
from harness import call, has  # noqa: E402

IDS = ("opportunity_id", "trade_id", "threat_id", "order_id", "scheduled_id")


def check_export(work):
    entries = harness.entries(work / "full")
    call(work, "journal", "export", "full", "--out", "journal.json")
    document = json.loads((work / "journal.json").read_text())
    assert list(document) == ["strategy_link_id", "journal_entries"]
    assert document["strategy_link_id"] == "demo"
    rows = document["journal_entries"]
    assert len(rows) == len(entries)
    for row, entry in zip(rows, entries):
        assert (row["timestamp"], row["event_type"]) == (entry["time"], entry["type"])
        assert row["details"] == entry["details"] and row["seq"] == entry["seq"]
        assert all(row.get(name) == entry.get(name) for name in (*IDS, "worker"))
    first = {kind: next(r for r in rows if r["event_type"] == kind) for kind in
             ("OPPORTUNITY_DETECTED", "TRADE_OPENED", "TRADE_CLOSED", "OPPORTUNITY_REJECTED")}
    assert {"opportunity_id", "signal_type", "price"} <= set(first["OPPORTUNITY_DETECTED"])
    assert {"trade_id", "opportunity_id", "entry_price"} <= set(first["TRADE_OPENED"])
    assert {"trade_id", "closure_reason", "exit_price"} <= set(first["TRADE_CLOSED"])
    assert "rejection_reason" in first["OPPORTUNITY_REJECTED"]
    assert json.loads(call(work, "journal", "export", "full").out) == document
    pipe = subprocess.run(f"{harness.BINARY} journal export full --format csv | head -1",
                          shell=True, text=True, capture_output=True, check=False, cwd=work)
    assert pipe.stdout.startswith("seq,timestamp") and not pipe.stderr, pipe.stderr

    csv.field_size_limit(1 << 20)
    table = list(csv.DictReader(call(work, "journal", "export", "full", "--format",
                                     "csv").out.splitlines()))
    assert len(table) == len(entries)
    for row, entry in zip(table, entries):
        assert (int(row["seq"]), row["timestamp"]) == (entry["seq"], entry["time"])
        assert (row["event_type"], row["strategy_link_id"]) == (entry["type"], "demo")
        assert json.loads(row["details"]) == entry["details"]
        assert all(row[name] == entry.get(name, "") for name in (*IDS, "worker"))

    call(work, "journal", "export", "full", "--format", "parquet", expected=2)
    done = json.loads(call(work, "journal", "export", "full", "--format", "parquet", "--out",
                           "journal.parquet", "--json").out)
    assert done["entries"] == len(entries)
    data = (work / "journal.parquet").read_bytes()
    assert data[:4] == data[-4:] == b"PAR1"
    call(work, "journal", "export", "full", "--format", "parquet", "--out", "again.parquet")
    assert (work / "again.parquet").read_bytes() == data
    assert not list(work.glob("*.tmp")) and not list(work.glob("*.partial"))


def check_segments(work):
    """The same journal in two files: verified, replayed, shown, exported, explained as one."""
    call(work, "backtest", "demo", "--results", "pieces", "--set",
         "platform.limits.journal_segment_mib=1")
    parts = [work / "pieces/journal.jsonl", work / "pieces/journal.jsonl.2"]
    assert all(0 < part.stat().st_size <= 1 << 20 for part in parts)
    assert not (work / "full/journal.jsonl.2").exists()
    lines = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    seqs = [line["seq"] for line in lines if "type" in line]
    assert seqs == list(range(1, len(harness.entries(work / "full")) + 1))
    has(call(work, "journal", "verify", "pieces"), "sound", "run.json states the same")
    assert json.loads(call(work, "replay", "pieces", "--json").out)["is_equal"]
    has(call(work, "replay", "pieces", "--execute"), "identical")
    last = [line for line in lines if line.get("type") == "TRADE_CLOSED"][-1]
    has(call(work, "explain", "pieces", last["trade_id"]), last["trade_id"][:8])
    out = json.loads(call(work, "journal", "export", "pieces").out)
    assert len(out["journal_entries"]) == len(seqs)
    shutil.copytree(work / "pieces", work / "cut")
    (work / "cut/journal.jsonl").write_bytes(parts[0].read_bytes()[:-9])
    has(call(work, "journal", "verify", "cut", expected=4), "segment 1 byte")
    shutil.copytree(work / "pieces", work / "lost")
    (work / "lost/journal.jsonl.2").unlink()
    has(call(work, "journal", "verify", "lost", expected=4), "journal head")


def check_index(work):
    """A journal above the index's threshold: the same answers with and without, and after damage."""
    bars = work / "bars.csv"
    harness.minute_bars(bars, 60000)
    harness.import_bars(work, bars, pair="SYN/USD", timeframe="1m", profile="w1",
                        archive="archive")
    call(work, "backtest", "w1", "--config", "w1config", "--results", "long")
    size = (work / "long/journal.jsonl").stat().st_size
    trade = harness.trades(work / "long")[-1]["trade_id"]
    index = work / "long/journal.jsonl.idx"
    cold = call(work, "journal", "show", "long", "--id", trade, "--json").out
    if size < 4 << 20:
        assert not index.exists(), "an index of a short journal"
        return size
    assert index.is_file()
    seqs = [json.loads(line)["seq"] for line in cold.splitlines()]
    expected = [e["seq"] for e in harness.entries(work / "long") if e.get("trade_id") == trade]
    assert seqs == expected
    assert call(work, "journal", "show", "long", "--id", trade, "--json").out == cold
    story = call(work, "explain", "long", trade, "--json").out
    for damage in (b"", b"x" * 200, index.read_bytes()[:-5], index.read_bytes()[:5000] + b"?" +
                   index.read_bytes()[5001:]):
        index.write_bytes(damage)
        assert call(work, "journal", "show", "long", "--id", trade, "--json").out == cold
        assert call(work, "explain", "long", trade, "--json").out == story
    index.unlink()
    assert call(work, "explain", "long", trade, "--json").out == story
    has(call(work, "replay", "long", "--execute"), "identical")  # the index is no result
    return size


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def signed(line, old, new):
    """The line with a change and the checksum that goes with it: a forger's work."""
    assert old in line
    body = line.replace(old, new, 1)[:line.replace(old, new, 1).rindex(',"crc"')]
    return f'{body},"crc":"{crc32c(body.encode()):08x}"}}\n'


def check_damage(work):
    """journal verify names the first bad line, its byte and why."""
    path = work / "full/journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    seal = next(i for i, line in enumerate(lines) if '"sha256"' in line)
    at = sum(map(len, lines[:10]))
    long = lines[10][:-1] + "x" * 70000 + "\n"
    changed = lines[10].replace("2017", "2018", 1)
    stated = json.loads(lines[seal])
    count = signed(lines[seal], f'"entries":{stated["entries"]}', '"entries":7')
    other = "0" if stated["sha256"][0] != "0" else "1"
    chain = signed(lines[seal], f'"sha256":"{stated["sha256"][0]}', f'"sha256":"{other}')
    at_seal = sum(map(len, lines[:seal]))
    forged = signed(lines[10], "2017", "2016")
    cases = {
        "the checksum differs": (11, at, [*lines[:10], changed, *lines[11:]]),
        "the sequence has a gap": (11, at, [*lines[:10], *lines[11:]]),
        "the line is not a journal line": (11, at, [*lines[:10], "{}\n", *lines[11:]]),
        "the line is longer than a block": (11, at, [*lines[:10], long, *lines[11:]]),
        "the seal does not count its block": (seal + 1, at_seal,
                                              [*lines[:seal], count, *lines[seal + 1:]]),
        "the hash chain is broken": (seal + 1, at_seal,
                                     [*lines[:seal], chain, *lines[seal + 1:]]),
        "hash chain is broken": (seal + 1, at_seal, [*lines[:10], forged, *lines[11:]]),
    }
    for number, (words, (line, byte, text)) in enumerate(cases.items()):
        target = work / f"bad{number}.jsonl"
        target.write_text("".join(text))
        done = call(work, "journal", "verify", target, expected=4)
        has(done, f"line {line} (byte {byte}", words)
    torn = work / "torn.jsonl"
    torn.write_text("".join(lines)[:-20])
    has(call(work, "journal", "verify", torn), "never committed")
    return len(cases)


def w1_config(work):
    shutil.copytree(harness.SOURCE / "config", work / "w1config")
    overlay = harness.SOURCE / "tests/integration/w1/config"
    for path in overlay.rglob("*.yaml"):
        shutil.copy(path, work / "w1config" / path.relative_to(overlay))


def main():
    with harness.folder(is_checked=False) as folder:
        work = pathlib.Path(folder)
        if not harness.demo(work):
            return
        w1_config(work)
        call(work, "backtest", "demo", "--results", "full")
        check_export(work)
        check_segments(work)
        kinds = check_damage(work)
        size = check_index(work)
        print(f"3 formats, 2 files, {kinds} kinds of damage, an index of {size} bytes of journal")


if __name__ == "__main__":
    main()
