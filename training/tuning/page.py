#!/usr/bin/env python3
"""Runs of one arm with different settings, as a page of Markdown: what was tried, and what it brought.

  training/tuning/page.py TRIALS RESULTS PAGE.md

TRIALS/RECIPE/NAME is a run folder for each trial, as `pamkit compare --keep` leaves them; RESULTS/RECIPE/ARM-SEED are the committed
runs of the recipe's own settings, which stand in training/recipes.

Exit codes: 0 written, 2 usage or unreadable input.
"""

import json
import pathlib
import sys

RECIPES = pathlib.Path(__file__).parents[1] / "recipes"


def flattened(settings, prefix=""):
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat = {}
    for key, value in settings.items():
        flat.update(flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return flat


class Trial:
    def __init__(self, folder):
        config = json.loads((folder / "config.json").read_text())
        self.run = config["run"]
        self.commit = config["environment"]["commit"]
        self.summary = json.loads((folder / "summary.json").read_text())
        self.settings = flattened(self.run["settings"])


def table(trials, recipe):
    """One row for each trial, with all settings in which any two differ that say them."""
    varied = sorted({key for t in trials for key in t.settings if any(o.settings.get(key, t.settings[key]) != t.settings[key] for o in trials)})
    seeds = len({t.run["seed"] for t in trials}) > 1
    own = flattened(json.loads((RECIPES / f"{recipe}.json").read_text()))
    metric = trials[0].summary["metric"]
    better = 1 if metric == "perplexity" else -1  # the best first
    rows = ["| " + " | ".join([*(f"`{key}`" for key in varied), *["seed"] * seeds, metric, "validation loss", ""]) + " |"]
    rows.append("|" + "--:|" * (len(varied) + seeds) + "--:|--:|---|")
    for t in sorted(trials, key=lambda trial: (trial.settings["training.epochs"], better * trial.summary["value"])):
        is_own = all(t.settings[key] == own[key] for key in varied if key in own)
        cells = [format(t.settings.get(key, "–"), "" if isinstance(t.settings.get(key, "–"), str) else "g") for key in varied]
        cells += [str(t.run["seed"])] * seeds
        rows.append("| " + " | ".join([*cells, f"{t.summary['value']:.1f}", f"{t.summary['valid_loss']:.4f}", "the recipe's" if is_own else ""]) + " |")
    return "\n".join(rows)


def page(source, results):
    recipes = {folder.name: [Trial(trial) for trial in sorted(folder.iterdir())] for folder in sorted(source.iterdir())}
    arm = next(iter(recipes.values()))[0].run["arithmetic"]
    text = [
        f"# Settings of {arm} that were tried",
        f"Written by `training/tuning/page.py` from `{source.as_posix()}`, and the committed runs of `{results.as_posix()}`. Each line "
        "is one run, so that differences of a point or two say nothing; fewer epochs have a schedule of their own. Settings are judged by what the "
        "tables of results report too, so that adder's best is, if anything, flattered.",
    ]
    for recipe, trials in recipes.items():
        trials += [Trial(run) for run in sorted((results / recipe).glob(f"{arm}-*"))]
        commits = " and ".join(sorted({t.commit[:10] for t in trials}))
        seeds = sorted({str(t.run["seed"]) for t in trials})
        text += [f"## {recipe}", f"{'Seed' if len(seeds) == 1 else 'Seeds'} {', '.join(seeds)}; commit {commits}.", table(trials, recipe)]
    return "\n\n".join(text) + "\n"


def main():
    if len(sys.argv) != 4:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    source, results, target = map(pathlib.Path, sys.argv[1:])
    try:
        text = page(source, results)
        part = target.with_name(target.name + ".part")
        part.write_text(text)
        part.replace(target)
    except (OSError, ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        print(f"page.py: {source}: {error!r}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
