# ruff: noqa: SIM905 (a table is read best as printed)
"""The code words of T.4 and T.6 for runs, as printed: first bit first. These are kernel tables: see `dsp.kernels`.

The set for each colour is prefix-free, and no row made of them has eleven zeros before a one: that is EOL's alone.
"""

import numpy as np
from numpy.typing import NDArray

WHITE_TERMINATING = """
    00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010
    101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010
    00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010
    00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100
    00100101 01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100
""".split()
WHITE_MAKE_UP = """
    11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101
    011010010 011010011 011010100 011010101 011010110 011010111 011011000 011011001 011011010 011011011
    010011000 010011001 010011010 011000 010011011
""".split()
BLACK_TERMINATING = """
    0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000
    0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111
    00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 000001101001 000001101010
    000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111 000001101100
    000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100
    000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000
    000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111
""".split()
BLACK_MAKE_UP = """
    0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100
    0000001101101 0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011
    0000001110100 0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100
    0000001010101 0000001011010 0000001011011 0000001100100 0000001100101
""".split()
EXTENDED_MAKE_UP = """
    00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
    000000010111 000000011100 000000011101 000000011110 000000011111
""".split()
"""For both colours: 1792, 1856 and on to 2560."""

EOL_BITS = 12
RTC_EOLS = 6
WHITE, BLACK = 0, 1
LONGEST = 13
"""Bits of the longest code word."""


def code_words(colour: int) -> list[str]:
    """Number n is the code for a run of n, and number 63 + n, from n = 1 on, the make-up code for a run of 64 n."""
    if colour == WHITE:
        return WHITE_TERMINATING + WHITE_MAKE_UP + EXTENDED_MAKE_UP
    return BLACK_TERMINATING + BLACK_MAKE_UP + EXTENDED_MAKE_UP


def run_of(number: int) -> int:
    return number if number < 64 else (number - 63) * 64


def _encoding() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Value and length of each code word: two arrays of shape (2, 104)."""
    words = [code_words(colour) for colour in (WHITE, BLACK)]
    value = np.array([[int(word, 2) for word in row] for row in words], dtype=np.int64)
    return value, np.array([[len(word) for word in row] for row in words], dtype=np.int64)


def _decoding() -> NDArray[np.int32]:
    """For each colour and the next 13 bits: 16 times the run, plus its code word's length; 0 where there is none."""
    table = np.zeros((2, 1 << LONGEST), dtype=np.int32)
    for colour in (WHITE, BLACK):
        for number, word in enumerate(code_words(colour)):
            spare = LONGEST - len(word)
            first = int(word, 2) << spare
            table[colour, first : first + (1 << spare)] = run_of(number) << 4 | len(word)
    return table


VALUE, LENGTH = _encoding()
DECODE = _decoding()

# -- two-dimensional (T.4 4.2, T.6) ------------------------------------------------------------------------------------

VERTICAL = "0000010 000010 010 1 011 000011 0000011".split()
"""Three to the left of b1, and on to three to the right."""
HORIZONTAL, PASS = 1, 1
"""Three bits and four."""
HORIZONTAL_BITS, PASS_BITS = 3, 4
VERTICAL_VALUE = np.array([int(word, 2) for word in VERTICAL], dtype=np.int64)
VERTICAL_LENGTH = np.array([len(word) for word in VERTICAL], dtype=np.int64)

# -- tables that save look-ups -----------------------------------------------------------------------------------------

LONGEST_RUN = 2560
WHOLE_RUNS = LONGEST_RUN + 64


def _whole_runs() -> NDArray[np.int64]:
    """For each colour and each run below 2624: its code, make-up and all, << 5, plus its length (26 bits at most)."""
    table = np.zeros((2, WHOLE_RUNS), dtype=np.int64)
    for colour in (WHITE, BLACK):
        for run in range(WHOLE_RUNS):
            words = [run & 63] if run < 64 else [63 + (run >> 6), run & 63]
            value = length = 0
            for number in words:
                value = value << int(LENGTH[colour, number]) | int(VALUE[colour, number])
                length += int(LENGTH[colour, number])
            table[colour, run] = value << 5 | length
    return table


def _pairs() -> NDArray[np.int32]:
    """For each colour and the next 13 bits that are a run below 64 and one of the other colour: the second run << 16,
    plus the first << 8, plus the length of both codes; 0 where they are not."""
    table = np.zeros((2, 1 << LONGEST), dtype=np.int32)
    for colour in (WHITE, BLACK):
        firsts, seconds = code_words(colour)[:64], code_words(1 - colour)[:64]
        for first, word in enumerate(firsts):
            for second, other in enumerate(seconds):
                both = word + other
                spare = LONGEST - len(both)
                if spare >= 0:
                    begin = int(both, 2) << spare
                    table[colour, begin : begin + (1 << spare)] = second << 16 | first << 8 | len(both)
    return table


def _verticals() -> NDArray[np.int64]:
    """For the next 12 bits: the vertical modes that lie whole among them, six at most, each as its place in VERTICAL
    plus one in four bits, the first mode lowest; all that << 4, plus their length; 0 where there is none."""
    table = np.zeros(1 << VERTICALS_BITS, dtype=np.int64)
    for index in range(1 << VERTICALS_BITS):
        bits, found, used = f"{index:0{VERTICALS_BITS}b}", 0, 0
        for number in range(MOST_VERTICALS):
            place = next((place for place, word in enumerate(VERTICAL) if bits.startswith(word, used)), None)
            if place is None:
                break
            found |= (place + 1) << 4 * number
            used += len(VERTICAL[place])
        table[index] = found << 4 | used
    return table


VERTICALS_BITS = 12
MOST_VERTICALS = 6
VERTICALS = _verticals()
RUNS = _whole_runs()
PAIRS = _pairs()
