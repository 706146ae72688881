"""Define vectors of eight numbers for compiled kernels: each operation is one instruction for all eight. No mesh.

The compiler itself uses such instructions in long loops only, not for the few samples of a triangle's row.
They compute what eight operations would, to the last bit, and where the processor has none, are eight.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8


class Lanes(types.Type):
    """The type of eight float32, int32 or booleans."""

    def __init__(self, element: types.Type, llvm: ir.Type) -> None:
        self.element, self.llvm = element, ir.VectorType(llvm, LANES)
        super().__init__(name=f"Lanes({element})")


FLOATS = Lanes(types.float32, ir.FloatType())
WHOLE = Lanes(types.int32, ir.IntType(32))
FLAGS = Lanes(types.boolean, ir.IntType(1))
BY_ELEMENT = {lanes.element: lanes for lanes in (FLOATS, WHOLE)}


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, lanes.llvm)


def _define(function: Any, builder_name: str, arguments: Lanes, result: Lanes, *relation: str) -> None:
    """Let kernels apply an operator to two vectors."""

    @infer_global(function)
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(result, arguments, arguments) if args == (arguments, arguments) else None

    @lower_builtin(function, arguments, arguments)
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, builder_name)(*relation, *args)


_define(operator.add, "fadd", FLOATS, FLOATS)
_define(operator.mul, "fmul", FLOATS, FLOATS)
_define(operator.gt, "fcmp_ordered", FLOATS, FLAGS, ">")
_define(operator.lt, "fcmp_ordered", FLOATS, FLAGS, "<")
_define(operator.add, "add", WHOLE, WHOLE)
_define(operator.mul, "mul", WHOLE, WHOLE)
_define(operator.and_, "and_", WHOLE, WHOLE)
_define(operator.lt, "icmp_signed", WHOLE, FLAGS, "<")
_define(operator.and_, "and_", FLAGS, FLAGS)


@intrinsic
def all_of(typing: Any, value: types.Type) -> Any:
    """Return a vector with this float32 or int32 in all its elements."""

    def generate(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        llvm = sig.return_type.llvm
        first = builder.insert_element(ir.Constant(llvm, ir.Undefined), args[0], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, first, zeros)

    return BY_ELEMENT[value](value), generate


@intrinsic
def ramp(typing: Any, like: types.Type) -> Any:
    """Return the vector 0, 1, ... 7 of the type of this number."""
    llvm = BY_ELEMENT[like].llvm
    numbers = ir.Constant(llvm, [ir.Constant(llvm.element, k) for k in range(LANES)])
    return BY_ELEMENT[like](like), lambda context, builder, sig, args: numbers


@intrinsic
def load(typing: Any, array: types.Array, start: types.Integer) -> Any:
    """Return the elements of an array from `start` on, numbered row by row."""
    return BY_ELEMENT[array.dtype](array, start), lambda *call: call[1].load(_pointer(*call), align=4)


@intrinsic
def store(typing: Any, array: types.Array, start: types.Integer, values: Lanes) -> Any:
    """Write a vector to an array from `start` on, numbered row by row."""

    def generate(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        builder.store(args[2], _pointer(context, builder, sig, args), align=4)
        return context.get_dummy_value()

    return types.void(array, start, values), generate


def _pointer(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    """Return the address of the element at `start` as that of a vector."""
    array, data = sig.args[0], context.make_array(sig.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), BY_ELEMENT[array.dtype].llvm.as_pointer())


@intrinsic
def choose(typing: Any, flags: Lanes, yes: Lanes, no: Lanes) -> Any:
    """Return elements of `yes` where the flag is set, else of `no`."""
    return yes(flags, yes, no), lambda context, builder, sig, args: builder.select(*args)


@intrinsic
def any_of(typing: Any, flags: Lanes) -> Any:
    """Return whether a flag is set."""
    byte = ir.IntType(LANES)

    def generate(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], byte), ir.Constant(byte, 0))

    return types.boolean(flags), generate


@intrinsic
def truncated(typing: Any, values: Lanes) -> Any:
    """Return values without their fractions, int32; they must be in its range."""
    return WHOLE(values), lambda context, builder, sig, args: builder.fptosi(args[0], WHOLE.llvm)


@intrinsic
def gather(typing: Any, table: types.Array, indices: Lanes) -> Any:
    """Return elements of a table of bytes, numbered row by row, as float32."""

    def generate(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        data, values = context.make_array(sig.args[0])(context, builder, args[0]).data, ir.Constant(WHOLE.llvm, [0] * 8)
        for k in range(LANES):
            lane = ir.Constant(ir.IntType(32), k)
            byte = builder.load(builder.gep(data, [builder.extract_element(args[1], lane)]))
            values = builder.insert_element(values, builder.zext(byte, ir.IntType(32)), lane)
        return builder.sitofp(values, FLOATS.llvm)

    return FLOATS(table, indices), generate
