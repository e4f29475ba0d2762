"""The report in Chromium: it fits a phone, its script runs, and nothing in it is reported as an error."""

import re
import shutil
import subprocess
from html import escape

import pytest

from rig.report.html import html
from tests.report import sample

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

PROBE = """
<iframe id="page" style="width: {width}px; height: 900px; border: 0" srcdoc="{page}"></iframe><pre id="result"></pre>
<script>
page.addEventListener("load", () => {{
  const document = page.contentDocument, count = (what) => document.querySelectorAll(what).length;
  const log = document.querySelector("details.log"), box = log.querySelector("input");
  log.open = true;
  box.value = "dcs 14400";
  box.dispatchEvent(new page.contentWindow.Event("input"));
  const images = [...document.images].filter((image) => image.complete && image.naturalWidth === 1728).length;
  const shape = document.images[0].getBoundingClientRect();
  result.textContent = [document.documentElement.scrollWidth, images, count(".log tbody tr:not([hidden])"),
    box.offsetParent !== null, (shape.height / shape.width).toFixed(2)].join(" ");
}});
</script>
"""


def probe(folder, width: int) -> str:
    """Scroll width, pictures drawn, log lines left by the filter, whether the filter is seen, height over width."""
    (folder / "probe.html").write_text(PROBE.format(width=width, page=escape(html(sample.run()), quote=True)))
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"]
    command += [(folder / "probe.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "CONSOLE" not in done.stderr
    (result,) = re.findall(r'<pre id="result">(.*?)</pre>', done.stdout)
    return result


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_works(tmp_path, width):
    scroll_width, images, lines, filter_is_seen, shape = probe(tmp_path, width).split()
    assert width - 20 <= int(scroll_width) <= width  # a scroll bar takes its part
    assert int(images) == 5
    assert (int(lines), filter_is_seen) == (1, "true")
    assert float(shape) == pytest.approx(297 / 215, abs=0.02)
