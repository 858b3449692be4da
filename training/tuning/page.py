#!/usr/bin/env python3
"""Runs of one arm with different settings, as a page of Markdown: what was tried, and what it brought.

  training/tuning/page.py RUNS [RUN...] PAGE.md

RUNS holds one run folder for each trial, as `pamkit compare --keep` leaves them; the one called "base" has the settings of the
recipe, but for those that all trials share. RUN is one more run folder.

Exit codes: 0 written, 2 usage or unreadable input.
"""

import json
import pathlib
import sys


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

    def changes(self, base):
        different = sorted(key for key, value in self.settings.items() if base.settings.get(key) != value)
        return ", ".join(f"`{key}={self.settings[key]}`" for key in different) or "the recipe's"


def page(source, more):
    base = Trial(source / "base")
    others = [folder for folder in sorted(source.iterdir()) if (folder / "config.json").exists() and folder.name != "base"]
    metric = base.summary["metric"]
    rows = sorted([base, *map(Trial, [*others, *more])], key=lambda trial: -trial.summary["value"])
    text = [
        f"# Settings of {base.run['arithmetic']} that were tried",
        f"Written by `training/tuning/page.py` from {' and '.join(f'`{folder.as_posix()}`' for folder in [source, *more])}: runs of `{base.run['recipe']}`, {base.run['arithmetic']}, seed "
        f"{base.run['seed']}, {base.settings['training.epochs']} epochs where the settings do not "
        f"say otherwise, commit {' and '.join(sorted({trial.commit[:10] for trial in rows}))}. Each is one run, so that differences of a point or two say nothing.",
        "\n".join(
            [f"| settings | {metric} | minus the recipe's | validation loss |", "|---|--:|--:|--:|"]
            + [
                f"| {t.changes(base)} | {t.summary['value']:.1f} | "
                f"{'–' if t is base else format(t.summary['value'] - base.summary['value'], '+.1f')} | {t.summary['valid_loss']:.4f} |"
                for t in rows
            ]
        ),
    ]
    return "\n\n".join(text) + "\n"


def main():
    if len(sys.argv) < 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    source, *more, target = map(pathlib.Path, sys.argv[1:])
    try:
        text = page(source, more)
        part = target.with_name(target.name + ".part")
        part.write_text(text)
        part.replace(target)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"page.py: {source}: {error!r}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
