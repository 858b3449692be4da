"""Runs a notebook from top to bottom and compares what it prints with what the file holds.

    run_notebook.py NOTEBOOK.ipynb            compares
    run_notebook.py --write NOTEBOOK.ipynb    writes the new outputs into the file

Exit codes: 0 the same; 1 a cell fails or prints something else; 77 nbconvert or matplotlib is missing.
"""
import argparse
import pathlib
import sys

try:
    import matplotlib  # noqa: F401
    import nbformat
    from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
except ImportError as missing:
    print(f"NOT RUN: {missing}")
    sys.exit(77)


def printed(cell):
    return "".join(o["text"] for o in cell.get("outputs", []) if o["output_type"] == "stream" and o["name"] == "stdout")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("notebook", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    committed = nbformat.read(arguments.notebook, as_version=4)
    run = nbformat.from_dict(committed)
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        ExecutePreprocessor(timeout=300).preprocess(run, {"metadata": {"path": str(arguments.notebook.parent)}})
    except CellExecutionError as error:
        print(error)
        return 1
    if arguments.write:
        for cell in run.cells:
            cell.get("metadata", {}).pop("execution", None)  # times of day
        nbformat.write(run, arguments.notebook)
        return 0
    differing = 0
    for number, (old, new) in enumerate(zip(committed.cells, run.cells), 1):
        if new.cell_type != "code":
            continue
        kinds = [[o["output_type"] for o in cell.outputs] for cell in (old, new)]
        if printed(old) != printed(new) or kinds[0] != kinds[1]:
            differing += 1
            print(f"cell {number}: committed {kinds[0]} {printed(old)!r}, now {kinds[1]} {printed(new)!r}")
    print(f"{len(run.cells)} cells, {differing} differ from {arguments.notebook.name}; --write takes the new outputs")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
