#!/usr/bin/env python3
"""`data fetch` through the program, against the simulated exchange on loopback: what is stored, what
is said, exit codes by cause, and ctrl-C."""

import contextlib
import csv
import datetime
import gzip
import http.server
import json
import pathlib
import signal
import ssl
import subprocess
import threading
import time

from pyarrow import feather

import harness
from harness import call, has

SIMULATOR = harness.BUILD / "simulators/kraken"
GARBAGE, BUSY, NOT_THERE = 1 << 9, 1 << 3, "http://127.0.0.1:9"
START = 1700000000


@contextlib.contextmanager
def exchange(work, **options):
    """The simulator; yields its address, and the trades it has, as (id, ns, price, quantity, side)."""
    arguments = [part for name, value in {"start": START, "count": 5000, **options}.items()
                 for part in (f"--{name}", str(value))]
    process = subprocess.Popen([SIMULATOR, "--dump", work / "truth", *arguments], text=True,
                               stdout=subprocess.PIPE)
    try:
        port = process.stdout.readline().split()[1]
        truth = [line.split(",") for line in (work / "truth").read_text().split()]
        yield f"http://127.0.0.1:{port}", truth
    finally:
        process.terminate()
        process.wait(timeout=20)


def moment(ns, more=0):
    seconds = int(ns) // 10**9 + more
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def fetch(work, url, *arguments, expected=0, **options):
    done = call(work, "data", "fetch", "--pair", "BTC/USD", "--archive", "archive", "--url", url,
                "--pace", "0", "--json", *arguments, expected=expected, **options)
    return json.loads(done.out) if done.code == 0 else json.loads(done.err.splitlines()[-1] if
                      not done.err.startswith("{") else done.err)["error"]


def four_commands(work):
    """A period, the same again, days before it, a hole, what came since."""
    with exchange(work, spacing=60000, seed=3) as (url, truth):
        times = [int(row[1]) for row in truth]

        def between(a, b):
            return sum(a <= t < b for t in times)

        middle, later = times[2000] // 10**9 * 10**9, times[2400] // 10**9 * 10**9
        report = fetch(work, url, "--from", moment(middle), "--to", moment(later))
        count = between(middle, later)
        assert report["command"] == "fetch_period" and report["data_type"] == "trades", report
        assert report["rows"] == report["added"] == count, (report, count)
        assert report["first"].startswith(moment(min(t for t in times if t >= middle))), report
        assert report["address"] == url and len(report["content_hash"]) == 64, report
        again = fetch(work, url, "--from", moment(middle), "--to", moment(later))
        assert again["added"] == 0 and again["rows"] == count, again
        extended = fetch(work, url, "--extend", "1")
        assert extended["command"] == "extend_history", extended
        first = min(t for t in times if t >= middle)
        assert extended["rows"] == between(first - 86400 * 10**9, later), extended
        apart = times[3500] // 10**9 * 10**9
        fetch(work, url, "--from", moment(apart), "--to", moment(apart, 3600))
        filled = fetch(work, url, "--fill-gaps")
        assert filled["command"] == "fill_gaps" and filled["empty"] > 0, filled
        assert filled["rows"] == between(first - 86400 * 10**9, apart + 3600 * 10**9), filled
        synchronized = fetch(work, url, "--synchronize")
        assert synchronized["rows"] == between(first - 86400 * 10**9, times[-1] + 1), synchronized
        everything = fetch(work, url, "--from", moment(times[0]))
        assert everything["rows"] == len(times), everything
        listed = json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)
        [dataset] = listed["datasets"]
        assert dataset["rows"] == len(times) and dataset["data_type"] == "trades", dataset


def bars(work):
    """Bars as the exchange has them: those closed, with empty ones; and said to be the last 720."""
    now = int(time.time()) // 60 * 60
    with exchange(work, spacing=10000, seed=5, start=now - 40000, count=4000, now=now + 5) as (url, _):
        arguments = ("--type", "ohlcv", "--timeframe", "1m")
        report = fetch(work, url, *arguments)
        assert report["timeframe"] == "1m" and report["commits"] == 1, report
        assert 600 <= report["rows"] <= 720 and report["requests"] == 2, report
        error = fetch(work, url, *arguments, "--from", moment((now - 200000) * 10**9),
                      expected=0 if report["rows"] < 700 else 3)
        assert "error" not in error
        done = call(work, "data", "fetch", "--pair", "BTC/USD", "--archive", "archive", "--url", url,
                    "--pace", "0", *arguments)
        has(done.out, "BTC/USD 1m: 0 rows more", f"requests of {url}", "archive       archive")
        error = fetch(work, url, "--type", "ohlcv", "--timeframe", "7m", expected=3)
        has(error["message"], "found timeframe 7m, expected 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w or 15d")


def exported(work, source):
    """Rows of the minutes of a source, without the average price: (time, open, high, low, ...)."""
    arguments = ("--source", source) if source else ()
    call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USD", "--timeframe", "1m",
         "--output", "bars.csv", *arguments)
    with (work / "bars.csv").open(newline="") as file:
        return [[row[name] for name in ("time", "open", "high", "low", "close", "volume", "trades")]
                for row in csv.DictReader(file)]


def trades_are_bars(work):
    """The minutes made of fetched trades are the minutes the exchange gives, but for those without a
    trade, which it gives too."""
    now = int(time.time()) // 60 * 60
    with exchange(work, spacing=50000, seed=8, start=now - 42000, count=1200, now=now + 5) as (url, truth):
        fetch(work, url, "--from", moment(truth[0][1]))
        fetch(work, url, "--type", "ohlcv", "--timeframe", "1m")
    call(work, "data", "resample", "--archive", "archive", "--pair", "BTC/USD", "--from", "trades",
         "--to-timeframe", "1m", "--to-source", "made")
    made = {row[0]: row for row in exported(work, "made")}
    given = {row[0]: row for row in exported(work, None)}
    common = set(made) & set(given)
    assert len(common) > 300, (len(made), len(given))
    assert all(made[at] == given[at] for at in common), [(made[at], given[at]) for at in sorted(common)
                                                         if made[at] != given[at]][:3]
    quiet = [row for at, row in given.items() if at not in made and at < max(made)]
    wrong = [row for row in quiet if float(row[5]) != 0 or row[6] != "0"]
    assert quiet and not wrong, wrong[:3]


def recorded_days(work):
    """Five days of Kraken's BTC/USDT as recorded: 26,921 trades, fetched in pages, are the bars that were
    recorded of them, of each of four lengths."""
    folder = harness.SHARED / "data/crypto/kraken"
    if not (folder / "BTC_USDT-trades_2023-11.feather").is_file():
        print("skipped: shared/data has no BTC_USDT-trades_2023-11.feather")
        return
    table = feather.read_table(folder / "BTC_USDT-trades_2023-11.feather").to_pylist()
    trades = sorted((int(row["id"]), int(row["timestamp"]), round(row["price"] * 10),
                     round(row["amount"] * 10**8), row["side"]) for row in table)
    (work / "recorded").write_text("".join(f"{i},{ms}000000,{price},{amount},{side}\n"
                                           for i, ms, price, amount, side in trades))
    with exchange(work, trades=work / "recorded", count=0) as (url, truth):
        report = fetch(work, url, "--from", moment(truth[0][1]))
        assert report["rows"] == 26921 and report["repeated"] > 20, report
    for timeframe, count in (("1m", 5388), ("5m", 1520), ("15m", 515), ("1h", 129)):
        call(work, "data", "resample", "--archive", "archive", "--pair", "BTC/USD", "--from", "trades",
             "--to-timeframe", timeframe, "--partial")
        call(work, "data", "export", "--archive", "archive", "--pair", "BTC/USD", "--timeframe", timeframe,
             "--output", "bars.csv")
        with (work / "bars.csv").open(newline="") as file:
            made = list(csv.DictReader(file))
        given = feather.read_table(folder / f"BTC_USDT-{timeframe}_2023-11.feather").to_pylist()
        assert len(given) == count, len(given)
        made = {row["time"]: row for row in made}
        different = [row for row in given
                     if not same_bar(made.get(row["date"].strftime("%Y-%m-%dT%H:%M:%SZ")), row)]
        assert not different and len(made) == count, (timeframe, len(made), different[:2])


def same_bar(made, given):
    return made is not None and all(float(made[name]) == given[name] for name in
                                    ("open", "high", "low", "close")) and \
        abs(float(made["volume"]) - given["volume"]) < 1e-9 * max(1, given["volume"])


def everything_is_synchronized(work):
    """Every stream of an archive, of its source; one that cannot be is a warning."""
    now = int(time.time()) // 60 * 60
    options = {"spacing": 5000, "seed": 4, "start": now - 20000, "now": now + 5}
    with exchange(work, count=3000, **options) as (url, truth):
        fetch(work, url, "--from", moment(truth[0][1]), "--to", moment(truth[1000][1]))
        fetch(work, url, "--from", moment(truth[0][1]), "--to", moment(truth[500][1]), "--source", "apart")
        fetch(work, url, "--type", "ohlcv", "--timeframe", "5m", "--to", moment((now - 10000) * 10**9))
        call(work, "data", "resample", "--archive", "archive", "--pair", "BTC/USD", "--from", "trades",
             "--to-timeframe", "7m")
        arguments = ("data", "fetch", "--archive", "archive", "--url", url, "--pace", "0", "--synchronize",
                     "--json")
        done = call(work, *arguments, expected=3)
        has(done.err, "warning: BTC/USD 7m: kraken: found timeframe 7m", "2 streams were brought up to date")
        [report] = json.loads(call(work, *arguments, "--source", "apart").out)
        assert report["source"] == "apart" and report["rows"] == len(truth), report
        listed = json.loads(call(work, "data", "list", "--archive", "archive", "--json").out)["datasets"]
        rows = {(d["source"], d["timeframe"] or d["data_type"]): d["rows"] for d in listed}
        assert rows["", "trades"] == rows["apart", "trades"] == len(truth), rows
        call(work, "data", "fetch", "--archive", "nowhere", "--synchronize", "--url", url, expected=7)


def causes(work):
    """Exit codes by cause."""
    config = harness.config(work)
    (config / "connectors.yaml").write_text(
        "schema_version: 1\nimpatient:\n  type: kraken_public\n  base_url: http://127.0.0.1:9/0/public\n"
        "  retries: { max_attempts: 1, delay_seconds: 1 }\n")
    recent = ("--connector", "impatient", "--from", moment((time.time() - 86400) * 10**9))
    with exchange(work) as (url, truth):
        for arguments, code, words in (
                (("--from", "2023-11-14", "--extend", "5"), 2, "found --from beside --extend"),
                (("--fill-gaps", "--synchronize"), 2, "found more than one of --extend"),
                (("--type", "ohlcv"), 2, "found no timeframe of ohlcv, expected one"),
                (("--timeframe", "1h"), 2, "found a timeframe of trades, expected none"),
                ((), 2, "from when on? kraken goes back to the first trade there was"),
                (("--from", "yesterday"), 2, "yesterday"),
                (("--synchronize",), 7, "the archive has no BTC/USD trades"),
                (("--connector", "nasdaq", "--synchronize"), 7, "connector 'nasdaq': not there"),
                (("--profile", "huge", "--synchronize"), 7, "ingestion profile 'huge': not there"),
                (("--from", "2013-01-01"), 6, "days of history: expected at most 1825")):
            error = fetch(work, url, *arguments, expected=code)
            has(error["message"], words)
        done = call(work, "data", "fetch", "--pair", "FOO/USD", "--archive", "archive", "--url", url,
                    "--pace", "0", "--from", moment(truth[0][1]), expected=7)
        has(done.err, "EQuery:Unknown asset pair: FOO/USD")
        done = call(work, "data", "fetch", "--pair", "BTC/USD", "--archive", "archive", "--url", url,
                    "--pace", "0", "--from", moment(truth[0][1]))
        has(done.err, "days of history, more than 365 (warn_history_days): this takes long")
        has(done.out, "BTC/USD trades: 5,000 rows more, 5,000 in all", "content hash")
    error = fetch(work, NOT_THERE, *recent, expected=6)
    has(error["message"], "kraken: gave up after 1 attempts: no connection")
    done = call(work, "data", "fetch", "--pair", "BTC/USD", "--archive", "archive", *recent, expected=6)
    has(done.err, "no connection")  # the connector's own address
    with exchange(work, faults=1000, mask=GARBAGE) as (url, _):
        error = fetch(work, url, *recent, expected=4)
        has(error["message"], "kraken: gave up after 1 attempts")
    with exchange(work, faults=1000, mask=BUSY) as (url, _):
        error = fetch(work, url, *recent, expected=6)
        has(error["message"], "gave up after 1 attempts: EService:Busy")
    error = fetch(work, "http://example.org", *recent, expected=2)
    has(error["message"], "plain http is for 127.0.0.1 only")


class Answer(http.server.BaseHTTPRequestHandler):
    """One status, some headers and a body, whatever is asked."""

    def do_GET(self):
        status, headers, body = self.server.answer
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def server(status=200, headers=None, body=b"", context=None):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as httpd:
        httpd.answer = (status, headers or {}, body)
        if context is not None:
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http{'s' if context else ''}://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def other_servers(work):
    """A certificate nobody vouches for, a redirection, a reply without end, a packed one."""
    config = harness.config(work)
    (config / "connectors.yaml").write_text(
        "schema_version: 1\nimpatient:\n  type: kraken_public\n"
        "  retries: { max_attempts: 1, delay_seconds: 1 }\n")
    recent = ("--connector", "impatient", "--from", moment((time.time() - 86400) * 10**9))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", work / "key",
                    "-out", work / "certificate"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(work / "certificate", work / "key")
    with server(body=b'{"error":["EQuery:Unknown asset pair"]}', context=context) as url:
        error = fetch(work, url, *recent, expected=6)
        has(error["message"], "no connection", "certificate")
    with server(status=302, headers={"Location": "http://127.0.0.1:9/"}) as url:
        error = fetch(work, url, *recent, expected=6)
        has(error["message"], "found HTTP status 302, expected 200: is the address right?")
    with server(body=b" " * (20 << 20)) as url:
        error = fetch(work, url, *recent, expected=6)
        has(error["message"], "gave up after 1 attempts: a reply that is too large")
    packed = gzip.compress(b'{"error":["EQuery:Unknown asset pair"]}')
    with server(headers={"Content-Encoding": "gzip"}, body=packed) as url:
        error = fetch(work, url, *recent, expected=7)
        has(error["message"], "EQuery:Unknown asset pair: BTC/USD")


def interrupted(work):
    """ctrl-C stores what came, says so, and the same command goes on; the wait for a request's turn
    and one that is out both end at once."""
    harness.config(work)
    with exchange(work, count=20000, page=200) as (url, truth):
        arguments = ("data", "fetch", "--pair", "BTC/USD", "--archive", "archive", "--url", url, "--from",
                     moment(truth[0][1]), "--pace", "100")  # over ten seconds
        for delay in (1.5, 3, 6):
            process = subprocess.Popen(harness.command(*arguments), cwd=work, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=harness.environment())
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=delay)
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            _, err = process.communicate(timeout=20)
            if process.returncode == -signal.SIGINT:  # a slow machine had not begun
                continue
            assert process.returncode == 130, (process.returncode, err)
            assert time.monotonic() - begun < 10
            has(err, "rows more are stored; the same command goes on from there")
            if "stopped: 0 rows" not in err:
                break
        report = fetch(work, url, "--from", moment(truth[0][1]))
        assert report["rows"] == len(truth) and 0 < report["added"] < len(truth), report
    with exchange(work, faults=1000, mask=1 << 6) as (url, truth):  # never an answer
        for delay in (0.7, 2, 5):
            process = subprocess.Popen(
                harness.command("data", "fetch", "--pair", "BTC/USD", "--archive", "other", "--url", url,
                                "--from", moment(truth[0][1])),
                cwd=work, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=harness.environment())
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=delay)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
            if process.returncode != -signal.SIGINT:  # else it had not begun
                break
        assert process.returncode == 130, (process.returncode, err)
        has(err, "stopped: 0 rows more are stored")


def main():
    for test in (four_commands, bars, trades_are_bars, recorded_days, everything_is_synchronized,
                 causes, other_servers, interrupted):
        with harness.folder(is_checked=False) as folder:
            test(pathlib.Path(folder))
        print(f"{test.__name__}: passed")


if __name__ == "__main__":
    main()
