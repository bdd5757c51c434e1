#!/usr/bin/env python3
"""Writes trees.txt, a small LightGBM model, and golden.csv: rows (some with missing values) and what
Python's Booster.predict says of them, 17 digits. Needs lightgbm==4.6.0 and numpy==2.4.6:

    tests/plugins/models/make_golden.py
"""
import pathlib

import lightgbm
import numpy

HERE = pathlib.Path(__file__).parent
chance = numpy.random.default_rng(20171121)
rows = chance.normal(size=(2000, 4))
rows[chance.random(rows.shape) < 0.05] = numpy.nan
target = (numpy.nan_to_num(rows[:, 0] * rows[:, 1]) + numpy.nan_to_num(rows[:, 2]) >
          chance.normal(size=2000) * 0.5).astype(float)
model = lightgbm.train({"objective": "binary", "num_leaves": 7, "learning_rate": 0.2, "seed": 7,
                        "verbose": -1, "deterministic": True, "force_row_wise": True,
                        "num_threads": 1}, lightgbm.Dataset(rows, target), 20)
model.save_model(HERE / "trees.txt")
asked = chance.normal(size=(300, 4)) * 1.5
asked[chance.random(asked.shape) < 0.1] = numpy.nan
asked[0] = numpy.nan
asked[1] = 0.0
with open(HERE / "golden.csv", "w") as file:
    for row, score in zip(asked, model.predict(asked, num_threads=1)):
        print(*(f"{value:.17g}" for value in [*row, score]), sep=",", file=file)
