#!/usr/bin/env python3
"""hftbacktest on an order book, for bench/book.py; runs in its own virtual environment.

    book_hft.py make RECORDING.gz FOLDER TILES    the recording, again and again, as events.npy for
                                                  hftbacktest and as book.csv and trades.csv
    book_hft.py run FOLDER hash|roi [LIST.csv [OFFSET]]    the strategy, as a line "RESULT {json}"

With OFFSET (cents) entries are limit orders so far below the close, which wait in their queue.
Strategy: bars of a second made of trades, EMA(12) over EMA(26), long only, 0.002 of the cash, by market
orders that walk the levels (PartialFillExchange), no latency, 10 basis points of fees.
"""
import gzip
import json
import sys
import time

START = 1_723_161_240_000_000_000
PERIOD = 360_000_000_000
IDS = 10**8


def read(path):
    """Rows (time, id, is_ask, cents, micros) of the snapshot and what follows, and trades."""
    snapshot, early, rows, trades = None, [], [], []

    def put(time_, id_, message, bids="b", asks="a"):
        for is_ask, name in ((0, bids), (1, asks)):
            for price, quantity in message[name]:
                rows.append((time_, id_, is_ask, round(float(price) * 100), round(float(quantity) * 10**6)))

    for line in gzip.open(path, "rt"):
        stamp, text = line.split(" ", 1)
        m, stamp = json.loads(text), int(stamp)
        d = m.get("data", m)
        if "lastUpdateId" in m:
            snapshot = m["lastUpdateId"]
            put(stamp, snapshot, m, "bids", "asks")
            for held in early:
                if held["u"] > snapshot:
                    put(stamp, held["u"], held)
        elif d.get("e") == "depthUpdate" and snapshot is None:
            early.append(d)
        elif d.get("e") == "depthUpdate":
            put(stamp, d["u"], d)
        elif d.get("e") == "trade":
            trades.append((stamp, d["t"], -1 if d["m"] else 1, round(float(d["p"]) * 100),
                           round(float(d["q"]) * 10**6)))
    return rows, trades


def tile(rows):
    """The rows of a later tile: what the one before left goes first, in a message of its own."""
    book = {}
    for _, _, is_ask, price, quantity in rows:
        if quantity:
            book[is_ask, price] = quantity
        else:
            book.pop((is_ask, price), None)
    return [(rows[0][0], rows[0][1] - 1, is_ask, price, 0) for is_ask, price in sorted(book)] + rows


def make(recording, folder, tiles):
    import numpy as np
    from hftbacktest import (BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT, TRADE_EVENT)
    from hftbacktest.types import event_dtype
    rows, trades = read(recording)
    first = rows[0][1]
    later = tile(rows)
    parts = []
    both = EXCH_EVENT | LOCAL_EVENT
    with open(f"{folder}/book.csv", "w") as book, open(f"{folder}/trades.csv", "w") as ticks:
        book.write("time,update_id,kind,side,price,quantity\n")
        ticks.write("time,price,quantity,side\n")
        for k in range(tiles):
            here = rows if k == 0 else later
            shift = k * PERIOD
            book.writelines(
                f"{t + shift},{i + k * IDS},{'snapshot' if k == 0 and i == first else 'update'},"
                f"{'ask' if a else 'bid'},{p // 100}.{p % 100:02d},{q // 10**6}.{q % 10**6:06d}\n"
                for t, i, a, p, q in here)
            ticks.writelines(
                f"{t + shift},{p // 100}.{p % 100:02d},{q // 10**6}.{q % 10**6:06d},"
                f"{'buy' if s > 0 else 'sell'}\n" for t, _, s, p, q in trades)
            r, d = np.array(here, dtype=np.int64), np.array(trades, dtype=np.int64)
            events = np.zeros(len(r) + len(d), event_dtype)
            depth, traded = events[:len(r)], events[len(r):]
            depth["ev"] = DEPTH_EVENT | both | np.where(r[:, 2] == 1, SELL_EVENT, BUY_EVENT).astype("u8")
            traded["ev"] = TRADE_EVENT | both | np.where(d[:, 2] > 0, BUY_EVENT, SELL_EVENT).astype("u8")
            for part, columns in ((depth, r), (traded, d)):
                part["exch_ts"] = part["local_ts"] = columns[:, 0] + shift
                part["px"] = columns[:, 3] / 100
                part["qty"] = columns[:, 4] / 10**6
            parts.append(events[np.argsort(events["local_ts"], kind="stable")])
    # Its clock starts at the first event: one that says nothing stands at the start of a bar.
    zero = np.zeros(1, event_dtype)
    zero["ev"], zero["px"] = DEPTH_EVENT | both | BUY_EVENT, 1.0
    zero["exch_ts"] = zero["local_ts"] = START
    np.save(f"{folder}/events.npy", np.concatenate([zero, *parts]))
    print(sum(map(len, parts)))


def run(folder, depth, path, offset):
    import_start = time.perf_counter()
    import numpy as np
    from hftbacktest import (GTC, LIMIT, MARKET, BacktestAsset, HashMapMarketDepthBacktest,
                             ROIVectorMarketDepthBacktest)
    from numba import njit
    imported = time.perf_counter() - import_start

    @njit
    def strategy(hbt, rec, out, offset):
        fast, slow, bars, order, count = 0.0, 0.0, 0, 1, 0
        cash, before = 10000.0, 0.0
        waiting, filled, limit = 0, 0, 0.0
        while hbt.elapse(1_000_000_000) == 0:
            trades = hbt.last_trades(0)
            if len(trades) == 0:
                continue
            close = trades[len(trades) - 1].px
            hbt.clear_last_trades(0)
            if bars == 0:
                fast, slow = close, close
            else:
                fast += 2.0 / 13 * (close - fast)
                slow += 2.0 / 27 * (close - slow)
            bars += 1
            if bars < 26:
                continue
            if waiting > 0:
                mine = hbt.orders(0).get(waiting)
                if mine is not None:
                    filled = mine.exch_timestamp
            hbt.clear_inactive_orders(0)
            position = hbt.position(0)
            if waiting > 0 and position > 1e-7:
                rec[count, 0] = filled
                rec[count, 1] = position
                rec[count, 2] = limit * position
                count += 1
                waiting = 0
            if waiting > 0:
                continue
            if position < 1e-7 and fast > slow:
                values = hbt.state_values(0)
                cash = 10000.0 + values.balance - values.fee
                before = values.balance
                quantity = np.floor(0.002 * cash / close * 1e6) / 1e6
                if offset > 0:
                    limit = np.round(close - offset / 100, 2)
                    quantity = np.floor(0.002 * cash / limit * 1e6) / 1e6
                    hbt.submit_buy_order(0, order, limit, quantity, GTC, LIMIT, True)
                    waiting = order
                    order += 1
                    continue
                hbt.submit_buy_order(0, order, close, quantity, GTC, MARKET, True)
                order += 1
                if count < len(rec):
                    rec[count, 0] = hbt.current_timestamp
                    rec[count, 1] = hbt.position(0)
                    rec[count, 2] = before - hbt.state_values(0).balance
                count += 1
            elif position > 1e-7 and fast < slow:
                before = hbt.state_values(0).balance
                hbt.submit_sell_order(0, order, close, position, GTC, MARKET, True)
                order += 1
                if count < len(rec):
                    rec[count, 0] = hbt.current_timestamp
                    rec[count, 1] = -position
                    rec[count, 2] = hbt.state_values(0).balance - before
                count += 1
        values = hbt.state_values(0)
        out[0], out[1], out[2] = bars, count, 10000.0 + values.balance - values.fee

    load_start = time.perf_counter()
    events = np.load(f"{folder}/events.npy")
    loaded = time.perf_counter() - load_start

    def once(data):
        asset = (BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(0, 0)
                 .risk_adverse_queue_model().partial_fill_exchange().trading_value_fee_model(0.001, 0.001)
                 .tick_size(0.01).lot_size(1e-6).last_trades_capacity(20000))
        if depth == "roi":
            hbt = ROIVectorMarketDepthBacktest([asset.roi_lb(50000.0).roi_ub(75000.0)])
        else:
            hbt = HashMapMarketDepthBacktest([asset])
        rec, out = np.zeros((100000, 3)), np.zeros(3)
        start = time.perf_counter()
        strategy(hbt, rec, out, offset)
        taken = time.perf_counter() - start
        hbt.close()
        return taken, rec, out

    compiled, _, _ = once(events[:20000])
    engine, rec, out = once(events)
    if path:
        with open(path, "w") as file:
            file.write("time,quantity,price\n")
            for stamp, quantity, worth in rec[:int(out[1])]:
                file.write(f"{int(stamp)},{quantity:.6f},{worth / abs(quantity):.9f}\n")
    print("RESULT " + json.dumps({"engine_s": engine, "load_s": loaded, "jit_s": compiled, "import_s": imported,
                                  "events": len(events) - 1, "bars": int(out[0]), "orders": int(out[1]),
                                  "trades": int(out[1]) // 2, "cash": out[2]}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        run(sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None,
            int(sys.argv[5]) if len(sys.argv) > 5 else 0)
