"""The page, as somebody uses it in a browser. What goes wrong there is in test_page_breaks.py."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import base64

import numpy as np
import pytest
from browser import BLUE, LAST_LOOK, ORANGE, Visitor, backend_fixture, chromium, known_times, photo, visitor  # noqa: F401
from live import running
from PIL import Image
from reverie.engine.render import render
from reverie.networks import registry
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys


@pytest.mark.skipif(not registry.available(), reason="needs the weights of a network, and there are none here")
def test_a_photo_is_painted_in_a_chosen_look_compared_and_downloaded(chromium, known_times, tmp_path):
    """With the engine itself."""
    samples = np.random.default_rng(4).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(samples).resize((96, 72), Image.Resampling.BICUBIC).save(tmp_path / "noise.png")
    (tmp_path / "downloads").mkdir()
    with running(render, with_page=True) as backend:
        visitor = Visitor(chromium, backend, tmp_path / "downloads")
        visitor.give(tmp_path / "noise.png")
        visitor.choose("Stained glass")
        assert visitor.see("#description").text == "Glowing panes between dark lead."
        visitor.set_method("instant")
        visitor.see("#strength input").send_keys(Keys.END)  # which no look has
        visitor.until(lambda: visitor.see("#hint").text == "It takes about 40 seconds.", "the estimate")
        visitor.paint()
        visitor.until_shown("#download")
        visitor.see("#download").click()
        file = visitor.downloaded()
        assert file.name == "noise – Stained glass.png"
        job = visitor.newest(method="instant", strength=1)
        assert file.read_bytes() == backend.client.get(f"/v1/jobs/{job['id']}/result?format=png").content
        with Image.open(file) as painted:
            assert painted.size == (96, 72)
        asked = visitor.asked()
        assert f"http://127.0.0.1:{backend.port}/v1/jobs" in asked
        assert {address.partition("/v1/")[0].partition("/page/")[0].rstrip("/") for address in asked} <= {
            f"http://127.0.0.1:{backend.port}",
            *(address for address in asked if address.startswith(f"blob:http://127.0.0.1:{backend.port}/")),
        }
        errors = [entry["message"] for entry in chromium.get_log("browser") if "Content Security" in entry["message"]]
        assert not errors


def test_the_line_between_photo_and_painting_is_moved_by_mouse_and_keys(visitor, photo):
    visitor.give(photo)
    visitor.paint()
    visitor.until_shown("#download")
    assert visitor.split() == 50
    assert visitor.colour("#before") == BLUE and visitor.colour("#after") == ORANGE
    line = visitor.see("#divider")
    width = line.size["width"]
    mouse = ActionChains(visitor.chrome).move_to_element(line).click_and_hold()
    mouse.move_by_offset(width // 4, 0).release().perform()
    assert visitor.split() == pytest.approx(75, abs=1)
    visitor.shot("body", "wide")
    middle = visitor.shot("#picture", "picture").mean(0)
    assert middle[len(middle) * 2 // 3] == pytest.approx(BLUE, abs=2)  # three quarters are the photo's
    assert middle[len(middle) * 5 // 6] == pytest.approx(ORANGE, abs=2)
    visitor.press(Keys.ARROW_LEFT)
    assert visitor.split() == pytest.approx(74.5, abs=1)
    visitor.press(Keys.HOME)
    assert visitor.split() == 0
    visitor.press(Keys.END)
    assert visitor.split() == 100


def test_a_painting_is_watched_and_cancelled(visitor, backend, photo):
    backend.render.release.clear()
    visitor.give(photo)
    visitor.paint()
    visitor.until_shown("#after")
    assert visitor.colour("#after") == ORANGE and visitor.split() == 0
    visitor.until(lambda: visitor.see("#progress p").text == "Painting about 40 seconds left", "the time that is left")
    assert visitor.see("#progress progress").get_attribute("value") == "0.5"
    assert visitor.see("#told").get_attribute("textContent") == "Painting"
    visitor.paint()
    visitor.until_alert("One thing at a time")
    job = visitor.newest()
    visitor.see("#cancel").click()
    backend.wait(job["id"], "cancelled")
    visitor.until(lambda: not visitor.shows("#progress") and visitor.is_free(), "the end")
    assert not visitor.shows("#after") and not visitor.shows("#download") and not visitor.alert()


def test_a_painting_is_kept_as_it_is_and_an_earlier_one_comes_back(visitor, backend, photo):
    visitor.give(photo)
    visitor.paint()
    visitor.until_shown("#download")
    first = visitor.see("#download").get_attribute("href")
    backend.render.release.clear()
    visitor.choose("Mosaic")
    visitor.paint()
    visitor.until_shown("#finish")
    visitor.see("#finish").click()
    visitor.until_shown("#painted")
    assert visitor.see("#download").get_attribute("download") == "lake – Mosaic.png"
    visitor.see("#painted li:last-child button").click()
    visitor.until(lambda: visitor.see("#download").get_attribute("href") == first, "the first painting")
    assert visitor.see("#download").get_attribute("download") == "lake – Oil painting.png"


def test_the_looks_are_painted_on_the_photo_and_anew_on_another_one(visitor, backend, photo, tmp_path):
    before = len(backend.client.get("/v1/jobs").json()["jobs"])
    visitor.give(photo)
    visitor.until(lambda: visitor.colour(LAST_LOOK) == ORANGE, "the last look")
    listed = backend.client.get("/v1/jobs").json()["jobs"][: -before or None]
    listed = [job for job in listed if job["state"] != "cancelled"]  # the first one made way for the estimate
    assert len(listed) == len(visitor.looks())
    assert all(job["recipe"]["method"] == "instant" for job in listed if "style" in job["recipe"])
    Image.new("RGB", (320, 240), ORANGE).save(tmp_path / "sand.png")
    visitor.give(tmp_path / "sand.png")
    visitor.until(lambda: visitor.colour(LAST_LOOK) == BLUE, "the last look on the other photo")


def test_a_look_that_is_being_painted_makes_way_for_another_photo_and_for_a_painting(visitor, backend, photo, tmp_path):
    backend.render.release.clear()
    backend.render.longest = 0
    visitor.give(photo)
    for take in (lambda: visitor.give(tmp_path / "sand.png"), visitor.paint):
        Image.new("RGB", (320, 240), ORANGE).save(tmp_path / "sand.png")
        visitor.until(lambda: visitor.newest(method="instant")["state"] == "running", "a look")
        look = visitor.newest(method="instant")["id"]
        take()
        backend.wait(look, "cancelled")
    visitor.until_shown("#finish")
    assert "method" not in visitor.newest()["recipe"], "no look meanwhile"


def test_a_style_of_ones_own(visitor, backend, photo, tmp_path):
    visitor.give(photo)
    Image.new("RGB", (64, 48), (200, 0, 0)).save(tmp_path / "grandmother.png")
    visitor.see("#own").click()
    visitor.see("#file").send_keys(str(tmp_path / "grandmother.png"))
    visitor.until(lambda: "grandmother" in visitor.looks(), "the style")
    visitor.until(visitor.is_free, "the style to be sent")
    visitor.script("document.querySelector('details').open = true")
    visitor.see("#strokes input").send_keys(Keys.END)
    visitor.paint()
    visitor.until_shown("#download")
    listed = backend.client.get("/v1/jobs").json()["jobs"]
    (style,) = next(job["recipe"]["style"] for job in listed if "method" not in job["recipe"])  # and no look
    assert backend.store.get(style["image"]).data == (tmp_path / "grandmother.png").read_bytes()
    assert style["scale"] == 2


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_photo_is_pasted_or_dropped(visitor, photo, way):
    visitor.until(lambda: len(visitor.looks()) > 10, "the looks")
    code = """
    const [way, data] = arguments;
    const given = new DataTransfer();
    given.items.add(new File([Uint8Array.fromBase64(data)], "lake.png", { type: "image/png" }));
    const options = { bubbles: true, cancelable: true, clipboardData: given, dataTransfer: given };
    document.body.dispatchEvent(way === "paste" ? new ClipboardEvent(way, options) : new DragEvent(way, options));
    """
    visitor.script(code, way, base64.b64encode(photo.read_bytes()).decode())
    visitor.until(lambda: "320 × 240" in visitor.see("#name").text, "the photo")
    assert visitor.colour("#before") == BLUE


def test_a_format_that_the_browser_cannot_show_is_shown_all_the_same(visitor, tmp_path):
    Image.new("RGB", (300, 200), BLUE).save(tmp_path / "scan.tif")
    visitor.give(tmp_path / "scan.tif")
    visitor.until_shown("#picture")
    assert visitor.colour("#before") == BLUE


def test_the_keyboard_is_enough(visitor, photo):
    visitor.until(lambda: len(visitor.looks()) > 10, "the looks")
    visitor.script("window.opened = 0; document.querySelector('#file').onclick = () => window.opened++")
    visitor.tab_to("#choose")
    visitor.press(Keys.ENTER)
    assert visitor.script("return window.opened") == 1
    visitor.give(photo)
    visitor.tab_to(".tiles input")
    visitor.press(Keys.ARROW_RIGHT)
    assert visitor.see("#description").text == "Soft chalks in the colours of an evening."
    visitor.tab_to("summary")
    visitor.press(Keys.ENTER)
    visitor.tab_to("[name=method]")
    visitor.press(Keys.ARROW_DOWN)
    visitor.tab_to("#strength input")
    visitor.press(Keys.END)
    visitor.tab_to("#paint")
    visitor.press(Keys.ENTER)
    visitor.until_shown("#download")
    assert visitor.newest(method="instant", strength=1)["state"] == "done"
    assert visitor.script("return document.activeElement.id") == "paint", "the focus stays where it was"
    visitor.script("document.activeElement.blur()")
    visitor.tab_to("#divider")
    visitor.press(Keys.HOME)
    assert visitor.split() == 0
    visitor.tab_to("#download")
    visitor.press(Keys.ENTER)
    assert visitor.downloaded().name == "lake – Pastel.png"


def test_a_narrow_screen_is_never_wider_than_it_is(visitor, photo):
    narrow = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    visitor.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    try:
        visitor.give(photo)
        assert _widths(visitor) == (375, [])
        visitor.script("document.querySelector('details').open = true")
        visitor.paint()
        visitor.until_shown("#download")
        assert _widths(visitor) == (375, [])
        seen = visitor.shot("body", "narrow")
        assert seen.shape[1] == 375 and len(np.unique(seen.reshape(-1, 3), axis=0)) > 100
        top = visitor.script("return document.querySelector('#picture').getBoundingClientRect().top")
        assert 0 <= top < 400, "the picture was brought into view"
    finally:
        visitor.chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _widths(visitor: Visitor) -> tuple[int, list[str]]:
    """Of the document, and what of it is cut off."""
    cut = """
    return [...document.querySelectorAll("body *:not(.unseen)")]
      .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > 375.5)
      .map((each) => each.outerHTML.slice(0, 80));
    """
    return visitor.script("return document.documentElement.scrollWidth"), visitor.script(cut)
