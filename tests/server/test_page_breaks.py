"""What goes wrong on the page, or is left half done."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from browser import BLUE, LAST_LOOK, ORANGE, Visitor, backend_fixture, chromium, known_times, photo, visitor  # noqa: F401
from reverie.server.job import Job
from reverie.server.routes import jobs


def test_what_is_no_picture_is_said_in_the_visitors_language_and_the_photo_stays(visitor, photo, tmp_path):
    agent = visitor.script("return navigator.userAgent")
    sentences = {"de-AT": "Das ist kein Bild, das", "fr": "Ce n'est pas une image", "en": "This is no picture that"}
    for language, sentence in sentences.items():
        words = {"userAgent": agent, "acceptLanguage": language}
        visitor.chrome.execute_cdp_cmd("Emulation.setUserAgentOverride", words)
        visitor.chrome.refresh()
        visitor.until(lambda: len(visitor.looks()) > 10, "the looks")
        assert visitor.script("return document.documentElement.lang") == language[:2]
        (tmp_path / "letter.jpg").write_text("Dear Sir or Madam")
        visitor.see("#file").send_keys(str(tmp_path / "letter.jpg"))
        visitor.until_alert(sentence)
        assert visitor.shows("#drop") and not visitor.shows("#picture")
    visitor.give(photo)
    assert not visitor.alert()
    visitor.see("#file").send_keys(str(tmp_path / "letter.jpg"))
    visitor.until(visitor.alert, "a sentence")
    visitor.until(lambda: visitor.shows("#picture"), "the photo")
    assert visitor.colour("#before") == BLUE


def test_a_wrong_token_is_a_sentence_and_the_right_one_is_in_no_address(
    chromium, backend, known_times, photo, tmp_path
):
    visitor = Visitor(chromium, backend, tmp_path, token="wrong")
    visitor.until_alert("The backend does not know this page's token")
    visitor = Visitor(chromium, backend, tmp_path)
    visitor.give(photo)
    assert chromium.current_url == f"http://127.0.0.1:{backend.port}/"
    assert not [address for address in visitor.asked() if "token" in address.partition("#")[0]]
    assert visitor.script("return localStorage.length + document.cookie.length") == 0
    chromium.refresh()
    visitor.give(photo)  # the tab still knows it


def test_a_backend_that_does_not_answer_is_a_sentence(visitor, photo):
    visitor.give(photo)
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    visitor.chrome.execute_cdp_cmd("Network.emulateNetworkConditions", {**network, "offline": True})
    try:
        visitor.paint()
        visitor.until_alert("Reverie's backend does not answer. If it has ended, start it again")
    finally:
        visitor.chrome.execute_cdp_cmd("Network.emulateNetworkConditions", {**network, "offline": False})


def test_pictures_that_the_backend_has_let_go_are_sent_again(visitor, backend, photo):
    visitor.give(photo)
    visitor.until(lambda: visitor.colour(LAST_LOOK) == ORANGE, "the looks")
    backend.store.clear()
    visitor.paint()
    visitor.until_shown("#download")


def test_a_painting_goes_on_after_a_break(visitor, backend, photo, monkeypatch):
    visitor.give(photo)
    visitor.until(lambda: visitor.colour(LAST_LOOK) == ORANGE, "the looks")
    asked, whole = [], jobs._stream

    async def broken(job: Job, after: int, form: Any) -> AsyncIterator[str]:
        """The first stream ends after two events."""
        asked.append(after)
        async for count, line in count_up(whole(job, after, form)):
            yield line
            if len(asked) == 1 and count == 2:
                return

    async def count_up(lines: AsyncIterator[str]) -> AsyncIterator[tuple[int, str]]:
        count = 0
        async for line in lines:
            count += "alive" not in line
            yield count, line

    monkeypatch.setattr(jobs, "_stream", broken)
    visitor.paint()
    visitor.until_shown("#download")
    assert asked == [0, 2]


def test_a_painting_ends_with_the_page(visitor, backend, photo):
    backend.render.release.clear()
    visitor.give(photo)
    visitor.paint()
    visitor.until_shown("#finish")
    job = visitor.newest()["id"]
    visitor.chrome.get("about:blank")
    backend.wait(job, "cancelled")
