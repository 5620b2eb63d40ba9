"""The page in a real browser: it is quiet, it loads nothing, and its controls work."""

import shutil
import sys

import pytest

from report_run import write_run
from spikeseg.report import write_report

pytestmark = pytest.mark.browser

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NAMES = ("chromium", "google-chrome", "chromium-browser")


def _not_run(why):
    print(f"\nWARNING: the browser test of the report DID NOT RUN: {why}", file=sys.stderr)
    pytest.skip(f"the browser test DID NOT RUN: {why}")


@pytest.fixture(scope="module")
def browser():
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        _not_run(f"none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _not_run("playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return write_report(folder)


@pytest.fixture
def page(browser, report):
    """The open report; at the end it must have been quiet and have asked only for itself."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(120_000)  # a busy machine starts a browser slowly
    troubles, requests = [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    yield page
    page.close()
    assert troubles == []
    assert [url for url in requests if not url.startswith("data:")] == [report.as_uri()]


def shown(page, section):
    """Return the overlays now visible in a section, as their data URLs."""
    return page.eval_on_selector_all(
        f"#{section} .view",
        "views => views.filter(v => v.offsetParent !== null)"
        ".map(v => v.querySelector('image')?.getAttribute('href') ?? 'no overlay')",
    )


def move_slider(page, value):
    page.eval_on_selector(
        "#step",
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


def test_each_button_shows_its_own_view_of_every_example(page):
    seen = set()
    for button in page.query_selector_all("[data-show]"):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        overlays = shown(page, "pictures")
        assert len(overlays) == 3
        seen.add(tuple(overlays))
    assert len(seen) == 7
    assert page.locator('[data-show][aria-pressed="true"]').count() == 1


def test_moving_the_slider_changes_the_pictures_and_the_accuracy(page):
    seen = set()
    for value in range(6):
        move_slider(page, value)
        overlays = shown(page, "forming")
        readout = page.locator(".readout:visible")
        assert len(overlays) == 3
        assert readout.count() == 1
        seen.add((tuple(overlays), readout.inner_text()))
    assert len(seen) == 6


def test_the_slider_can_be_moved_by_keyboard(page):
    page.focus("#step")
    page.keyboard.press("ArrowRight")
    assert "After 2 steps" in page.locator(".readout:visible").inner_text()


def test_play_moves_the_slider_to_the_end_and_stops(page):
    page.click("#play")
    assert "Pause" in page.inner_text("#play")
    page.locator(".readout", has_text="After 32 steps").wait_for(state="visible", timeout=8000)
    assert "Play" in page.inner_text("#play")
    assert "After 32 steps" in page.locator(".readout:visible").inner_text()


def test_the_slider_moves_the_mark_in_the_charts(page):
    move_slider(page, 0)
    first = page.get_attribute(".cursor >> nth=0", "x1")
    move_slider(page, 5)
    assert float(page.get_attribute(".cursor >> nth=0", "x1")) > float(first)


def test_holding_a_picture_shows_it_bare(page):
    page.locator("#pictures .view.on .picture").first.scroll_into_view_if_needed()
    page.hover("#pictures .view.on .picture >> nth=0")
    opacity = "getComputedStyle(document.querySelector('#pictures .view.on .tint')).opacity"
    page.mouse.down()
    assert page.evaluate(opacity) == "0"
    page.mouse.up()
    assert page.evaluate(opacity) == "0.6"


@pytest.mark.parametrize("width", [390, 1200])
def test_the_chip_s_section_fits_the_page_and_its_picture_can_be_read(browser, tmp_path, width):
    write_run(tmp_path, chip=True)
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(write_report(tmp_path).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.locator("#chip svg").bounding_box()
    assert picture["width"] >= 700, "at least 8 pixels high letters"
    page.click('[data-show="errors-chip"]')
    assert len(shown(page, "pictures")) == 3
    page.close()


@pytest.mark.parametrize("width", [390, 768, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways(page, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_shows_every_view(page):
    page.emulate_media(media="print")
    assert len(shown(page, "pictures")) == 3 * 7
    assert len(shown(page, "forming")) == 3 * 6


def test_without_scripts_every_view_is_there_to_read(browser, report):
    page = browser.new_page(java_script_enabled=False)
    page.goto(report.as_uri())
    assert page.locator("#pictures .view:visible").count() == 3 * 7
    assert page.locator(".readout:visible").count() == 6
    page.close()
