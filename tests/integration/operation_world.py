"""A configuration of several strategy links on two real instruments, for the operation's tests."""

import harness

KRAKEN = harness.SHARED / "data/crypto/kraken"
FROM, TO = "2021-01-01", "2021-07-01"

INSTRUMENT = """{pair}:
  price_scale: 2
  qty_scale: 10
  tick_size: "0.01"
  lot_size: "0.00000001"
  min_quantity: "0.0001"
  margin: {{ enabled: true, leverage: "5" }}
"""
BLUEPRINT = """schema_version: 1
display_name: {name}
version: 1.0.0
data:
  - {{ asset_pair: {pair}, timeframe: {timeframe} }}
workforce:
  context_workers:
    - {{ plugin: ema_detector, params: {{ periods: [{fast}, {slow}] }} }}
    - {{ plugin: atr_calculator, params: {{ period: 14 }} }}
  opportunity_workers:
    - {{ plugin: ema_crossover, params: {{ fast: {fast}, slow: {slow}, direction: both }} }}
{threats}  planning_workers:
    entry_planning: [ {{ plugin: market_entry_planner, params: {{ max_open_positions: 2 }} }} ]
    exit_planning:
      - {{ plugin: atr_based_stops, params: {{ atr_period: 14, multiple: 3.0 }} }}
      - {{ plugin: fixed_rr_exit, params: {{ reward_risk: "3" }} }}
    size_planning: [ {{ plugin: fixed_risk_sizer, params: {{ risk_per_trade_percent: "{risk}" }} }} ]
    order_routing: [ {{ plugin: default_router }} ]
  execution_workers:
    trade_initiation: [ {{ plugin: default_plan_executor, triggers: [on_plan_approved] }} ]
    position_management: [ {{ plugin: opposite_signal_exit, triggers: [on_signal_generated] }} ]
"""
ENVIRONMENT = """{id}:
  type: backtest
  data_source_id: {source}
  simulation:
    initial_capital: "{capital}"
    fees: {{ maker: "0.0016", taker: "0.0026" }}
    slippage: "0"
    fill_rule: {fill}
    from: {start}
    to: {end}
"""

# name: pair, timeframe, archive, file
SOURCES = {
    "xbt_1h": ("XBT/USD", "1h", "XBTUSD_60.csv"),
    "eth_1h": ("ETH/USD", "1h", "ETHUSD_60.csv"),
    "xbt_1d": ("XBT/USD", "1d", "XBTUSD_1440.csv"),
}


def link(name, source, capital="10000", fast=12, slow=26, risk="2", fill="next_open", start=FROM,
         end=TO, active=True, threats=""):
    return {"threats": threats, "name": name, "source": source, "capital": capital, "fast": fast, "slow": slow,
            "risk": risk, "fill": fill, "start": start, "end": end, "active": active}


TWO = [link("btc", "xbt_1h"), link("eth", "eth_1h", capital="20000")]


def data(work, sources=("xbt_1h", "eth_1h")):
    """Imports the archives. False: skipped, and said so."""
    if not (KRAKEN / "XBTUSD_60.csv").is_file():
        print("skipped: shared/ holds no Kraken bars")
        return False
    for name in sources:
        pair, timeframe, file = SOURCES[name]
        harness.import_bars(work, trimmed(work, KRAKEN / file), pair=pair, timeframe=timeframe,
                            profile="kraken", archive=f"archives/{name}")
    return True


def trimmed(work, path):
    """The rows around FROM..TO: the rest of ten years has nothing to say here."""
    out = work / path.name
    with open(path) as source, open(out, "w") as target:
        for line in source:
            first = line.split(",", 1)[0]
            if not first.isdigit() or 1600000000 <= int(first) < 1630000000:
                target.write(line)
    return out


def tree(work, links, operation="", name="config"):
    """Writes a configuration of these links; `operation` is added to operation.yaml."""
    config = work / name
    harness.shutil.copytree(harness.SOURCE / "config", config)
    (config / "runs/demo.yaml").unlink()
    pairs = sorted({SOURCES[x["source"]][0] for x in links})
    (config / "instruments.yaml").write_text(
        "schema_version: 1\n" + "".join(INSTRUMENT.format(pair=pair) for pair in pairs))
    (config / "data_sources.yaml").write_text("schema_version: 1\n" + "".join(
        f"{x}:\n  {{ type: parquet_archive, path: archives/{x}, asset_pair: {SOURCES[x][0]}, "
        f"timeframe: {SOURCES[x][1]} }}\n" for x in sorted({y["source"] for y in links})))
    (config / "environments.yaml").write_text("schema_version: 1\n" + "".join(
        ENVIRONMENT.format(id=f"e_{x['name']}", **x) for x in links))
    lines = ["schema_version: 1", "display_name: Desk", "strategy_links:"]
    for x in links:
        pair, timeframe, _ = SOURCES[x["source"]]
        (config / f"runs/{x['name']}.yaml").write_text(
            BLUEPRINT.format(pair=pair, timeframe=timeframe, **x))
        lines.append(f"  - {{ id: {x['name']}, strategy_blueprint_id: {x['name']}, "
                     f"execution_environment_id: e_{x['name']}, "
                     f"is_active: {str(x['active']).lower()} }}")
    (config / "operation.yaml").write_text("\n".join(lines) + "\n" + operation)
    return config
