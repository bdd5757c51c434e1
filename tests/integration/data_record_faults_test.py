#!/usr/bin/env python3
"""`data record` where the wire, the exchange or a queue does not do what it should: what is stored is
right, and what is missing is known.
"""

import json
import signal
import ssl
import subprocess
import sys
import time

import data_record_test as recording
from data_record_test import (PAIR, call, check_archive, expect_trades, exported, has, notes, record, replay_book, start,
                              stored_trades, ws_server)


def faults_of_the_connection(work):
    """Whatever happens on the wire: what is stored is right, and what is missing is known."""
    faults = "garbage@5,binary@9,slices@12,cut@20,half@31,close@42,frame@53,stall@64:7,flip@75"
    server = ws_server.Server(rate=60, faults=faults).start_thread()
    child = start(work, server, "--type", "trades", "--type", "book")
    deadline = time.monotonic() + 80
    while server.faults and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    server.stop()
    assert child.returncode == 0, err
    report = json.loads(out)
    assert sorted(server.fired) == sorted(f.split("@")[0] for f in faults.split(",")), server.fired
    trades, book = report["streams"]
    assert report["disconnects"] >= 5 and report["malformed"] >= 1 and book["resyncs"] >= 1, report
    ids = expect_trades(stored_trades(work))
    missing = ids[-1] - ids[0] + 1 - len(ids)
    assert missing == trades["missing"], (missing, trades)
    assert trades["missing"] == sum(n["count"] for n in notes(work)), notes(work)
    assert all(n["why"] == "the connection was broken" for n in notes(work))
    assert trades["duplicates"] > 0  # the snapshots that came again
    assert book["gaps"] >= 5 and len(notes(work, "book")) == book["gaps"]
    replay_book(exported(work, "book"), server.books[PAIR])
    check_archive(work)


def refused_and_unreachable(work):
    server = ws_server.Server(symbols=("ETH/USD",)).start_thread()
    done = record(work, server, "--for", "10s", expected=None)
    assert done.code != 0
    has(done.err, "the exchange refused every stream: Currency pair not supported BTC/USD")
    url = server.url
    server.stop()
    done = call(work, "data", "record", "-c", "kraken", "--pair", PAIR, "--url", url, "--archive",
                "archive", "--for", "1s", expected=None)
    assert done.code != 0
    has(done.err, "no connection to " + url)


def encrypted(work):
    """wss:// to one whose certificate is trusted, and not to another."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
                   cwd=work, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(work / "cert.pem", work / "key.pem")
    server = ws_server.Server(rate=300, tls=tls).start_thread()
    common = ["data", "record", "-c", "kraken", "--pair", PAIR, "--url", server.url, "--archive", "archive", "--json"]
    done = call(work, *common, "--for", "2s", expected=6)
    has(done.out + done.err, "no connection to " + server.url)
    done = call(work, *common, "--for", "2s", env={"SSL_CERT_FILE": str(work / "cert.pem")})
    server.stop()
    assert json.loads(done.out)["streams"][0]["archived"] > 100
    expect_trades(stored_trades(work))


def a_full_queue(work):
    server = ws_server.Server(rate=300).start_thread()
    stream = record(work, server, "--queue", "2", "--for", "2s")["streams"][0]
    assert stream["queue_capacity"] == 2 and stream["dropped"] > 0, stream
    told = [n for n in notes(work) if n["why"] == "the queue was full"]
    assert sum(n["count"] for n in told) == stream["dropped"], (told, stream)
    ids = expect_trades(stored_trades(work))
    assert len(ids) == stream["archived"] == stream["accepted"]
    done = record(work, server, "--queue", "2", "--on-full", "stop", "--for", "20s", expected=10)
    server.stop()
    has(done.out + done.err, "a queue was full and its policy is to stop")


if __name__ == "__main__":
    sys.exit(recording.main((faults_of_the_connection, refused_and_unreachable, encrypted, a_full_queue)))
