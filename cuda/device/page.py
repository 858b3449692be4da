#!/usr/bin/env python3
"""The file of check.py as a page of Markdown.

  cuda/device/page.py GPU.json PAGE.md [PREDICTIONS.json]

Beside measured speed stands what the model predicts, by default of results/predictions.json (predictions.py).

Exit codes: 0 written, 2 usage or unreadable input.
"""

import json
import pathlib
import sys

PREDICTIONS = pathlib.Path(__file__).resolve().parent / "results" / "predictions.json"

TITLES = {
    "build": "Build",
    "suite": "The suite on the backend `cuda`",
    "probes": "Scalar operations on every core against the GPU",
    "determinism": "The same launches again and again",
    "sanitizer": "compute-sanitizer",
    "bench": "Speed",
    "operators": "Tensor operators against the CPU's",
    "training": "A short training",
}


def table(head, rows, right=()):
    """Columns whose number is in `right` are set flush right."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("--:" if i in right else "---" for i in range(len(head))) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def suite(entry):
    counts = entry.get("counts", {})
    return table(["outcome", "rows"], counts.items(), {1}) if counts else ""


def probes(entry):
    rows = [(r["arithmetic"], r["operation"], f"{r['pairs']:.3g}", r["status"]) for r in entry.get("probes", [])]
    return table(["arithmetic", "operation", "pairs", "bits"], rows, {2})


def determinism(entry):
    d = entry.get("determinism")
    if d is None:
        return ""
    text = f"{d['runs']} runs of launches that give {d['words']} words each; {d['differing_runs']} differed from the first."
    if "most_blocks_by_kernel" in d:
        blocks = d["most_blocks_by_kernel"]
        alone = [f"`{k}`" for k, n in blocks.items() if n < 2]
        text += f" {len(blocks)} kernels on {d['streams']} streams, {len(d['kernels_not_launched'])} of the list not launched"
        text += f"; in single blocks only: {', '.join(alone)}." if alone else ", each in two blocks or more."
    return text


def sanitizer(entry):
    rows = []
    for command in entry["commands"]:
        words = command["command"]
        rows.append((words.split()[2] if isinstance(words, str) else words[2], "nothing found" if command.get("exit_code") == 0 else command.get("error", f"exit code {command.get('exit_code')}")))
    return table(["tool", ""], rows)


def bench(entry, predictions):
    if "bench" not in entry:
        return ""
    ratios = predictions["over_baseline"].get(entry["device"]["architecture"], {})

    def predicted(row):
        """The model's ratio to the baseline, and measured over predicted; nothing where there is no prediction."""
        measured, ratio = row.get("speed_over_baseline_contraction_fused"), ratios.get(row["kernel"])
        return ("", "") if None in (measured, ratio) else (f"{ratio:.2f}", f"{measured / ratio:.2f}")

    rows = [
        (r["size"], f"`{r['kernel']}`", f"{r['milliseconds']:.3g}", f"{r.get('terms_per_second', 0) / 1e12:.2f}",
         f"{r.get('speed_over_baseline_contraction_fused', float('nan')):.2f}", *predicted(r),
         f"{r.get('speed_over_cublasSgemm', float('nan')):.2f}")
        for r in entry["bench"]["rows"]
    ]
    head = ["size", "kernel", "ms", "10^12 terms/s", "of fused multiply-add, same tile", "predicted", "measured over predicted",
            "of cuBLAS sgemm"]
    text = f"Medians of {entry['bench']['repetitions']} launches, operands on the device.\n\n"
    if ratios:
        text += ("Predicted is the ratio by issue slots and lanes alone ([the model](device-code.md#what-multiplies)), of the machine "
                 f"code of commit {predictions['commit'][:10]} for {entry['device']['architecture']}: what differs from it is what the "
                 "model leaves out, which are latencies, memory, launches, multiprocessors without a tile, and the baseline's own "
                 "distance from its limit.\n\n")
    return text + table(head, rows, {0, 2, 3, 4, 5, 6, 7})


def operators(entry):
    counts = entry.get("counts", {})
    text = (f"{counts.get('rows', 0)} settings of operator, arithmetic, derivative, element type, layout and kind of data: "
            f"{counts.get('fail', 0)} differ in a bit of a result or gradient; {counts.get('refused', 0)} are refused by both.")
    timed = entry.get("milliseconds", [])
    if timed:
        head = list(timed[0])
        text += "\n\nMilliseconds of a product of square matrices:\n\n"
        text += table(head, [[row["size"], *(f"{row[k]:.3g}" for k in head[1:])] for row in timed], set(range(len(head))))
    return text


def training(entry):
    rows = []
    for r in entry.get("training", []):
        cpu, gpu = r["cpu"], r["cuda"]
        rows.append((r["arm"], f"{cpu['first_loss']:.6f}", f"{gpu['first_loss']:.6f}", f"{cpu['valid_loss']:.3f}", f"{gpu['valid_loss']:.3f}",
                     f"{cpu['seconds_a_step'] / gpu['seconds_a_step']:.2f}", gpu["verification"], r["status"]))
    head = ["arm", "first loss, CPU", "GPU", "validation loss, CPU", "GPU", "steps a second, GPU of CPU", "kernels verified", ""]
    return table(head, rows, {1, 2, 3, 4, 5}) if rows else ""


RENDER = {"suite": suite, "probes": probes, "determinism": determinism, "sanitizer": sanitizer, "bench": bench, "operators": operators,
          "training": training}


def commit_of(step):
    """Of the sources that the step's programs were built from, or else of those that were there; empty where neither is
    known."""
    return (step.get("environment", {}).get("commit") or step.get("commit", ""))[:10]


def page(document, name, predictions):
    text = [
        "# On a GPU",
        f"Written by `cuda/device/page.py` from `{name}`, which `cuda/device/check.py` wrote on an {document['device']}.",
        table(["step", "status", "seconds", "commit"],
              [(s["step"], s["status"] + (f": {s['reason']}" if s.get("reason") else ""), s["seconds"], commit_of(s)) for s in document["steps"]], {2}),
    ]
    for step in document["steps"]:
        render = RENDER.get(step["step"])
        more = [predictions] if render is bench else []
        body = render(step, *more) if render and step["status"] != "not-run" else ""
        if body:
            text += [f"## {TITLES.get(step['step'], step['step'])}", body]
    return "\n\n".join(text) + "\n"


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    source, target, predicted = [*map(pathlib.Path, sys.argv[1:]), PREDICTIONS][:3]
    try:
        document = json.loads(source.read_text())
        if document.get("schema") != "pamkit.gpu/1":
            raise ValueError("schema is not pamkit.gpu/1")
        predictions = json.loads(predicted.read_text())
        if predictions.get("schema") != "pamkit.predictions/1":
            raise ValueError(f"the schema of {predicted} is not pamkit.predictions/1")
        text = page(document, source.as_posix(), predictions)
        part = target.with_name(target.name + ".part")
        part.write_text(text)
        part.replace(target)
    except (OSError, ValueError, KeyError) as error:
        print(f"page.py: {source}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
