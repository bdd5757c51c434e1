#!/usr/bin/env python3
"""A trained model through the program: it decides, the run knows its file, faults say what is wrong.
Without LightGBM's library (tools/setup.sh model) a line says so."""

import json

import harness
from harness import call, entries, has, same

SPLIT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=regression
feature_names=close
feature_infos=[0:10]
tree_sizes=300

Tree=0
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold={threshold}
decision_type=2
left_child=-1
right_child=-2
leaf_value=0.2 0.8
leaf_weight=1 1
leaf_count=1 1
internal_value=0
internal_weight=0
internal_count=2
is_linear=0
shrinkage=1


end of trees

parameters:
end of parameters
"""
WORKER = "    - { plugin: ml_prediction, params: { features: [close] }, models: { model: split } }\n"


def write(work, threshold):
    (work / "split.txt").write_text(SPLIT.format(threshold=threshold))


def crossings(path, threshold):
    """Closes of the bars that change sides, from the third bar on, and to which side."""
    with open(path, newline="") as file:
        rows = list(harness.csv.DictReader(file))
    sides = [float(row["Close"]) <= threshold for row in rows]
    return ["short" if sides[i] else "long" for i in range(2, len(sides))
            if sides[i] != sides[i - 1]]


def main():
    with harness.folder() as name:
        work = harness.pathlib.Path(name)
        if not harness.demo(work):
            return
        blueprint = work / "config/runs/demo.yaml"
        harness.replace(blueprint, ("  opportunity_workers:\n", "  opportunity_workers:\n" + WORKER))
        blueprint.write_text(blueprint.read_text() + "models:\n  split: { path: split.txt }\n")
        write(work, 1.18)
        looked = call(work, "validate", "demo", expected=None)
        if "LightGBM library" in str(looked):
            print("skipped:", str(looked).splitlines()[-1])
            return
        assert looked.code == 0, looked
        call(work, "backtest", "demo", "--results", "r")
        found = [e["details"]["direction"] for e in entries(work / "r", "OPPORTUNITY_DETECTED")
                 if e.get("worker") == "ml_prediction"]
        expected = crossings(harness.sample(), 1.18)
        assert len(found) > 10 and found == expected[-len(found):], (found, expected)
        call(work, "backtest", "demo", "--results", "again")
        same(work / "r", work / "again")
        facts = json.loads((work / "r/run.json").read_text())
        assert [m["id"] for m in facts["models"]] == ["split"] and len(facts["models"][0]["sha256"]) == 64
        write(work, 1.19)
        call(work, "backtest", "demo", "--results", "other")
        other = json.loads((work / "other/run.json").read_text())
        assert facts["data_hash"] != other["data_hash"]
        has(call(work, "explain", "r", "--funnel", expected=4).err, "model split is another file now")
        write(work, 1.18)
        has(call(work, "explain", "r", "--funnel").out, "score_above", "score_below")
        call(work, "replay", "r", "--execute")
        text = blueprint.read_text()
        for old, new, words in (
                ("model: split }", "model: spli }", ["a model of the blueprint's models", "'split'"]),
                ("models: { model: split } }", "}", ["model: an id of the blueprint's models"]),
                ("{ model: split }", "{ trees: split }", ["an unknown model of ml_prediction"]),
                ("path: split.txt", "path: none.txt", ["a model that can be used", "none.txt"]),
                ("path: split.txt", "path: config/platform.yaml", ["found no LightGBM model"])):
            blueprint.write_text(text)
            harness.replace(blueprint, (old, new))
            refused = call(work, "validate", "demo", expected=None)
            assert refused.code != 0, (old, refused)
            has(refused, *words)
        blueprint.write_text(text.replace("[close]", "[close, open]"))
        has(call(work, "backtest", "demo", "--results", "no", expected=None),
            "2 features, the model was trained on 1")


if __name__ == "__main__":
    main()
