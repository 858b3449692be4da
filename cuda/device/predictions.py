#!/usr/bin/env python3
"""What the audit's model of machine code says of speed, for the page of a GPU's results.

  cuda/device/predictions.py DEVICE_CODE.json PREDICTIONS.json

reads what the target pamkit_device_code wrote, BUILD/cuda/audit/device_code.json, and writes for each architecture and
kernel the predicted terms per clock over those of the fused multiply-add kernel of that architecture.

Exit codes: 0 written, 2 usage or input that is no such file.
"""

import json
import pathlib
import sys

import check


def predictions(document):
    """{architecture: {kernel: ratio}}; raises ValueError where an architecture has no baseline."""
    found = {}
    for entry in document["code"]:
        if "predicted_terms_per_clock" in entry:
            found.setdefault(entry["architecture"], []).append(entry)
    ratios = {}
    for architecture, entries in sorted(found.items()):
        baseline = [e["predicted_terms_per_clock"] for e in entries if e.get("is_baseline")]
        if len(baseline) != 1:
            raise ValueError(f"{len(baseline)} baselines of {architecture}, not one")
        ratios[architecture] = {e["unit"]: round(e["predicted_terms_per_clock"] / baseline[0], 3)
                                for e in sorted(entries, key=lambda e: e["unit"])}
    if not ratios:
        raise ValueError("it has no machine code with predictions")
    return ratios


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    source, target = map(pathlib.Path, sys.argv[1:])
    try:
        written = {"schema": "pamkit.predictions/1", "commit": check.commit(), "over_baseline": predictions(json.loads(source.read_text()))}
        part = target.with_name(target.name + ".part")
        part.write_text(json.dumps(written, indent=2) + "\n")
        part.replace(target)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"predictions.py: {source}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
