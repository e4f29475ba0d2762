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


def _halves(builder: Any, vector: Any, first: int, count: int) -> Any:
    lanes = ir.Constant(ir.VectorType(I32, count), list(range(first, first + count)))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), lanes)


def _sum_pair(builder: Any, a: Any, b: Any) -> list[Any]:
    """Sums of the lanes of *a* and of *b*, folded side by side from the second step on."""
    half = LANES // 2
    a = builder.fadd(_halves(builder, a, 0, half), _halves(builder, a, half, half))
    b = builder.fadd(_halves(builder, b, 0, half), _halves(builder, b, half, half))
    while half > 1:
        # [a's lower part, b's lower part] + [a's upper part, b's upper part]
        part = half // 2
        width = 2 * half
        low = [*range(part), *range(half, half + part)]
        high = [*range(part, half), *range(half + part, width)]
        kind = ir.VectorType(I32, half)
        both = builder.fadd(
            builder.shuffle_vector(a, b, ir.Constant(kind, low)), builder.shuffle_vector(a, b, ir.Constant(kind, high))
        )
        a, b, half = _halves(builder, both, 0, part), _halves(builder, both, part, part), part
    return [builder.extract_element(v, ir.Constant(I32, 0)) for v in (a, b)]


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
        return context.make_tuple(builder, sig.return_type, _sum_pair(builder, re, im))

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
        parts = _sum_pair(builder, builder.fsub(rr, ii), builder.fadd(ri, ir_))
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
def equalise_late32(_: Any, zr: Any, zi: Any, iz: Any, wr: Any, wi: Any, er: Any, ei: Any) -> Codegen:
    """The same as equalise32, then adapt32 with the values four before: the error of a symbol that is two back."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pzr, pzi, pwr, pwi = _complex_pair(context, builder, sig, args)
        vr, vi = _splat(builder, args[5]), _splat(builder, args[6])
        minus = builder.fneg(vr)
        rr = ii = ri = ir_ = _zero()
        for offset in range(0, TAPS, LANES):
            a, c = _load(builder, pzr, offset), _load(builder, pzi, offset)
            d, e = _load(builder, pwr, offset), _load(builder, pwi, offset)
            rr, ii = _fma(builder, a, d, rr), _fma(builder, c, e, ii)
            ri, ir_ = _fma(builder, a, e, ri), _fma(builder, c, d, ir_)
            a, c = _load(builder, pzr, offset - 4), _load(builder, pzi, offset - 4)
            _store(builder, _fma(builder, vi, c, _fma(builder, vr, a, d)), pwr, offset)
            _store(builder, _fma(builder, minus, c, _fma(builder, vi, a, e)), pwi, offset)
        parts = _sum_pair(builder, builder.fsub(rr, ii), builder.fadd(ri, ir_))
        return context.make_tuple(builder, sig.return_type, parts)

    return PAIR(zr, zi, types.int64, wr, wi, types.float32, types.float32), codegen


@_vector
def filter16(
    _: Any, x: Any, places: Any, first: Any, taps: Any, it: Any, turn: Any, ir_: Any, re: Any, im: Any,
    out: Any, to: Any,
) -> Codegen:  # fmt: skip
    """Sixteen complex filters at once, by lanes: x holds at places[n] + lane what the lane has for its sample n.

    out[to:] = real, out[to + 16:] = imaginary part of the sum over k of x at first + k times taps[it + k] + j
    taps[it + 32 + k], times re + j im, times the lane's turn[ir_ + lane] + j turn[ir_ + 16 + lane].
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointers = [_at(context, builder, sig.args[k], args[k], args[k + 1]) for k in (1, 3, 5, 9)]
        place, weights, turns, target = pointers
        lanes = _at(context, builder, sig.args[0], args[0], ir.Constant(I64, 0))
        sums = [_zero(), _zero(), _zero(), _zero()]
        for k in range(TAPS):
            at = builder.load(builder.gep(place, [ir.Constant(I64, k)]))
            value = builder.load(builder.bitcast(builder.gep(lanes, [at]), VECTOR.as_pointer()))
            value.align = 4
            for part in (0, 1):
                weight = builder.load(builder.gep(weights, [ir.Constant(I64, TAPS * part + k)]))
                slot = 2 * (k & 1) + part
                sums[slot] = _fma(builder, value, _splat(builder, weight), sums[slot])
        a, b = builder.fadd(sums[0], sums[2]), builder.fadd(sums[1], sums[3])
        for c, d in (
            (_splat(builder, args[7]), _splat(builder, args[8])),
            (_load(builder, turns, 0), _load(builder, turns, LANES)),
        ):
            minus = builder.fneg(builder.fmul(b, d))
            a, b = _fma(builder, a, c, minus), _fma(builder, a, d, builder.fmul(b, c))
        _store(builder, a, target, 0)
        _store(builder, b, target, LANES)
        return context.get_dummy_value()

    index, number = types.int64, types.float32
    return types.void(x, places, index, taps, index, turn, index, number, number, out, index), codegen


MIXED = 12
"""Values that `mix16` adds up."""


@_vector
def mix16(_: Any, re: Any, im: Any, first: Any, shapes: Any, at: Any, out: Any, to: Any) -> Codegen:
    """out[to:to + 16] = the sum over j of re[first + j] * shapes[at + 32 j:] - im[first + j] * shapes[at + 32 j + 16:].

    out is int16, rounded and limited.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pr, pi = (_at(context, builder, sig.args[k], args[k], args[2]) for k in (0, 1))
        shape = _at(context, builder, sig.args[3], args[3], args[4])
        sums = [_zero(), _zero()]
        for j in range(MIXED):
            for k, pointer in enumerate((pr, pi)):
                value = _splat(builder, builder.load(builder.gep(pointer, [ir.Constant(I64, j)])))
                value = builder.fneg(value) if k else value
                sums[k] = _fma(builder, value, _load(builder, shape, 32 * j + 16 * k), sums[k])
        total = builder.fadd(sums[0], sums[1])
        for name, limit in (("llvm.minnum", 32767.0), ("llvm.maxnum", -32768.0)):
            total = _call(builder, f"{name}.v{LANES}f32", VECTOR, [total, ir.Constant(VECTOR, [limit] * LANES)])
        total = _call(builder, f"llvm.rint.v{LANES}f32", VECTOR, [total])
        whole = builder.trunc(builder.fptosi(total, ir.VectorType(I32, LANES)), ir.VectorType(I16, LANES))
        place = _at(context, builder, sig.args[5], args[5], args[6])
        builder.store(whole, builder.bitcast(place, whole.type.as_pointer()), align=2)
        return context.get_dummy_value()

    return types.void(re, im, types.int64, shapes, types.int64, out, types.int64), codegen


@_vector
def widen16(_: Any, x: Any, ix: Any, out: Any, to: Any) -> Codegen:
    """out[to:to + 16], float32 = x[ix:ix + 16], int16."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(I16, LANES)
        place = _at(context, builder, sig.args[0], args[0], args[1])
        value = builder.load(builder.bitcast(place, kind.as_pointer()))
        value.align = 2
        target = _at(context, builder, sig.args[2], args[2], args[3])
        _store(builder, builder.sitofp(builder.sext(value, ir.VectorType(I32, LANES)), VECTOR), target, 0)
        return context.get_dummy_value()

    return types.void(x, types.int64, out, types.int64), codegen


@_vector
def copy16(_: Any, x: Any, ix: Any, out: Any, to: Any) -> Codegen:
    """out[to:to + 16] = x[ix:ix + 16], float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = _load(builder, _at(context, builder, sig.args[0], args[0], args[1]), 0)
        _store(builder, value, _at(context, builder, sig.args[2], args[2], args[3]), 0)
        return context.get_dummy_value()

    return types.void(x, types.int64, out, types.int64), codegen


@_vector
def power8(_: Any, x: Any, ix: Any) -> Codegen:
    """Sum of the squares of x[ix:ix + 8]."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(F32, 8)
        place = _at(context, builder, sig.args[0], args[0], args[1])
        value = builder.load(builder.bitcast(place, kind.as_pointer()))
        value.align = 4
        square = builder.fmul(value, value)
        return _call(builder, "llvm.vector.reduce.fadd.v8f32", F32, [ir.Constant(F32, 0.0), square], FAST)

    return types.float32(x, types.int64), codegen


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


@_vector
def put_bits(_: Any, bits: Any, first: Any, word: Any) -> Codegen:
    """bits[first:first + 8] = the eight bits of *word*, an octet of 0 or 1 each, the most significant first."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        every = builder.mul(args[2], ir.Constant(I64, 0x0101010101010101))
        one_each = builder.and_(every, ir.Constant(I64, 0x0102040810204080))
        carried = builder.add(one_each, ir.Constant(I64, 0x7F7E7C7870604000))
        octets = builder.and_(builder.lshr(carried, ir.Constant(I64, 7)), ir.Constant(I64, 0x0101010101010101))
        place = _at(context, builder, sig.args[0], args[0], args[1])
        builder.store(octets, builder.bitcast(place, I64.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(bits, types.int64, types.int64), codegen
