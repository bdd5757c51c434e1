#!/usr/bin/env python3
"""kill -9 of a recording at random moments: the archive reads, the catalogue agrees, what was
acknowledged is there once, and what went lost is told to the row.

S1_RECORD_KILLS: how many recordings are killed (default 15; the deep tier uses 200).
S1_RECORD_SEED: when they are (default: another each time; a failure prints it).
"""

import os
import random
import struct
import sys
import time

import data_record_test as recording
from data_record_test import PAIR, check_archive, expect_trades, notes, record, start, stored_trades, ws_server


def ids_in_segments(work):
    """The trades of whole frames (backend/data/recorder/segment.c) in what a kill left."""
    ids = set()
    for file in (work / "archive/.recorder").rglob("*.seg"):
        data, at = file.read_bytes(), 128
        while at + 24 <= len(data):
            _, rows = struct.unpack_from("<II", data, at)
            if at + 24 + rows * 72 > len(data):
                break
            for row in range(at + 24, at + 24 + rows * 72, 72):
                if data[row + 66] == 0:  # no gap
                    ids.add(struct.unpack_from("<q", data, row + 32)[0])
            at += 24 + rows * 72
    return ids


def killed_at_random(work):
    """Acknowledged is what was archived and what lay in a segment: none of it goes, none comes twice."""
    kills = int(os.environ.get("S1_RECORD_KILLS", "15"))
    seed = int(os.environ.get("S1_RECORD_SEED", str(random.randrange(1 << 30))))
    chance = random.Random(seed)
    (work / "config").mkdir()
    (work / "config/platform.yaml").write_text(
        "schema_version: 1\nservices: { data_ingestion: { profiles: "
        "{ quick: { max_records: 120, max_seconds: 1 } } } }\n")
    # Trades flow only while a recording listens, and each reconnection repeats the last fifty: so
    # none of them may be missing but those a kill found on their way.
    server = ws_server.Server(symbols=(PAIR,), rate=800, pace=True).start_thread()
    was_there, lost, crashes = set(), 0, 0
    for kill in range(kills):
        child = start(work, server, "--profile", "quick")
        time.sleep(chance.uniform(0.05, 1.6))
        child.kill()
        child.communicate(timeout=60)
        crashes += 1
        was_there |= ids_in_segments(work)
        if kill % 3 == 2 or kill == kills - 1:
            report = record(work, server, "--profile", "quick", "--for", "1s")
            stream = report["streams"][0]
            ids = set(expect_trades(stored_trades(work)))
            assert was_there <= ids, f"REPLAY: S1_RECORD_SEED={seed}: rows went: {was_there - ids}"
            missing = max(ids) - min(ids) + 1 - len(ids) if ids else 0
            noted = sum(n["count"] or 0 for n in notes(work))
            assert missing == noted, f"REPLAY: S1_RECORD_SEED={seed}: {missing} missing, {noted} told"
            assert stream["archived"] >= 0 and not list((work / "archive/.recorder").rglob("*.seg"))
            was_there, lost = set(ids), missing
            check_archive(work)
    server.stop()
    print(f"{crashes} kills (seed {seed}): {len(was_there)} trades stored, {lost} lost on their way, all told")
    assert len(was_there) > 100


if __name__ == "__main__":
    sys.exit(recording.main((killed_at_random,)))
