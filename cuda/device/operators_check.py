#!/usr/bin/env python3
"""torch.ops.pamkit.* on a GPU against the CPU, bit for bit.

  cuda/device/operators_check.py [--library libpamkit_ops.so] [--only OPERATOR,...]

Every operator, arithmetic, derivative, element type and layout of operands, with gradients where it has them, on
LibTorch's default stream and on another one. One JSON document on standard output: a row for each, pass or fail with
the first difference. What the CPU refuses the GPU has to refuse. It needs a Python with torch.

Exit codes: 0 all equal, 1 something differs, 2 usage, 3 there is no torch, no GPU or no library.
"""

import argparse
import json
import pathlib
import sys
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = [ROOT / "build" / preset / "lib" / "libpamkit_ops.so" for preset in ("training", "release")]

ARITHMETICS = ("exact", "pam", "pam:1.0552", "l_mul", "power_of_two", "adder", "pam/binary32m7")
DERIVATIVES = ("approx", "exact")
KINDS = ("ordinary", "edges", "anything")


def missing(reason):
    print(f"operators_check.py: {reason}", file=sys.stderr)
    sys.exit(3)


try:
    import torch
except ImportError as error:
    missing(f"this Python has no torch: {error}")

TYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float8_e5m2, torch.float8_e4m3fn)
WORDS = {4: torch.int32, 2: torch.int16, 1: torch.uint8}

LAYOUTS = {
    "dense": lambda t: t,
    "transposed": lambda t: t.transpose(-1, -2).contiguous().transpose(-1, -2) if t.dim() > 1 else t,
    "every second one": lambda t: torch.stack([t, t], t.dim()).select(t.dim(), 0),
    "reversed axes": lambda t: t.permute(*range(t.dim() - 1, -1, -1)).contiguous().permute(*range(t.dim() - 1, -1, -1)),
}


def drawn(kind, label, shape):
    """float32 of adversarial encodings, a function of the label."""
    generator = torch.Generator().manual_seed(zlib.crc32(label.encode()))
    def whole(low, high):
        return torch.randint(low, high, shape, generator=generator, dtype=torch.int64)
    fraction = whole(0, 1 << 23)
    sign = whole(0, 2) << 31
    exponent = 120 + whole(0, 16)
    if kind == "edges":
        choice = whole(0, 8)
        exponent = torch.where(choice == 0, 0, exponent)
        fraction = torch.where(choice == 0, 0, fraction)
        exponent = torch.where(choice == 1, 0, exponent)
        exponent = torch.where(choice == 2, 1 + whole(0, 130), exponent)
        exponent = torch.where(choice == 3, 180 + whole(0, 75), exponent)
    if kind == "anything":
        exponent = whole(0, 256)
    bits = sign | exponent << 23 | fraction
    return torch.where(bits >= 1 << 31, bits - (1 << 32), bits).to(torch.int32).view(torch.float32)


def words(t):
    return t.detach().view(WORDS[t.element_size()]).cpu().contiguous()


def difference(got, expected):
    """None, or where two lists of tensors first differ."""
    if len(got) != len(expected):
        return {"results": f"{len(got)} instead of {len(expected)}"}
    for number, (g, e) in enumerate(zip(got, expected)):
        if g is None or e is None:
            if g is not e:
                return {"result": number, "got": str(g), "expected": str(e)}
            continue
        if g.shape != e.shape or g.dtype != e.dtype:
            return {"result": number, "got": f"{g.dtype} {list(g.shape)}", "expected": f"{e.dtype} {list(e.shape)}"}
        a, b = words(g).reshape(-1), words(e).reshape(-1)
        places = (a != b).nonzero()
        if places.numel():
            at = int(places[0])
            mask = (1 << 8 * g.element_size()) - 1
            digits = 2 * g.element_size()
            return {"result": number, "shape": list(g.shape), "at": at, "differing": int(places.numel()),
                    "got": f"{int(a[at]) & mask:0{digits}X}", "expected": f"{int(b[at]) & mask:0{digits}X}"}
    return None


class Case:
    """An operator with operands: call(tensors) gives its results. `shapes` are of float operands."""

    def __init__(self, operator, shapes, call, differentiable=(), fixed=(), layouts=tuple(LAYOUTS), types=TYPES,
                 derivatives=DERIVATIVES, arithmetics=ARITHMETICS, kinds=KINDS):
        self.operator, self.shapes, self.call, self.fixed = operator, shapes, call, fixed
        self.differentiable, self.layouts, self.types = differentiable, layouts, types
        self.derivatives, self.arithmetics, self.kinds = derivatives, arithmetics, kinds

    def results(self, device, arithmetic, derivative, dtype, layout, kind):
        label = f"{self.operator} {kind} "
        def put(t):
            # As integers: torch moves elements of few formats of 8 bits.
            return LAYOUTS[layout](t.view(WORDS[t.element_size()]).to(device)).view(t.dtype)
        operands = [put(drawn(kind, label + str(i), shape).to(dtype)) for i, shape in enumerate(self.shapes)]
        for i in self.differentiable:
            operands[i].requires_grad_(True)
        fixed = [t.to(device) for t in self.fixed]
        made = self.call(operands + fixed, arithmetic, derivative)
        made = list(made) if isinstance(made, (tuple, list)) else [made]
        if self.differentiable and dtype.itemsize > 1:
            y = made[0]
            made[0].backward(put(drawn(kind, label + "d", tuple(y.shape)).to(dtype)) if y.dim() else
                             drawn("ordinary", label + "d", ()).to(dtype).to(device))
            made += [operands[i].grad for i in self.differentiable]
        return made


def cases():
    ops = torch.ops.pamkit
    def names(a, d):
        return {"arithmetic": a, "derivative": d}
    yield Case("matmul", [(2, 37, 19), (19, 41)], lambda t, a, d: ops.matmul(*t, **names(a, d)), (0, 1))
    yield Case("matmul large", [(1100, 70), (70, 1000)], lambda t, a, d: ops.matmul(*t, **names(a, d)), (0, 1),
               layouts=("dense", "transposed"), types=TYPES[:2], kinds=KINDS[1:2], derivatives=("approx",))
    yield Case("bmm", [(3, 37, 19), (3, 19, 41)], lambda t, a, d: ops.bmm(*t, **names(a, d)), (0, 1))
    yield Case("bmm many", [(64, 5, 33), (64, 33, 6)], lambda t, a, d: ops.bmm(*t, **names(a, d)), (0, 1),
               layouts=("dense",), kinds=KINDS[1:2])
    yield Case("linear", [(2, 150, 19), (41, 19), (41,)], lambda t, a, d: ops.linear(*t, **names(a, d)), (0, 1, 2))
    yield Case("linear without bias", [(2, 37, 19), (41, 19)], lambda t, a, d: ops.linear(*t, **names(a, d)), (0, 1),
               layouts=("dense",))
    yield Case("linear of nothing", [(4, 0), (5, 0), (5,)], lambda t, a, d: ops.linear(*t, **names(a, d)), (),
               layouts=("dense",), kinds=KINDS[:1])
    for side in "ab":
        op = getattr(ops, "product_vjp_" + side)
        yield Case("product_vjp_" + side, [(3, 37, 19), (3, 19, 41), (3, 37, 41)],
                   lambda t, a, d, op=op: op(*t, **names(a, d)))
    for rows in (0, 1, 128, 129, 1000):
        yield Case("sum_rows", [(rows, 37)], lambda t, a, d: ops.sum_rows(*t), arithmetics=("exact",),
                   derivatives=("approx",))
    for name in ("mul", "div"):
        op = getattr(ops, name)
        yield Case(name, [(37, 41), (37, 41)], lambda t, a, d, op=op: op(*t, **names(a, d)), (0, 1))
    for name in ("exp2", "log2"):
        op = getattr(ops, name)
        yield Case(name, [(37, 41)], lambda t, a, d, op=op: op(*t, **names(a, d)), (0,))
    few = {"layouts": ("dense", "transposed"), "types": TYPES[:3], "kinds": KINDS[:2]}
    for name in ("softmax", "log_softmax"):
        op = getattr(ops, name)
        yield Case(name, [(5, 37, 41)], lambda t, a, d, op=op: op(*t, **names(a, d)), (0,), **few)
    yield Case("layer_norm", [(5, 60, 41), (41,), (41,)],
               lambda t, a, d: ops.layer_norm(*t, 1e-5, **names(a, d)), (0, 1, 2), **few)
    classes = torch.arange(70) * 7 % 41
    classes[3] = -100
    for smoothing, fairseq in ((0.0, False), (0.1, True), (0.1, False)):
        yield Case("cross_entropy", [(70, 41)],
                   lambda t, a, d, s=smoothing, f=fairseq: ops.cross_entropy(*t, s, f, -100, **names(a, d)), (0,),
                   [classes], **few)
    yield Case("dropout", [(37, 41)], lambda t, a, d: ops.dropout(*t, 0.3, **names(a, d)), (0,),
               [(torch.arange(37 * 41) % 3 != 0).to(torch.uint8).view(37, 41)], **few)
    yield Case("conv2d", [(2, 4, 9, 8), (6, 2, 3, 3), (6,)],
               lambda t, a, d: ops.conv2d(*t, 2, 1, 1, 2, **names(a, d)), (0, 1, 2), **few)
    yield Case("conv2d without bias", [(2, 3, 9, 8), (4, 3, 3, 3)],
               lambda t, a, d: ops.conv2d(t[0], t[1], None, 1, 1, 1, 1, **names(a, d)), (0, 1), **few)
    yield Case("adamw_step", [(37, 41)] * 4,
               lambda t, a, d: ops.adamw_step(*t[:3], t[3].abs(), step=3, **names(a, d)), (), derivatives=("approx",), **few)


def outcome(case, device, *what):
    try:
        return case.results(device, *what), None
    except torch.AcceleratorError if hasattr(torch, "AcceleratorError") else ():
        raise
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        return None, str(error).splitlines()[0]


def compare(case, *what):
    expected, refusal = outcome(case, "cpu", *what)
    got, failure = outcome(case, "cuda", *what)
    torch.cuda.synchronize()
    row = dict(zip(("operator", "arithmetic", "derivative", "type", "layout", "kind"),
                   (case.operator, *[str(w) for w in what])))
    row["status"] = "pass"
    if refusal is not None or failure is not None:
        row["refused"] = refusal or failure
        if refusal is None or failure is None:
            row.update(status="fail", cpu=refusal or "computes", cuda=failure or "computes")
        return row
    found = difference(got, expected)
    if found is not None:
        row.update(status="fail", difference=found)
    return row


def on_streams():
    """Operands that a stream makes late: whoever does not wait for its stream reads something else."""
    ops = torch.ops.pamkit
    a, b = drawn("ordinary", "stream a", (300, 200)), drawn("ordinary", "stream b", (200, 300))
    calls = {"matmul": lambda x, y: ops.matmul(x, y), "product_vjp_a": lambda x, y: ops.product_vjp_a(x, y, x @ y * 0 + 1),
             "sum_rows": lambda x, y: ops.sum_rows(x), "mul": lambda x, y: ops.mul(x, y.t()),
             "exact matmul": lambda x, y: ops.matmul(x, y, arithmetic="exact"),
             "softmax": lambda x, y: ops.softmax(x),
             "cross_entropy": lambda x, y: ops.cross_entropy(x, torch.arange(300, device=x.device) % 200, 0.1, True),
             "conv2d": lambda x, y: ops.conv2d(x.view(3, 4, 100, 50), y.view(-1)[:72].view(2, 4, 3, 3), None, 2, 1)}
    for name, call in calls.items():
        expected = call(a, b)
        for which in ("default", "another"):
            stream = torch.cuda.Stream() if which == "another" else torch.cuda.current_stream()
            there = [a.cuda(), b.cuda()]
            torch.cuda.synchronize()
            with torch.cuda.stream(stream):
                late = [torch.full_like(t, float("nan")) for t in there]
                torch.cuda._sleep(50_000_000)
                for to, t in zip(late, there):
                    to.copy_(t)
                got = call(*late)
                copy = got + 0 if got.dtype.is_floating_point else got.clone()
                del late
            stream.synchronize()
            found = difference([got], [expected]) or difference([copy + 0], [expected + 0])
            row = {"operator": name, "stream": which, "status": "fail" if found else "pass"}
            if found:
                row["difference"] = found
            yield row
    # A backward pass runs on a thread of its own.
    for which in ("default", "another"):
        stream = torch.cuda.Stream() if which == "another" else torch.cuda.current_stream()
        here = [a.clone().requires_grad_(), b.clone().requires_grad_()]
        ops.matmul(*here).sum().backward()
        torch.cuda.synchronize()
        with torch.cuda.stream(stream):
            there = [t.detach().cuda().requires_grad_() for t in here]
            ops.matmul(*there).sum().backward()
        torch.cuda.synchronize()
        found = difference([t.grad for t in there], [t.grad for t in here])
        row = {"operator": "backward", "stream": which, "status": "fail" if found else "pass"}
        if found:
            row["difference"] = found
        yield row
    # Operands on two devices.
    try:
        ops.matmul(a.cuda(), b)
        yield {"operator": "matmul", "stream": "operands on two devices", "status": "fail", "difference": "not refused"}
    except (RuntimeError, ValueError) as error:
        yield {"operator": "matmul", "stream": "operands on two devices", "status": "pass",
               "refused": str(error).splitlines()[0]}
    # The second GPU, while the first is the current one.
    for name, call in calls.items() if torch.cuda.device_count() > 1 else ():
        got = call(a.to("cuda:1"), b.to("cuda:1"))
        torch.cuda.synchronize("cuda:1")
        found = difference([got], [call(a, b)])
        row = {"operator": name, "stream": "of the second GPU", "status": "fail" if found else "pass"}
        if found:
            row["difference"] = found
        yield row


def timings():
    """Milliseconds of a product of square matrices: for orientation, judged by nobody."""
    def milliseconds(call):
        for _ in range(3):
            call()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(10):
            call()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end) / 10
    rows = []
    for size in (256, 1024, 2048):
        a, b = torch.randn(size, size, device="cuda"), torch.randn(size, size, device="cuda")
        row = {"size": size, "torch.matmul": milliseconds(lambda: a @ b)}
        for arithmetic in ("exact", "pam", "adder"):
            row[arithmetic] = milliseconds(lambda: torch.ops.pamkit.matmul(a, b, arithmetic=arithmetic))
        rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=pathlib.Path, help="libpamkit_ops.so (default: of the build folder)")
    parser.add_argument("--only", default="", metavar="OPERATOR,...", help="those whose names start so")
    parser.add_argument("--rows", choices=("all", "failed"), default="failed", help="which rows are printed (default: failed)")
    options = parser.parse_args()
    library = options.library or next((path for path in LIBRARIES if path.exists()), None)
    if library is None or not library.exists():
        missing(f"there is no {library or LIBRARIES[0]}: build the target pamkit_ops, or give --library")
    if not torch.cuda.is_available():
        missing(f"torch {torch.__version__} finds no GPU")
    try:
        torch.ops.load_library(str(library.resolve()))
    except OSError as error:
        missing(f"{library} does not load: {error}")
    wanted = [name for name in options.only.split(",") if name]
    document = {"schema": "pamkit.operators-check/1", "device": torch.cuda.get_device_name(0), "torch": torch.__version__}
    started = time.monotonic()
    rows = []
    try:
        for case in cases():
            if wanted and not any(case.operator.startswith(name) for name in wanted):
                continue
            for dtype in case.types:
                for arithmetic in case.arithmetics:
                    for derivative in case.derivatives:
                        for layout in case.layouts:
                            for kind in case.kinds:
                                rows.append(compare(case, arithmetic, derivative, dtype, layout, kind))
            failed = sum(row["status"] == "fail" for row in rows)
            print(f"{case.operator}: {len(rows)} rows so far, {failed} differ", file=sys.stderr, flush=True)
        if not wanted:
            rows.extend(on_streams())
            document["milliseconds"] = timings()
    except Exception as error:  # a fault of a kernel ends the context: nothing can follow
        document["fatal"] = f"{type(error).__name__}: {error}"
        document["after"] = rows[-1] if rows else None
    failed = [row for row in rows if row["status"] == "fail"]
    document["counts"] = {"rows": len(rows), "refused": sum("refused" in row for row in rows), "fail": len(failed)}
    document["status"] = "fail" if failed or "fatal" in document or not rows else "pass"
    document["seconds"] = round(time.monotonic() - started, 1)
    document["rows"] = rows if options.rows == "all" else failed[:200]
    print(json.dumps(document, indent=1))
    return 0 if document["status"] == "pass" else 1


if __name__ == "__main__":
    sys.exit(main())
