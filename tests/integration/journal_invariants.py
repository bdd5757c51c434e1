"""What must be true of any results folder, checked from its files alone."""

import csv
import decimal
import json
import pathlib

D = decimal.Decimal
decimal.getcontext().prec = 60


def entries(results):
    for line in (results / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if "type" in entry:
            yield entry


class Checker:
    """Reads a journal once, in order, and remembers what later entries must refer to."""

    def __init__(self):
        self.seq = 0
        self.time = ""
        self.opportunities = {}  # id -> verdicts, in order
        self.trades = {}         # id -> opportunity
        self.threats = set()
        self.orders = {}         # id -> trade
        self.fills = []
        self.kinds = {}

    def see(self, entry):
        kind, details = entry["type"], entry["details"]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        assert entry["time"] >= self.time, f"time runs back at seq {entry['seq']}"
        assert entry["seq"] > self.seq, f"seq does not rise at {entry['seq']}"
        self.seq, self.time = entry["seq"], entry["time"]
        opportunity, trade = entry.get("opportunity_id"), entry.get("trade_id")
        if kind == "OPPORTUNITY_DETECTED":
            assert opportunity not in self.opportunities, f"{opportunity} detected twice"
            self.opportunities[opportunity] = []
        elif kind == "THREAT_DETECTED":
            assert entry["threat_id"] not in self.threats, "a threat detected twice"
            self.threats.add(entry["threat_id"])
        elif kind == "PLAN_CREATED":
            self.trades[trade] = opportunity
        elif kind in ("OPPORTUNITY_APPROVED", "OPPORTUNITY_REJECTED"):
            self.opportunities[opportunity].append((kind, details.get("stage")))
        elif kind == "ORDER_SUBMITTED":
            assert trade in self.trades, f"order of an unknown trade at seq {entry['seq']}"
            self.orders[entry["order_id"]] = trade
        elif kind == "ORDER_FILLED":
            self.fills.append(entry)
        self.resolve(entry)

    def resolve(self, entry):
        where = f"seq {entry['seq']} ({entry['type']})"
        known = {"opportunity_id": self.opportunities, "threat_id": self.threats,
                 "order_id": self.orders}
        for key, ids in known.items():
            if entry["type"] != "WORKER_NOTE" and entry.get(key) is not None:
                assert entry[key] in ids, f"{where}: {key} {entry[key]} is an orphan"
        closing = entry["details"].get("closing_opportunity_id")
        assert closing is None or closing in self.opportunities, f"{where}: orphan signal"

    def finish(self):
        for opportunity, verdicts in self.opportunities.items():
            kinds = [kind for kind, _ in verdicts]
            venue = len(verdicts) == 2 and verdicts[1] == ("OPPORTUNITY_REJECTED", "venue")
            assert len(kinds) == 1 or (venue and kinds[0] == "OPPORTUNITY_APPROVED"), \
                f"{opportunity}: verdicts {verdicts}"


def fold(capital, fills):
    """Cash and signed position from the fills alone."""
    cash, position = capital, D(0)
    for fill in fills:
        details = fill["details"]
        sign = 1 if details["side"] == "buy" else -1
        quantity, price = D(details["quantity"]), D(details["price"])
        cash -= sign * quantity * price + D(details["fee"])
        position += sign * quantity
    return cash, position


def check(results):
    """Asserts every invariant; returns how many entries of each kind there are."""
    results = pathlib.Path(results)
    checker = Checker()
    started = finished = None
    for entry in entries(results):
        checker.see(entry)
        started = entry["details"] if entry["type"] == "RUN_STARTED" else started
        finished = entry["details"] if entry["type"] == "RUN_FINISHED" else finished
    checker.finish()
    cash, position = fold(D(started["initial_capital"]), checker.fills)
    assert cash == D(finished["final_cash"]), f"fold of the fills {cash}, ledger {finished}"
    if finished["open_positions"] == 0:
        assert position == 0
        assert D(finished["final_equity"]) == cash
    with open(results / "result_trades.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == finished["trades"] == checker.kinds.get("TRADE_CLOSED", 0)
    for row in rows:
        assert checker.trades[row["trade_id"]] == row["opportunity_id"]
    net = D(finished["realized_pnl"]) - D(finished["fees"])
    if finished["open_positions"] == 0:
        assert net == sum((D(row["pnl"]) for row in rows), D(0)), "trades do not sum to the ledger"
    return checker.kinds
