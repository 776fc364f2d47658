"""The one place that says how kernels are compiled.

Serial and `nogil` (threads run above), cached on disk, no `fastmath` (it deletes NaN checks and moves bytes between
machines), and numpy's error model, so that a division by zero gives inf as it does in numpy.

Named tuples that kernels take are made in this room: their type is in the cache, which is read also where a test that made one is not.

With NUMBA_DISABLE_JIT=1 kernels run as Python, slowly, so that they can be stepped through and their lines counted; what only a compiler
can say has a plain stand-in at the end.
"""
# pyright: reportRedeclaration=false, reportAssignmentType=false

import ctypes
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

jit: Any = partial(numba.njit, nogil=True, cache=True, error_model="numpy")
inline_jit = partial(jit, forceinline=True)  # for the innermost functions: a call would copy the struct of tables
jit_in_place = partial(
    jit, inline="always"
)  # merged before compilation: nested stages with large structs compile once, not once a level


def compiled_before() -> bool:
    """Whether kernels compiled by an earlier run lie in the usual place; otherwise the first call takes some seconds."""
    return any((Path(__file__).parent / "__pycache__").glob("dialling.*.nbi"))


@intrinsic
def multiply_wide(typing_context: Any, a: Any, b: Any) -> Any:
    """High and low 64 bits of the product of two uint64: one machine instruction that Python cannot say."""

    def generate(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))
        low = builder.trunc(product, ir.IntType(64))
        return context.make_tuple(builder, signature.return_type, (high, low))

    return types.UniTuple(types.uint64, 2)(types.uint64, types.uint64), generate


@inline_jit
def multiply_high(a: np.uint64, b: np.uint64) -> np.uint64:
    """The high 64 bits alone."""
    return multiply_wide(a, b)[0]


@intrinsic
def borrowed(typing_context: Any, tables: Any) -> Any:
    """The same named tuple of arrays without their reference counts, for use inside the kernel that was handed it.

    Every pass of an array to an inner function costs two atomic operations unless LLVM can prove them away, which it
    cannot across loops: in the dialling kernel they took two thirds of the time.
    """

    def generate(context, builder, signature, arguments):
        result = arguments[0]
        for i, kind in enumerate(signature.args[0]):
            array = context.make_array(kind)(context, builder, builder.extract_value(result, i))
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            array.parent = cgutils.get_null_value(array.parent.type)
            result = builder.insert_value(result, array._getvalue(), i)
        return result

    return tables(tables), generate


@intrinsic
def pointer(typing_context: Any, address: Any) -> Any:
    """The memory at an address, for `carray`: kernels take columns of any number and type as a list of addresses."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uint64), generate


if vars(config)["DISABLE_JIT"]:

    def jit(function, **_):
        """The function itself; integers wrap around and divisions by zero give inf without a word, as in compiled kernels."""
        return np.errstate(all="ignore")(function)

    inline_jit = jit_in_place = jit

    def multiply_wide(a, b):
        product = int(a) * int(b)
        return np.uint64(product >> 64), np.uint64(product & 0xFFFFFFFFFFFFFFFF)

    def borrowed(tables):
        return tables

    def pointer(address):
        return ctypes.c_void_p(int(address))
