"""WAV files of every kind, files that are none, and the command."""

import json
import struct
import wave
from random import Random

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import tiff
from rig.analysis import capture_write, present, wav
from rig.analysis.decode import decode, decode_recording
from rig.analysis.page import html
from rig.analysis.recording import UnreadableError
from rig.analysis.resample import to_8k
from rig.cli import app

from .calls import SHORT, decoded, hashes, heard_pages, names, recorded
from .test_network import ONE

RUNNER = CliRunner()


def riff(tag, bits, rate_hz, data, channels=2, extensible=False):
    align = channels * bits // 8
    body = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * align, align, bits)
    if extensible:
        body += struct.pack("<HHIH14s", 22, bits, 3, tag, b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71")
    chunks = struct.pack("<4sI", b"LIST", 3) + b"odd\0" + struct.pack("<4sI", b"fmt ", len(body)) + body
    chunks += struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def both():
    said, answered = recorded()
    return np.stack((answered, said), axis=1)


def whole(octets):
    found = decode(octets, "call.wav")
    assert heard_pages(found) == hashes(SHORT)
    assert found.verdict.ok
    return found


# -- kinds of samples --------------------------------------------------------------------------------------------------


def test_16_bits_as_the_standard_library_writes_them(tmp_path):
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(both().astype("<i2").tobytes())
    found = whole((tmp_path / "call.wav").read_bytes())
    assert found.recording.facts["Audio"].startswith("WAV, 16 bit, 8000 Hz, stereo")
    assert (tmp_path / "call.wav").read_bytes() == wav.write(list(both().T))


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("kind", ["24", "32", "float", "double", "A-law", "mu-law", "16"])
def test_every_kind_of_sample(kind, extensible):
    rows = both()
    if kind in ("A-law", "mu-law"):
        codec = Codec.PCMA if kind == "A-law" else Codec.PCMU
        octets = riff(6 if kind == "A-law" else 7, 8, 8000, codec.encode(np.ascontiguousarray(rows).reshape(-1)))
    elif kind == "24":
        wide = (rows.astype("<i4") << 8).reshape(-1, 1).view(np.uint8)[:, :3]
        octets = riff(1, 24, 8000, wide.tobytes(), extensible=extensible)
    elif kind in ("float", "double"):
        real = (rows / 32768).astype("<f4" if kind == "float" else "<f8")
        octets = riff(3, 8 * real.itemsize, 8000, real.tobytes(), extensible=extensible)
    else:
        bits = int(kind)
        octets = riff(1, bits, 8000, (rows.astype(f"<i{bits // 8}") << (bits - 16)).tobytes(), extensible=extensible)
    whole(octets)


def test_8_bits_are_enough_for_v27ter():
    said, answered = recorded((("modems", ("V.27ter",)),))
    rows = np.stack((answered, said), axis=1).astype(np.int32) * 2  # 6 dB louder: 8 bits are few
    whole(riff(1, 8, 8000, ((rows >> 8) + 128).clip(0, 255).astype(np.uint8).tobytes()))


def resampled(samples, rate_hz):
    """By numpy's FFT: nothing in common with the resampler under test."""
    count = len(samples) * rate_hz // 8000
    spectrum = np.fft.rfft(samples.astype(np.float64))
    return np.fft.irfft(spectrum[: count // 2 + 1], count) * count / len(samples)


@pytest.mark.parametrize("rate_hz", [7350, 11025, 16000, 22050, 32000, 44100, 48000, 96000])
def test_every_rate(rate_hz):
    said, answered = (audio[: len(audio) // 8000 * 8000] for audio in recorded())
    rows = np.stack([resampled(audio, rate_hz) for audio in (answered, said)], axis=1)
    found = whole(riff(1, 16, rate_hz, np.clip(np.rint(rows), -32768, 32767).astype("<i2").tobytes()))
    ticks = [signal.start / 8000 for signal in decoded(said, answered).signals]
    assert [signal.start / 8000 for signal in found.signals] == pytest.approx(ticks, abs=0.006)


@pytest.mark.parametrize("rate_hz", [8001, 12000, 44100])
def test_a_tone_keeps_its_place_and_its_level(rate_hz):
    n = np.arange(rate_hz)
    tone = (10000 * np.sin(2 * np.pi * 1000 * n / rate_hz)).astype(np.float32)
    found = to_8k(tone, rate_hz)
    assert len(found) == 8000
    wanted = 10000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    assert np.abs(found - wanted)[100:-100].max() < 30
    above = (10000 * np.sin(2 * np.pi * 5500 * n / rate_hz)).astype(np.float32)
    assert rate_hz < 11_500 or np.abs(to_8k(above, rate_hz)[100:-100]).max() < 30


def test_a_file_that_is_cut_off_is_read_to_its_end():
    octets = wav.write(list(both().T))
    found = decode(octets[: len(octets) * 2 // 3], "call.wav")
    assert any("cut off" in note for note in found.recording.notes)
    assert names(found)[:4] == [">CNG", "<CED", "<CSI DIS", ">TSI DCS"]
    assert found.exit_code == 1


def test_channels_that_are_one():
    said, answered = recorded()
    mixed = (said.astype(np.int32) + answered).clip(-32768, 32767).astype(np.int16)
    found = whole(wav.write([mixed, mixed]))
    assert "both channels hold the same" in found.recording.notes[0]
    found = whole(wav.write([np.zeros(len(mixed), np.int16), mixed]))
    assert "the left channel is silent" in found.recording.notes
    found = whole(wav.write([answered, said, mixed]))
    assert "of 3 channels only the first two are decoded" in found.recording.notes


# -- files that are none -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "neither a WAV nor a pcap"),
        (b"RIFF\0\0\0\0WAVE", "ends at octet 12 without samples"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "samples before their format"),
        (riff(1, 16, 8000, b""), "holds no samples"),
        (riff(1, 16, 100, b"ab" * 8), "at 100 Hz cannot be decoded"),
        (riff(85, 16, 8000, b"ab" * 8), "format 85"),
        (b"\xd4\xc3\xb2\xa1", "head is cut off"),
    ],
)
def test_what_cannot_be_read_says_why(octets, words):
    with pytest.raises(UnreadableError, match=words):
        decode(octets, "x")


def endure(octets):
    try:
        found = decode(octets, "x")
    except UnreadableError:
        return
    present.text(found)
    json.loads(present.plain(found))


def damaged(octets, random):
    spoilt = bytearray(octets)
    for _ in range(random.randrange(1, 12)):
        spoilt[random.randrange(min(len(spoilt), random.choice((64, 400, len(spoilt)))))] = random.randrange(256)
    return bytes(spoilt[: random.randrange(len(spoilt))]) if random.random() < 0.5 else bytes(spoilt)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_raise_nothing(seed):
    random = Random(seed)
    short = both()[: 8000 * 4]
    endure(damaged(wav.write(list(short.T)), random))
    endure(damaged(capture_write.write([ONE] * 30), random))
    front = random.choice((b"", b"RIFF\0\0\0\0WAVE", b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\xa1\xb2\x3c\x4d"))
    endure(front + random.randbytes(random.randrange(2000)))


def test_random_samples_raise_nothing():
    for seed in range(4):
        random = np.random.default_rng(seed)
        audio = random.integers(-32768, 32767, (24000, 2)).astype(np.int16)
        endure(wav.write(list(audio.T)))


# -- the command -------------------------------------------------------------------------------------------------------


def run(*arguments):
    return RUNNER.invoke(app, ["decode", *map(str, arguments)])


def test_the_command(tmp_path):
    (tmp_path / "call.wav").write_bytes(wav.write(list(both().T)))
    done = run(tmp_path / "call.wav", "--pages", tmp_path / "pages", "--html", tmp_path / "call.html")
    assert done.exit_code == 0, done.output
    assert "-> TSI DCS (V.17 14400, JBIG, standard, ECM)" in done.output
    assert done.output.endswith("2 pages confirmed, every row and frame of which was read here.\n")
    saved = tiff.read((tmp_path / "pages/pages.tif").read_bytes())
    assert hashes(entry.page for entry in saved) == hashes(SHORT)
    for number, page in enumerate(SHORT, 1):
        single = tiff.read((tmp_path / f"pages/page-{number:03}.tif").read_bytes())
        assert hashes(entry.page for entry in single) == [page.hash]
        with Image.open(tmp_path / f"pages/page-{number:03}.png") as picture:
            assert picture.size == (page.width_px, page.height_px)
    text = (tmp_path / "call.html").read_text()
    assert "SUCCEEDED" in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_json_alone(tmp_path):
    (tmp_path / "call.wav").write_bytes(wav.write(list(both().T)))
    done = run(tmp_path / "call.wav", "--json")
    found = json.loads(done.stdout)
    assert (found["version"], found["result"], found["cause"]) == (1, "succeeded", "ok")
    assert [page["hash"] for page in found["pages"]] == hashes(SHORT)
    assert [line["kind"] for line in found["ladder"]][:3] == ["CNG", "CED", "V.21"]
    assert all(measure["ok"] for measure in found["measures"])


def test_exit_codes(tmp_path):
    half = both()[: 8000 * 6]
    (tmp_path / "half.wav").write_bytes(wav.write(list(half.T)))
    assert run(tmp_path / "half.wav").exit_code == 1
    (tmp_path / "silent.wav").write_bytes(wav.write([np.zeros(8000, np.int16)]))
    done = run(tmp_path / "silent.wav")
    assert (done.exit_code, "no fax in it" in done.output) == (3, True)
    (tmp_path / "text.wav").write_text("hello")
    done = run(tmp_path / "text.wav")
    assert done.exit_code == 2
    assert "text.wav: neither a WAV nor a pcap file" in done.output
    assert run(tmp_path / "nowhere.wav").exit_code == 2
    assert run(tmp_path).exit_code == 2
    done = run(tmp_path / "half.wav", "--html", tmp_path / "no" / "x.html")
    assert (done.exit_code, "cannot be written" in done.output) == (2, True)


def test_what_peers_say_is_escaped():
    found = decoded(*recorded())
    burst = next(signal for signal in found.signals if signal.controls)
    burst.text = "<script>alert(1)</script>\x1b[2J"
    assert "<script>alert" not in html(found)
    assert "\x1b" not in present.text(found)
    assert present.ladder(found).lines[2].text.startswith("<script>")


def test_a_recording_can_be_decoded_twice():
    found = decoded(*recorded())
    assert present.plain(decode_recording(found.recording)) == present.plain(found)
