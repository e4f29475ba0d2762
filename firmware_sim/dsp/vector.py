"""Vector loops of 32 taps as numba intrinsics, for use inside kernels (see dsp.kernels).

The loops are too short for the auto-vectoriser, which unrolls them and leaves them scalar. Signals and taps are
float32, real and imaginary parts apart. Nothing here checks bounds.
"""

from typing import Any, cast

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

TAPS = 32
LANES = 16
F32, I1, I16, I32, I64 = ir.FloatType(), ir.IntType(1), ir.IntType(16), ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(F32, LANES)
PAIR: Any = cast(Any, types).UniTuple(types.float32, 2)
FAST = ("reassoc", "contract", "nsz")
Codegen = Any


def _vector(function: Any) -> Any:
    """numba's intrinsic, for the type checker a callable that yields anything."""
    return intrinsic(function)


def _at(context: Any, builder: Any, ty: Any, array: Any, index: Any) -> Any:
    """Pointer to element *index* of a one-dimensional contiguous array."""
    return builder.gep(context.make_array(ty)(context, builder, array).data, [index])


def _load(builder: Any, pointer: Any, offset: int) -> Any:
    place = builder.gep(pointer, [ir.Constant(I64, offset)])
    value = builder.load(builder.bitcast(place, VECTOR.as_pointer()))
    value.align = 4
    return value


def _store(builder: Any, value: Any, pointer: Any, offset: int) -> None:
    place = builder.gep(pointer, [ir.Constant(I64, offset)])
    builder.store(value, builder.bitcast(place, VECTOR.as_pointer()), align=4)


def _call(builder: Any, name: str, result: Any, args: list[Any], fast: tuple[str, ...] = ()) -> Any:
    function = cast(Any, cgutils).get_or_insert_function(
        builder.module, ir.FunctionType(result, [a.type for a in args]), name
    )
    return builder.call(function, args, fastmath=fast)


def _fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return _call(builder, f"llvm.fmuladd.v{LANES}f32", VECTOR, [x, y, z])


def _sum(builder: Any, vector: Any) -> Any:
    return _call(builder, f"llvm.vector.reduce.fadd.v{LANES}f32", F32, [ir.Constant(F32, 0.0), vector], FAST)


def _splat(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(VECTOR, ir.Undefined)
    lanes = ir.Constant(ir.VectorType(I32, LANES), [0] * LANES)
    return builder.shuffle_vector(builder.insert_element(empty, scalar, ir.Constant(I32, 0)), empty, lanes)


def _zero() -> Any:
    return ir.Constant(VECTOR, [0.0] * LANES)


def _complex_pair(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any, Any, Any]:
    """Pointers for (zr, zi, index, wr, wi, ...)."""
    zero = ir.Constant(I64, 0)
    z = [_at(context, builder, sig.args[k], args[k], args[2]) for k in (0, 1)]
    w = [_at(context, builder, sig.args[k], args[k], zero) for k in (3, 4)]
    return z[0], z[1], w[0], w[1]


@_vector
def fir32(_: Any, x: Any, ix: Any, taps: Any, it: Any) -> Codegen:
    """-> (x[ix:] . taps[it:], x[ix:] . taps[it + 32:])"""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        samples = _at(context, builder, sig.args[0], args[0], args[1])
        weights = _at(context, builder, sig.args[2], args[2], args[3])
        re = im = _zero()
        for offset in range(0, TAPS, LANES):
            value = _load(builder, samples, offset)
            re = _fma(builder, value, _load(builder, weights, offset), re)
            im = _fma(builder, value, _load(builder, weights, TAPS + offset), im)
        return context.make_tuple(builder, sig.return_type, [_sum(builder, re), _sum(builder, im)])

    return PAIR(x, types.int64, taps, types.int64), codegen


@_vector
def equalise32(_: Any, zr: Any, zi: Any, iz: Any, wr: Any, wi: Any) -> Codegen:
    """Complex dot product of z[iz:] and w, without conjugation."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pzr, pzi, pwr, pwi = _complex_pair(context, builder, sig, args)
        rr = ii = ri = ir_ = _zero()
        for offset in range(0, TAPS, LANES):
            a, c = _load(builder, pzr, offset), _load(builder, pzi, offset)
            d, e = _load(builder, pwr, offset), _load(builder, pwi, offset)
            rr, ii = _fma(builder, a, d, rr), _fma(builder, c, e, ii)
            ri, ir_ = _fma(builder, a, e, ri), _fma(builder, c, d, ir_)
        parts = [_sum(builder, builder.fsub(rr, ii)), _sum(builder, builder.fadd(ri, ir_))]
        return context.make_tuple(builder, sig.return_type, parts)

    return PAIR(zr, zi, types.int64, wr, wi), codegen


@_vector
def adapt32(_: Any, zr: Any, zi: Any, iz: Any, wr: Any, wi: Any, er: Any, ei: Any) -> Codegen:
    """w += e * conj(z[iz:])"""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pzr, pzi, pwr, pwi = _complex_pair(context, builder, sig, args)
        vr, vi = _splat(builder, args[5]), _splat(builder, args[6])
        minus = builder.fneg(vr)
        for offset in range(0, TAPS, LANES):
            a, c = _load(builder, pzr, offset), _load(builder, pzi, offset)
            re = _fma(builder, vi, c, _fma(builder, vr, a, _load(builder, pwr, offset)))
            im = _fma(builder, minus, c, _fma(builder, vi, a, _load(builder, pwi, offset)))
            _store(builder, re, pwr, offset)
            _store(builder, im, pwi, offset)
        return context.get_dummy_value()

    return types.void(zr, zi, types.int64, wr, wi, types.float32, types.float32), codegen


@_vector
def add_pulse32(_: Any, out: Any, io: Any, pulse: Any, ip: Any, re: Any, im: Any) -> Codegen:
    """out[io:] += re * pulse[ip:] - im * pulse[ip + 32:]"""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        target = _at(context, builder, sig.args[0], args[0], args[1])
        shape = _at(context, builder, sig.args[2], args[2], args[3])
        vr, vi = _splat(builder, args[4]), builder.fneg(_splat(builder, args[5]))
        for offset in range(0, TAPS, LANES):
            part = _fma(builder, vr, _load(builder, shape, offset), _load(builder, target, offset))
            _store(builder, _fma(builder, vi, _load(builder, shape, TAPS + offset), part), target, offset)
        return context.get_dummy_value()

    return types.void(out, types.int64, pulse, types.int64, types.float32, types.float32), codegen


@_vector
def nearest16(_: Any, px: Any, py: Any, first: Any, x: Any, y: Any) -> Codegen:
    """Index (0 to 15) of the point of px, py[first:first + 16] that lies nearest to (x, y)."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        dx = builder.fsub(_splat(builder, args[3]), _load(builder, _at(context, builder, px, args[0], args[2]), 0))
        dy = builder.fsub(_splat(builder, args[4]), _load(builder, _at(context, builder, py, args[1], args[2]), 0))
        distance = _fma(builder, dx, dx, builder.fmul(dy, dy))
        least = _call(builder, f"llvm.vector.reduce.fmin.v{LANES}f32", F32, [distance], ("nnan",))
        ties = builder.bitcast(builder.fcmp_ordered("<=", distance, _splat(builder, least)), I16)
        return builder.zext(_call(builder, "llvm.cttz.i16", I16, [ties, ir.Constant(I1, 1)]), I64)

    return types.int64(px, py, types.int64, types.float32, types.float32), codegen


@_vector
def eight_bits(_: Any, bits: Any, first: Any) -> Codegen:
    """bits[first:first + 8], octets of 0 and 1, as one number; the first is the most significant."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.bitcast(_at(context, builder, sig.args[0], args[0], args[1]), I64.as_pointer())
        octets = builder.load(place)
        octets.align = 1
        spread = builder.mul(octets, ir.Constant(I64, 0x8040201008040201))
        return builder.lshr(spread, ir.Constant(I64, 56))

    return types.int64(bits, types.int64), codegen
