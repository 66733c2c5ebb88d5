"""A headless Chromium, and a visitor of the page in it."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import TOKEN, Backend, running
from PIL import Image
from reverie.engine.result import Result
from reverie.events import Cancelled, Preview, Progress, Started
from reverie.tools import estimate
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

LAST_LOOK = ".tiles:last-of-type label:last-child img"
BLUE, ORANGE = (40, 80, 160), (215, 175, 95)
PATIENCE = 30.0  # seconds
ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
_SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1366,768",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[webdriver.Chrome]:
    """Skipped where there is none, but not in the continuous integration, which has installed it."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver) and os.environ.get("CI") != "true":
        pytest.skip("needs a browser: `apt install chromium chromium-driver` (tests/server/chromium.sh)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for switch in (*_SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        chrome.execute_cdp_cmd("Network.enable", {})
        # A file is given to the page, and no dialog of the system's is opened for it.
        chrome.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": True})
        yield chrome
    finally:
        chrome.quit()


class Visitor:
    """What somebody who has opened the page does and sees."""

    def __init__(self, chrome: webdriver.Chrome, backend: Backend, downloads: Path, token: str = TOKEN) -> None:
        self.chrome, self.backend, self.downloads = chrome, backend, downloads
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        chrome.get("about:blank")
        chrome.get_log("performance")  # what was before is not this page's
        chrome.get(f"http://127.0.0.1:{backend.port}/#token={token}")

    def see(self, selector: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, selector)

    def shows(self, selector: str) -> bool:
        return self.see(selector).is_displayed()

    def until(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited {PATIENCE} s in vain for {what}; the page says: {self.alert()}"
            time.sleep(0.05)

    def until_shown(self, selector: str) -> None:
        self.until(lambda: self.shows(selector), f"{selector} to be shown")

    def alert(self) -> str:
        return self.see("#alert").text

    def until_alert(self, words: str) -> None:
        self.until(lambda: words in self.alert(), f"“{words}”")

    def script(self, code: str, *values: Any) -> Any:
        return self.chrome.execute_script(code, *values)

    def give(self, photo: Path) -> None:
        """Chooses a photo, and waits until it is there."""
        self.until(lambda: len(self.looks()) > 10, "the looks")
        self.see("#file").send_keys(str(photo))
        self.until(lambda: photo.name in self.see("#name").text, "the photo")
        self.until(self.is_free, "the photo to be sent")

    def is_free(self) -> bool:
        return self.see("#paint").get_attribute("aria-disabled") == "false" and self.see("#paint").is_enabled()

    def looks(self) -> list[str]:
        return self.script("return [...document.querySelectorAll('.tiles label')].map((each) => each.innerText.trim())")

    def choose(self, look: str) -> None:
        for tile in self.chrome.find_elements(By.CSS_SELECTOR, ".tiles label"):
            if tile.text.strip() == look:
                tile.click()

    def set_method(self, method: str) -> None:
        if not self.script("return document.querySelector('details').open"):
            self.see("summary").click()
        self.see(f"[value={method}]").click()

    def paint(self) -> None:
        self.see("#paint").click()

    def press(self, *keys: str) -> None:
        self.chrome.switch_to.active_element.send_keys(*keys)

    def tab_to(self, selector: str) -> None:
        """Goes on to it with the tab key alone."""
        for _ in range(40):
            if self.script("return document.activeElement?.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the tab key does not lead to {selector}")

    def shot(self, selector: str, name: str) -> np.ndarray:
        """What is seen of an element on the screen, H×W×3; the picture is kept as `page-NAME.png`."""
        ARTEFACTS.mkdir(exist_ok=True)
        file = ARTEFACTS / f"page-{name}.png"
        file.write_bytes(self.see(selector).screenshot_as_png)
        with Image.open(file) as seen:
            return np.asarray(seen.convert("RGB"))

    def split(self) -> float:
        """The percentage of the picture on which the photo is shown."""
        clip = self.script("return getComputedStyle(document.querySelector('#after')).clipPath")
        return float(clip.removesuffix("%)").split()[-1]) if "%" in clip else 0.0

    def downloaded(self) -> Path:
        self.until(lambda: list(self.downloads.glob("*.png")), "the download")
        (file,) = self.downloads.glob("*.png")
        return file

    def asked(self) -> list[str]:
        """The addresses that were asked for since the page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def newest(self, **recipe: Any) -> dict[str, Any]:
        """The newest job whose recipe says so."""
        jobs = self.backend.client.get("/v1/jobs").json()["jobs"]
        return next(job for job in jobs if recipe.items() <= job["recipe"].items())

    def colour(self, selector: str) -> tuple[int, int, int]:
        """What is in the middle of a picture of the page."""
        code = """
        const image = document.querySelector(arguments[0]);
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.drawImage(image, image.naturalWidth / 2, image.naturalHeight / 2, 1, 1, 0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        """
        return tuple(self.script(code, selector))


class Negative:
    """Stands in for the engine: the painting is the photo's negative, there at once, or, of what has a longer side than
    `longest`, when it is released."""

    def __init__(self) -> None:
        self.longest = 224  # of what looks are painted on
        self.release = threading.Event()
        self.release.set()

    def __call__(self, recipe, content, pictures, *, device, report, stop, adjust) -> Result:
        report(Started("cpu", "stand-in", 10))
        report(Progress(5, 10, 8, 6, 1.5, 0.5, 42.0))
        painting = (1 - content[:, :, :3]).astype(np.float32)
        report(Preview(painting))
        while max(content.shape) > self.longest and not self.release.wait(0.01) and not stop():
            if (wish := adjust()) and wish.finish:
                break
        if stop():
            raise Cancelled
        return Result(painting, recipe, "stand-in", "cpu", 0.5)


@pytest.fixture
def known_times(monkeypatch) -> None:
    """How long it takes is not measured here."""
    monkeypatch.setattr(estimate, "known", lambda *_: 42.0)


@pytest.fixture
def photo(tmp_path) -> Path:
    """A blue photo, 320×240: larger than what looks are painted on."""
    Image.new("RGB", (320, 240), BLUE).save(tmp_path / "lake.png")
    return tmp_path / "lake.png"


@pytest.fixture(scope="module", name="backend")
def backend_fixture() -> Iterator[Backend]:
    with running(Negative(), with_page=True) as backend:
        yield backend


@pytest.fixture
def visitor(chromium, backend, known_times, tmp_path) -> Visitor:
    backend.worker.forget_finished()  # else what another test has been shown would come at once
    backend.render.release.set()
    backend.render.longest = 224
    (tmp_path / "downloads").mkdir()
    return Visitor(chromium, backend, tmp_path / "downloads")
