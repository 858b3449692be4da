"""The operations of libpamkit for NumPy: a thin layer over pamkit.h, without arithmetic of its own.

    import pamkit
    pam = pamkit.Rules(arithmetic="pam")
    pam.mul([1.5], [1.5])                 # array([2.], dtype=float32)
    pam("exp2", [0.5, 1.5])               # any operation that pamkit.operations() lists

In binary32 operands and results are numbers; in other formats they are encodings, uint32.
"""
import ctypes
import os
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


class _Names(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("format", "arithmetic", "policy", "overflow")]


def _load():
    named = os.environ.get("PAMKIT_LIBRARY")
    found = [named] if named else sorted(map(str, ROOT.glob("build/*/**/libpamkit.so")))
    if not found:
        raise ImportError("no libpamkit.so: build it (cmake --preset release && ninja -C build/release pamkit_c), "
                          "or name one by PAMKIT_LIBRARY")
    library = ctypes.CDLL(found[0])
    words, text, size = ctypes.POINTER(ctypes.c_uint32), ctypes.c_char_p, ctypes.c_size_t
    context = ctypes.c_void_p
    signatures = {
        "pamkit_status_text": (text, [ctypes.c_int]),
        "pamkit_version": (text, []),
        "pamkit_open": (ctypes.c_int, [ctypes.POINTER(_Names), ctypes.POINTER(context)]),
        "pamkit_close": (None, [context]),
        "pamkit_compensation": (ctypes.c_int32, [context]),
        "pamkit_operation_count": (size, []),
        "pamkit_operation_name": (text, [size]),
        "pamkit_operand_count": (ctypes.c_int, [text]),
        "pamkit_elementwise": (ctypes.c_int, [context, text, words, words, words, size]),
        "pamkit_golden": (ctypes.c_int, [context, text, words, words, words, size]),
        "pamkit_matmul": (ctypes.c_int, [context, size, size, size, words, words, words]),
        "pamkit_rows": (ctypes.c_int, [context, text, size, size, words, words]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


class Error(ValueError):
    """A call that libpamkit refuses, in its words."""


def _check(status, what):
    if status != 0:
        raise Error(f"{what}: {_library.pamkit_status_text(status).decode()}")


def _pointer(words):
    return words.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))


def version():
    return _library.pamkit_version().decode()


def operations():
    """{name: operands} of every elementwise operation."""
    names = [_library.pamkit_operation_name(i) for i in range(_library.pamkit_operation_count())]
    return {name.decode(): _library.pamkit_operand_count(name) for name in names}


class Rules:
    """A format, an arithmetic and policies, named as on the command line."""

    def __init__(self, format="binary32", arithmetic="pam", policy="flush", overflow="infinity"):
        self.format = format
        self._context = ctypes.c_void_p()
        names = _Names(*(name.encode() for name in (format, arithmetic, policy, overflow)))
        _check(_library.pamkit_open(ctypes.byref(names), ctypes.byref(self._context)),
               f"{format}, {arithmetic}, {policy}, {overflow}")

    def __del__(self):
        _library.pamkit_close(self._context)

    @property
    def compensation(self):
        return _library.pamkit_compensation(self._context)

    def _words(self, values):
        kind = np.float32 if self.format == "binary32" else np.uint32
        return np.ascontiguousarray(values, dtype=kind).view(np.uint32)

    def _values(self, words):
        return words.view(np.float32) if self.format == "binary32" else words

    def _elementwise(self, function, operation, operands):
        given = [self._words(x) for x in operands]
        shape = np.broadcast_shapes(*(x.shape for x in given))
        given = [np.ascontiguousarray(np.broadcast_to(x, shape)) for x in given]
        out = np.empty(shape, np.uint32)
        _check(function(self._context, operation.encode(), _pointer(given[0]), _pointer(given[-1]), _pointer(out),
                        out.size), operation)
        return self._values(out)

    def __call__(self, operation, *operands):
        """An elementwise operation, by the vector kernels."""
        return self._elementwise(_library.pamkit_elementwise, operation, operands)

    def golden(self, operation, *operands):
        """The same by the golden model, in exact rational numbers: slow."""
        return self._elementwise(_library.pamkit_golden, operation, operands)

    def __getattr__(self, operation):
        if operation.startswith("_") or operation not in operations():
            raise AttributeError(operation)
        return lambda *operands: self(operation, *operands)

    def matmul(self, a, b):
        a, b = self._words(a), self._words(b)
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
            raise Error(f"matmul: shapes {a.shape} and {b.shape} do not fit: a [m, k], b [k, n]")
        out = np.empty((a.shape[0], b.shape[1]), np.uint32)
        _check(_library.pamkit_matmul(self._context, a.shape[0], b.shape[1], a.shape[1], _pointer(a), _pointer(b),
                                      _pointer(out)), "matmul")
        return self._values(out)

    def rows(self, operation, x):
        """"softmax" or "log_softmax" of each row; "sum", "mean", "norm" or "logsumexp", one element a row."""
        x = np.atleast_2d(self._words(x))
        keeps = operation in ("softmax", "log_softmax")
        out = np.empty(x.shape if keeps else x.shape[:1], np.uint32)
        _check(_library.pamkit_rows(self._context, operation.encode(), x.shape[0], x.shape[1], _pointer(x),
                                    _pointer(out)), operation)
        return self._values(out)
