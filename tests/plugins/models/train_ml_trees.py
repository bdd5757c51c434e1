#!/usr/bin/env python3
"""Writes config/models/ml_trees.txt, the model of config/runs/ml_trees.yaml: will hourly EUR/USD close
higher twelve bars on? Trained on the first half of the sample only; the last twelve of those bars,
whose answers lie in the second half, are left out. The features are the platform's own columns.

    S1_BUILD_DIR=build/release tests/plugins/models/train_ml_trees.py ../shared/data/golden/backtesting_py/EURUSD.csv

Needs lightgbm==4.6.0 and numpy==2.4.6.
"""
import csv
import os
import pathlib
import subprocess
import sys

import lightgbm
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROBE = pathlib.Path(os.environ["S1_BUILD_DIR"]) / "tests/plugins_indicator_columns_test"
AHEAD, TRAINED = 12, 2500
COLUMNS = [("rsi_calculator", "{period: 14}", "rsi_14"),
           ("bollinger_calculator", '{period: 20, deviations: "2"}', "bb_percent_b_20_2"),
           ("adx_regime_classifier", "{period: 14}", "adx_14"),
           ("adx_regime_classifier", "{period: 14}", "plus_di_14"),
           ("adx_regime_classifier", "{period: 14}", "minus_di_14")]


def column(path, plugin, params, name):
    out = subprocess.run([PROBE, path, plugin, params, name], check=True, capture_output=True,
                         text=True).stdout
    return [float(line) for line in out.splitlines()]


def main():
    path = sys.argv[1]
    with open(path, newline="") as file:
        close = numpy.array([float(row["Close"]) for row in csv.DictReader(file)])
    features = numpy.array([column(path, *which) for which in COLUMNS]).T
    rows = slice(60, TRAINED - AHEAD)
    target = (close[AHEAD:] > close[:-AHEAD]).astype(float)
    model = lightgbm.train({"objective": "binary", "num_leaves": 5, "learning_rate": 0.1,
                            "min_data_in_leaf": 80, "seed": 7, "verbose": -1, "num_threads": 1,
                            "deterministic": True, "force_row_wise": True},
                           lightgbm.Dataset(features[rows], target[rows],
                                            feature_name=[name for _, _, name in COLUMNS]), 20)
    model.save_model(ROOT / "config/models/ml_trees.txt")
    scores = model.predict(features)
    for name, part in (("trained", rows), ("after", slice(TRAINED, len(target)))):
        hits = (scores[part] > 0.5) == (target[part] > 0.5)
        print(f"{name}: {hits.mean():.3f} right, scores {scores[part].min():.3f} to "
              f"{scores[part].max():.3f}")


if __name__ == "__main__":
    main()
