"""One symbol of the trellis decoder as a numba intrinsic, for use inside kernels: eight states in one vector."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic

from firmware_sim.modems.trellis import BEFORE, STATES, SUBSET

F32, I1, I8, I32, I64 = ir.FloatType(), ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOATS, BYTES = ir.VectorType(F32, STATES), ir.VectorType(I8, STATES)


def _at(context: Any, builder: Any, ty: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(ty)(context, builder, array).data, [index])


def _load(builder: Any, pointer: Any, offset: int, kind: Any, align: int) -> Any:
    place = builder.gep(pointer, [ir.Constant(I64, offset)])
    value = builder.load(builder.bitcast(place, kind.as_pointer()))
    value.align = align
    return value


def _store(builder: Any, value: Any, pointer: Any, align: int) -> None:
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=align)


def _lanes(index: Any) -> Any:
    return ir.Constant(ir.VectorType(I32, len(index)), [int(i) for i in index])


def _shuffled(builder: Any, vector: Any, index: Any) -> Any:
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), _lanes(index))


def _splat(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(FLOATS, ir.Undefined)
    return _shuffled(builder, builder.insert_element(empty, scalar, ir.Constant(I32, 0)), [0] * STATES)


def _call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    kind = ir.FunctionType(result, [a.type for a in args])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, args)


def _select(builder: Any, metric: Any, distance: Any) -> tuple[Any, Any]:
    """-> (least metric into each state, the branch it came by: the state before, and 8 times the subset)"""
    sums = [
        builder.fadd(_shuffled(builder, metric, BEFORE[:, k]), _shuffled(builder, distance, SUBSET[:, k]))
        for k in range(4)
    ]
    ways = [ir.Constant(BYTES, [int(w) for w in BEFORE[:, k] + STATES * SUBSET[:, k]]) for k in range(4)]
    odd = [builder.fcmp_ordered("<", sums[k + 1], sums[k]) for k in (0, 2)]
    pair = [builder.select(odd[k], sums[2 * k + 1], sums[2 * k]) for k in (0, 1)]
    way = [builder.select(odd[k], ways[2 * k + 1], ways[2 * k]) for k in (0, 1)]
    upper = builder.fcmp_ordered("<", pair[1], pair[0])
    return builder.select(upper, pair[1], pair[0]), builder.select(upper, way[1], way[0])


def _least(builder: Any, vector: Any) -> Any:
    """The least element in every lane."""
    for k in (4, 2, 1):
        other = _shuffled(builder, vector, [i ^ k for i in range(STATES)])
        vector = builder.select(builder.fcmp_ordered("<", other, vector), other, vector)
    return vector


def _codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    metrics = _at(context, builder, sig.args[0], args[0], ir.Constant(I64, 0))
    ways = _at(context, builder, sig.args[1], args[1], args[2])
    near = _at(context, builder, sig.args[3], args[3], args[4])
    dx = builder.fsub(_splat(builder, args[5]), builder.sitofp(_load(builder, near, 0, BYTES, 1), FLOATS))
    dy = builder.fsub(_splat(builder, args[6]), builder.sitofp(_load(builder, near, STATES, BYTES, 1), FLOATS))
    distance = _call(builder, "llvm.fmuladd.v8f32", FLOATS, [dx, dx, builder.fmul(dy, dy)])
    new, way = _select(builder, _load(builder, metrics, 0, FLOATS, 4), distance)
    _store(builder, way, ways, 1)
    best = _least(builder, new)
    _store(builder, builder.fsub(new, best), metrics, 4)
    ties = builder.bitcast(builder.fcmp_ordered("==", new, best), I8)
    return builder.zext(_call(builder, "llvm.cttz.i8", I8, [ties, ir.Constant(I1, 1)]), I64)


def _viterbi(_: Any, metric: Any, way: Any, at: Any, near: Any, first: Any, x: Any, y: Any) -> Any:
    """Add, compare, select. near[first:] holds the nearest point of each subset (8 x, 8 y, int8).

    metric is updated, its least being 0; the branch into each state goes to way[at:at + 8]; -> the best state
    """
    return types.int64(metric, way, types.int64, near, types.int64, types.float32, types.float32), _codegen


viterbi8: Any = intrinsic(_viterbi)
