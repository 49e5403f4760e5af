"""The report in a real browser, offline: every picture shows, nothing is asked of the network."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.extra

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def test_every_picture_of_the_report_shows(run_dir):
    from playwright.sync_api import sync_playwright

    requests, complaints = [], []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto((run_dir / "report.html").resolve().as_uri())
        widths = page.evaluate("Array.from(document.images).map(image => image.naturalWidth)")
        text = page.inner_text("body")
        browser.close()
    assert len(widths) >= 6
    assert all(width > 50 for width in widths), widths
    assert not [url for url in requests if url.startswith("http")]
    assert complaints == []
    assert "T12/L1" in text
