"""A small client for Chromium: its DevTools protocol over two pipes, so that no port and no web socket is needed."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Chromium:
    """One page. *flags* are added to the usual ones; the profile is new, in *folder*."""

    def __init__(self, folder: Path, width: int, height: int, flags: tuple[str, ...] = ()) -> None:
        there, self._out = os.pipe()
        self._in, back = os.pipe()
        command = [str(PROGRAM), *FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe"]
        # The protocol is spoken on descriptors 3 and 4, whatever numbers the pipes have here.
        shell = f'exec 3<&{there} 4>&{back}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command, "about:blank"], pass_fds=(there, back), stderr=subprocess.DEVNULL
        )
        os.close(there)
        os.close(back)
        self._count, self._buffer, self._session = 0, b"", ""
        self.faults: list[str] = []
        targets = self._ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        self._ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def open(self, address: str) -> None:
        self._ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is awaited."""
        said = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def until(self, script: str, within_s: float = 20) -> Any:
        """Runs an expression again and again until its value is true."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"not within {within_s} s: {script}\n{self.run('document.body.innerText')}\n{self.faults}")

    def files(self, selector: str, path: Path) -> None:
        """Chooses a file in a file input."""
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        node = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._ask("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def save_downloads(self, folder: Path) -> None:
        self._ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def screenshot(self, path: Path) -> None:
        shot = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _ask(self, method: str, **params: Any) -> Any:
        self._count += 1
        number = self._count
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._notice(answer)

    def _notice(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.faults.append(str(event["params"]["exceptionDetails"].get("exception", event["params"])))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["source"] in (
            "security",
            "javascript",
            "violation",
        ):
            self.faults.append(event["params"]["entry"]["text"])
        if event.get("method") == "Page.javascriptDialogOpening":
            self._count += 1
            accept = {"id": self._count, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            os.write(self._out, json.dumps({**accept, "sessionId": self._session}).encode() + b"\0")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], 60)
            data = os.read(self._in, 1 << 20) if ready else b""
            assert data, "Chromium does not answer"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)
