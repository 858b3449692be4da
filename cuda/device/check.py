#!/usr/bin/env python3
"""Everything that only a GPU can show, in one command and one file.

  cuda/device/check.py [--out gpu.json] [--quick] [--only STEP,...] [--python PYTHON] [--training BUILD]

builds, then: the suite at level standard on the backend cuda; scalar operations on 10^9 pairs each; launches of
every kernel a thousand times on two streams; compute-sanitizer's four tools on these; the classes beside a fused multiply-add of the same tile
and cuBLAS; torch.ops.pamkit.* against the CPU; a short training. Each step is one entry of the file: pass, fail, or
not-run with the reason, and the command and commit that it is of. With --only, the other steps of a file that is there
are kept if they are of the same GPU. compute-sanitizer is the CUDA toolkit's; the last two steps need a Python with a
torch that knows the GPU.

Exit codes: 0 every step of the file passed, 1 one failed, 2 usage, 3 there is no GPU (nothing is built or written), or a
step could not be run.
"""

import argparse
import collections
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
BIN = BUILD / "bin"
TRAINING = ROOT / "build" / "training"
TARGETS = ("pamkit_cli", "pamkit-device-check", "pamkit_cuda_code", "pamkit_device_code")
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")


def gpu():
    """The name of the first GPU by the driver, or raises RuntimeError with the reason."""
    library = os.environ.get("PAMKIT_CUDA_DRIVER") or "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError as error:
        raise RuntimeError(f"no CUDA driver: {error}") from error
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        raise RuntimeError("there is a CUDA driver, but no GPU")
    device = ctypes.c_int(0)
    name = ctypes.create_string_buffer(256)
    driver.cuDeviceGet(ctypes.byref(device), 0)
    driver.cuDeviceGetName(name, 255, device)
    return name.value.decode()


# Folders and programs of the machine, by the names that they have in the file.
PLACES = {str(ROOT): ".", tempfile.gettempdir(): "TMP", sys.executable: "python3"}


def named(word):
    for place, name in PLACES.items():
        word = word.replace(place, name)
    return word


def commit():
    """Of the sources, as programs that are built from them tell it; empty where git does not know them."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.strip()
    try:
        if pathlib.Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return ""
        return git("rev-parse", "HEAD") + ("-modified" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


class Step:
    """Runs commands; the first that does not start, or ends with something else than 0, decides."""

    def __init__(self, name):
        # Of each step, since steps of other calls may stand beside it.
        self.entry = {"step": name, "status": "pass", "command": ["cuda/device/check.py", *map(named, sys.argv[1:])],
                      "commit": commit(), "commands": []}
        self.started = time.monotonic()

    def run(self, command, **more):
        words = [str(word) for word in command]
        print(f"check.py: {self.entry['step']}: {' '.join(words)}", file=sys.stderr, flush=True)
        ran = {"command": [named(word) for word in words]}
        self.entry["commands"].append(ran)
        try:
            done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, **more)
        except OSError as error:
            ran["error"] = f"{named(words[0])}: {error.strerror}"
            self.fail(ran["error"])
            return ""
        ran["exit_code"] = done.returncode
        if done.returncode != 0:
            self.fail(f"exit code {done.returncode}", done.stdout[-2000:])
        return done.stdout

    def document(self, command, **more):
        """The JSON document that a command prints; empty, and the step failed, where it prints none."""
        text = self.run(command, **more)
        try:
            return json.loads(text)
        except ValueError as error:
            self.fail(f"{named(str(command[0]))} printed no JSON: {error}", text[-2000:])
            return {}

    def fail(self, reason, output_tail=""):
        if self.entry["status"] == "fail":
            return
        self.entry.update(status="fail", reason=reason)
        if output_tail:
            self.entry["output_tail"] = output_tail

    def not_run(self, reason):
        # What failed before is why.
        if self.entry["status"] != "fail":
            self.entry.update(status="not-run", reason=named(reason))

    def end(self):
        self.entry["seconds"] = round(time.monotonic() - self.started, 1)
        return self.entry


def build(step, _):
    step.run(["cmake", "--preset", "release"])
    for target in TARGETS:
        step.run(["cmake", "--build", BUILD, "--target", target])


def suite(step, options):
    level = "quick" if options.quick else "standard"
    out = options.out.parent / "gpu-verify"
    written = out / "verify.json"
    written.unlink(missing_ok=True)  # another call's
    step.run([BIN / "pamkit", "verify", "--backend", "cuda", "--level", level, "--out", out, "--force", "--quiet"])
    if written.exists():
        document = json.loads(written.read_text())
        step.entry["environment"] = document["environment"]
        step.entry["counts"] = dict(sorted(collections.Counter(row["status"] for row in document["results"]).items()))


def measured(step, arguments):
    found = step.document([BIN / "pamkit-device-check", *arguments])
    step.entry.update({k: v for k, v in found.items() if k not in ("schema", "spec")})


def probes(step, options):
    measured(step, ["probes", "--pairs", 10**6 if options.quick else 10**9])


def determinism(step, options):
    measured(step, ["determinism", "--runs", 10 if options.quick else 1000])


def sanitizer(step, _):
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        return step.not_run("compute-sanitizer is not here")
    for name in TOOLS:
        # Kernels are looked for in one module after the other, and every code of the driver is looked at: those that
        # say "not in this one" are no errors.
        more = ["--report-api-errors", "no"] if name == "memcheck" else []
        step.run([tool, "--tool", name, *more, "--error-exitcode", "1", BIN / "pamkit-device-check", "determinism", "--runs", "2"])


def bench(step, options):
    measured(step, ["bench", *(["--repetitions", 5, "--largest", 64] if options.quick else [])])


def torch_folder(options):
    """Where the torch of the chosen Python lies, or raises RuntimeError with the reason."""
    done = subprocess.run([options.python, "-c", "import os, torch; print(os.path.dirname(torch.__file__))"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{options.python} has no torch: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
    return pathlib.Path(done.stdout.strip())


def training_part(step, options, name):
    """A file of the training build, made where it is missing; None and the reason in the step where it cannot be."""
    try:
        torch = torch_folder(options)
    except (OSError, RuntimeError) as error:
        step.not_run(str(error))
        return None, None
    file = options.training / name
    if not file.exists() and options.training == TRAINING:
        step.run(["cmake", "--preset", "training", f"-DPAMKIT_TORCH_DIR={torch}"])
        step.run(["cmake", "--build", TRAINING, "--target", name])
    if not file.exists():
        step.not_run(f"there is no {file}")
        return None, None
    environment = dict(os.environ)
    environment.setdefault("PAMKIT_CUDA_CODE", str(BUILD / "cuda" / "kernels"))
    libraries = [str(torch / "lib"), str(options.training / "lib"), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, libraries))
    return file, environment


def operators(step, options):
    library, environment = training_part(step, options, "lib/libpamkit_ops.so")
    if library is None:
        return
    found = step.document([options.python, "-B", ROOT / "cuda" / "device" / "operators_check.py", "--library", library],
                          env=environment)
    step.entry.update({k: v for k, v in found.items() if k not in ("schema", "device", "status")})


# Losses of the first step differ by what LibTorch's own operations round otherwise on a GPU: up to 2^-24 in each sum on
# the way from the inputs to the loss, which are no more than 64. A wrong product differs by more.
LOSS_TOLERANCE = 64 * 2**-24
TRAINED_ARMS = ("exact", "pam", "adder", "native")
TRAINED_STEPS = 60


def first_loss(run):
    for line in (run / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["kind"] == "step":
            return record["loss"]
    return None


def training(step, options):
    program, environment = training_part(step, options, "bin/pamkit-train")
    if program is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "input.txt").write_text("".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md"))))
        for device in ("cpu", "cuda"):
            step.run([program, "train", "charlm", "--arithmetic", ",".join(TRAINED_ARMS), "--data", folder, "--out",
                      folder / device, "--steps", TRAINED_STEPS, "--device", device, "--quiet"], env=environment)
            if step.entry["status"] != "pass":
                return
        rows = []
        for arm in TRAINED_ARMS:
            row = {"arm": arm, "status": "pass", "loss_tolerance": LOSS_TOLERANCE}
            for device in ("cpu", "cuda"):
                run = folder / device / f"{arm}-1"
                summary = json.loads((run / "summary.json").read_text())
                row[device] = {"device": summary["device"], "first_loss": first_loss(run), "valid_loss": summary["valid_loss"],
                               "verification": summary["verification"]["status"],
                               "seconds_a_step": summary["resources"]["step_seconds_median"]}
            losses = [row[device]["first_loss"] for device in ("cpu", "cuda")]
            is_close = None not in losses and abs(losses[0] - losses[1]) <= LOSS_TOLERANCE * abs(losses[0])
            if not is_close or row["cuda"]["device"] != "cuda:0":
                row["status"] = "fail"
                step.fail(f"{arm}: first losses {losses}, on {row['cuda']['device']}")
            rows.append(row)
        step.entry["training"] = rows


STEPS = {f.__name__: f for f in (build, suite, probes, determinism, sanitizer, bench, operators, training)}


def kept_steps(path, device, wanted):
    """The steps of an earlier file of the same GPU that are not asked for again."""
    if not path.exists():
        return []
    try:
        earlier = json.loads(path.read_text())
        if (earlier["schema"], earlier["device"]) != ("pamkit.gpu/1", device):
            return []
        return [step for step in earlier["steps"] if step["step"] in STEPS and step["step"] not in wanted]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu.json"), help="the file (default: gpu.json)")
    parser.add_argument("--quick", action="store_true", help="fewer pairs and runs, smaller matrices, level quick")
    parser.add_argument("--only", default="", metavar="STEP,...", help="of " + ", ".join(STEPS))
    parser.add_argument("--python", default=sys.executable, help="a Python with torch (default: the one that runs this)")
    parser.add_argument("--training", type=pathlib.Path, default=TRAINING, metavar="BUILD",
                        help="a build folder with lib/libpamkit_ops.so and bin/pamkit-train (default: build/training)")
    options = parser.parse_args()
    options.training = options.training.resolve()
    options.out = options.out.resolve()
    PLACES.setdefault(str(options.out.parent), "OUT")
    PLACES.setdefault(options.python, "python3")
    wanted = options.only.split(",") if options.only else list(STEPS)
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        print(f"check.py: --only: no step is called {unknown[0]}; steps are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    if not options.out.parent.is_dir():
        print(f"check.py: --out: there is no folder {options.out.parent}", file=sys.stderr)
        return 2
    if options.out.is_dir():
        print(f"check.py: --out: {options.out} is a folder; a file is written", file=sys.stderr)
        return 2
    try:
        name = gpu()
    except RuntimeError as error:
        print(f"check.py: {error}; a GPU is needed, everything else is verified by './pamkit verify --backend cuda-host,cuda-ptx'",
              file=sys.stderr)
        return 3
    document = {"schema": "pamkit.gpu/1", "device": name,
                "steps": kept_steps(options.out, name, wanted) if options.only else []}
    is_built = True
    for wanted_name in wanted:
        step = Step(wanted_name)
        if is_built:
            STEPS[wanted_name](step, options)
        else:
            step.not_run("the build failed")
        document["steps"].append(step.end())
        document["steps"].sort(key=lambda entry: list(STEPS).index(entry["step"]))
        # After each step: what was found so far is kept.
        part = options.out.with_name(options.out.name + ".part")
        part.write_text(json.dumps(document, indent=2) + "\n")
        part.replace(options.out)
        print(f"check.py: {wanted_name}: {step.entry['status']}", file=sys.stderr, flush=True)
        is_built = is_built and (wanted_name != "build" or step.entry["status"] == "pass")
    print("; ".join([f"{options.out} written", *(f"{s['step']} {s['status']}: {s.get('reason', '')}" for s in document["steps"]
                                                 if s["status"] != "pass")]))
    found = {s["status"] for s in document["steps"]}
    return 1 if "fail" in found else 3 if "not-run" in found else 0


if __name__ == "__main__":
    sys.exit(main())
