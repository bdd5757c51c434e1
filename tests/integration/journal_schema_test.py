#!/usr/bin/env python3
"""Every entry the program writes is what its JSON Schema says, by a validator that is not ours; and
the schemas refuse what is none."""

import copy
import json
import pathlib

import jsonschema

import harness
from harness import call, has

# ARCHITECTURE §8 and docs/journal.md.
KINDS = {"RUN_STARTED", "RUN_FINISHED", "OPPORTUNITY_DETECTED", "OPPORTUNITY_APPROVED",
         "OPPORTUNITY_REJECTED", "THREAT_DETECTED", "THREAT_UPDATED", "THREAT_CLEARED",
         "PLAN_CREATED", "ORDER_SUBMITTED", "ORDER_ACCEPTED", "ORDER_TRIGGERED", "ORDER_FILLED",
         "ORDER_REJECTED", "ORDER_CANCELED", "ORDER_EXPIRED", "ORDER_DENIED", "ORDER_AMENDED",
         "TRADE_OPENED",
         "POSITION_ADJUSTED", "TRADE_CLOSED", "WORKER_NOTE", "PARAMETERS_CHANGED", "RECONCILED",
         "SCHEDULED_TICK", "FUNDING_PAID", "INTEREST_PAID"}
CHECKS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=CHECKS)


def breaches(entry, schema):
    """The entry, spoilt in every way its schema forbids."""
    for path in [[]] + [["details"]]:
        part = schema if not path else schema["properties"]["details"]
        for name in part.get("required", []):
            bad = copy.deepcopy(entry)
            (bad["details"] if path else bad).pop(name)
            yield f"without {name}", bad
    for name, value in (("seq", "1"), ("crc", "xyz"), ("type", "NONE"), ("v", 2)):
        yield f"{name} = {value}", {**entry, name: value}
    yield "a foreign member", {**entry, "more": 1}
    for name in schema["properties"]:
        if name.endswith("_id") and name in entry:
            yield f"{name} is no UUID", {**entry, name: "12"}


def main():
    with harness.folder() as name:
        work = pathlib.Path(name)
        schemas = json.loads(call(work, "journal", "schema").out)
        assert set(schemas) == KINDS, set(schemas) ^ KINDS
        validators = {kind: validator(schema) for kind, schema in schemas.items()}
        for kind, schema in schemas.items():
            assert json.loads(call(work, "journal", "schema", kind).out) == schema
        has(call(work, "journal", "schema", "TRADE_CLOSE", expected=2).err,
            "did you mean TRADE_CLOSED?")
        if not harness.demo(work):
            return
        call(work, "backtest", "demo", "--results", work / "r")
        seen = set()
        for entry in harness.entries(work / "r"):
            validators[entry["type"]].validate(entry)
            if entry["type"] not in seen:
                seen.add(entry["type"])
                for what, bad in breaches(entry, schemas[entry["type"]]):
                    assert not validators[entry["type"]].is_valid(bad), (entry["type"], what)
        assert len(seen) >= 16, seen
        print(f"{len(seen)} of {len(KINDS)} kinds in the demo")


if __name__ == "__main__":
    main()
