"""The page in Chromium at a phone's width: typing, a photo, a camera on a label, and a network that goes away."""

import csv
import multiprocessing
import os
import socket
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from tests.identity import labels
from tests.identity.chromium import PROGRAM, Chromium

pytestmark = [pytest.mark.browser, pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")]
PHONE, DESK = (390, 844), (1280, 900)
VERDICT = "document.getElementById('verdict').textContent"
THUMB_PX = 48


def served(port: int) -> None:
    import uvicorn

    from rig.identity.api import create_app

    uvicorn.run(create_app(date.today), host="127.0.0.1", port=port, log_level="critical")


class Server:
    """In a process of its own, so that it can be taken away and come back at the same address."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self._process = None

    def start(self) -> None:
        self._process = multiprocessing.get_context("spawn").Process(target=served, args=(self.port,), daemon=True)
        self._process.start()
        for _ in range(400):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
                return
            self._process.join(0.05)
        raise AssertionError("the page's server did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


@pytest.fixture(scope="module")
def server():
    one = Server()
    one.start()
    yield one
    one.stop()


@contextmanager
def browser(folder: Path, size: tuple[int, int], *flags: str):
    one = Chromium(folder, *size, flags)
    try:
        yield one
        assert one.faults == []
    finally:
        one.close()


def shot(page: Chromium, name: str) -> None:
    """Kept when someone wants to look: RIG_SCREENSHOTS=folder."""
    if os.environ.get("RIG_SCREENSHOTS"):
        page.screenshot(Path(os.environ["RIG_SCREENSHOTS"]) / f"{name}.png")


def enter(page: Chromium, **values: str) -> None:
    page.run("document.getElementById('clear').click()")
    for name, value in values.items():
        page.run(f"document.getElementById({name!r}).value = {value!r}")
    page.run("document.getElementById('form').requestSubmit()")


def label() -> labels.Label:
    return next(one for one in (labels.draw(Random(seed)) for seed in "abcdefgh") if len(one.codes) == 3)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "label.jpg"
    path.write_bytes(labels.jpeg(labels.photo(label(), Random(2))))
    return path


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_typing_gives_each_verdict(server, tmp_path, size):
    with browser(tmp_path, size) as page:
        page.open(server.address)
        shot(page, f"{size[0]}-empty")
        for word, values in {
            "Valid": {"serial": "FCH2443D9R4", "mac": "00:02:FD:12:34:56"},
            "Plausible": {"serial": "cbt 1411-00hr"},
            "Unknown": {"serial": "3146018091637184", "vendor": "Yealink"},
            "Inconsistent": {"serial": "FCH2443D9R4", "mac": "C0:74:AD:26:49:4A", "model": "ATA191"},
        }.items():
            enter(page, **values)
            page.until(f"{VERDICT}.includes({word!r})")
            shot(page, f"{size[0]}-{word.lower()}")
        assert "belongs to Grandstream" in page.run("document.getElementById('reason').textContent")
        assert page.run("document.querySelectorAll('#rows li').length") == 4
        assert page.run("document.documentElement.scrollWidth") <= size[0]
        small = "[...document.querySelectorAll('button, input:not([type=file]), summary, .button')]"
        small += f".filter((one) => one.offsetParent && one.getBoundingClientRect().height < {THUMB_PX}).length"
        assert page.run(small) == 0


def test_what_cannot_be_read_is_said(server, tmp_path):
    with browser(tmp_path, PHONE) as page:
        page.open(server.address)
        enter(page, serial="FCH2443D9R4", mac="nonsense")
        assert "is not a MAC" in page.until("document.getElementById('message').textContent")
        assert page.run("document.activeElement.id") == "mac"
        shot(page, "390-message")
        enter(page, serial="<img src=x onerror=alert(1)>")
        page.until(f"{VERDICT}.includes('Unknown')")
        assert page.run("document.querySelectorAll('img').length") == 0


def test_a_photo_is_read_and_the_list_exported(server, tmp_path, photo):
    with browser(tmp_path, PHONE) as page:
        page.save_downloads(tmp_path)
        page.open(server.address)
        page.files("#photo", photo)
        page.until(f"document.getElementById('judged').textContent.includes({label().adapter.serial!r})")
        shot(page, "390-photo")
        page.run("document.getElementById('export').click()")
        rows = list(csv.DictReader(wait_for(tmp_path, "adapters-*.csv").read_text("utf-8-sig").splitlines()))
        assert [(row["serial"], row["MAC"]) for row in rows] == [(label().adapter.serial, label().adapter.mac)]
        page.run("document.getElementById('forget').click()")
        page.until("document.querySelectorAll('#rows li').length === 0")


def wait_for(folder: Path, pattern: str) -> Path:
    waiting = multiprocessing.Event()
    for _ in range(200):
        found = [path for path in folder.glob(pattern) if path.stat().st_size]
        if found:
            return found[0]
        waiting.wait(0.05)
    raise AssertionError(f"no {pattern} in {folder}")


def film(picture: Image.Image, path: Path) -> None:
    """A few equal frames, as a camera that is held still would show them."""
    frame = picture.convert("L").resize((1280, 960))
    grey, colour = np.asarray(frame).tobytes(), bytes([128]) * (640 * 480 * 2)
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W1280 H960 F10:1 Ip A1:1 C420jpeg\n")
        for _ in range(3):
            file.write(b"FRAME\n" + grey + colour)


def test_the_camera_is_held_onto_a_label(server, tmp_path):
    film(labels.photo(label(), Random(2)), tmp_path / "label.y4m")
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags += [f"--use-file-for-fake-video-capture={tmp_path / 'label.y4m'}"]
    with browser(tmp_path, PHONE, *flags) as page:
        page.open(server.address)
        page.run("document.getElementById('scan').click()")
        page.until("document.getElementById('seen').textContent.startsWith('Seen')")
        shot(page, "390-camera")
        page.until(f"document.getElementById('judged').textContent.includes({label().adapter.serial!r})")
        assert page.run(
            "document.getElementById('camera').hidden && document.getElementById('video').srcObject === null"
        )
        page.run("document.getElementById('scan').click()")
        page.until("document.getElementById('video').srcObject !== null")
        page.run("document.getElementById('stop').click()")
        page.until("document.getElementById('camera').hidden && document.getElementById('video').srcObject === null")


def test_without_a_camera_the_page_says_what_to_do(server, tmp_path):
    with browser(tmp_path, PHONE) as page:
        page.open(server.address)
        page.run("document.getElementById('scan').click()")
        assert "Use Photo" in page.until("document.getElementById('message').textContent")


def test_the_page_works_while_the_network_is_away(tmp_path, photo):
    server = Server()
    server.start()
    try:
        with browser(tmp_path, PHONE) as page:
            page.open(server.address)
            page.run("navigator.serviceWorker.ready.then(() => true)")
            page.until("caches.keys().then((names) => names.length === 1)")
            server.stop()
            page.open(server.address)
            page.until("!document.getElementById('network').hidden")
            enter(page, serial="FCH2443D9R4", mac="0002FD123456")
            page.until(f"{VERDICT}.includes('Valid')")
            page.files("#photo", photo)
            page.until("document.getElementById('waiting').textContent.startsWith('1 photo')")
            shot(page, "390-away")
            page.open(server.address)
            page.until("!document.getElementById('waiting').hidden")
            server.start()
            page.until("document.getElementById('waiting').hidden && document.getElementById('network').hidden")
            page.until("document.querySelectorAll('#rows li').length === 2")
            assert label().adapter.serial in page.run("document.getElementById('rows').textContent")
            shot(page, "390-back")
    finally:
        server.stop()
