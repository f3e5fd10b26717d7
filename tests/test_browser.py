"""The pages of a real TensorBoard, in a real browser, show what was written."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.serving.process import deep_link
from tests.conftest import PLOTS, STEPS, Server

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
WAIT = 60_000  # milliseconds at most; each wait ends when what it waits for is there


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None and not os.environ.get("HDF2TB_SKIP_NOTHING"):
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(WAIT)
    yield page
    page.close()


def test_scalars_page_shows_the_series(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/?tagFilter=N0/voltage#timeseries")
    page.get_by_text("GC/N0/voltage").first.wait_for()
    page.get_by_text("MC/N0/voltage").first.wait_for()
    page.get_by_text("calm").first.wait_for()
    last = page.locator("scalar-card-data-table, scalar-card").filter(has_text=f"{STEPS - 1:,}").first
    last.wait_for()
    assert f"{(STEPS - 1) * 2e-3:.3f} sec" in page.locator("body").inner_text()  # RELATIVE is simulated time


def last_and_first_frame(page: Any) -> None:
    """Drag the slider of the weights to its begin and its end, and see that a picture is there."""
    card = page.locator("tf-image-loader").filter(has_text="GC--MC/weights").first
    card.wait_for()
    slider = card.locator("paper-slider")
    slider.wait_for()
    assert slider.evaluate("slider => slider.max") == STEPS // 100 - 1
    slider.focus()
    for key, step in (("Home", 0), ("End", STEPS - 100)):
        slider.press(key)
        card.get_by_text(re.compile(rf"step\s*{step:,}")).wait_for()
        image = card.locator("img")
        image.wait_for()
        page.wait_for_function("image => image.complete && image.naturalWidth == 1500", arg=image.element_handle())


def test_images_page_shows_the_last_frame_at_the_end_of_the_slider(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/#images")
    last_and_first_frame(page)


def test_hparams_page_shows_a_row_a_run(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/#hparams")
    for text in ("calm", "driven", "GC/seed", "GC/drive", "1.5000", "3.0000"):
        page.get_by_text(text, exact=True).first.wait_for()


@pytest.fixture(scope="module")
def served(sweep: dict[str, Path]) -> Iterator[str]:
    """The address of the two runs themselves, of which nothing was converted."""
    found = pipeline.serve(list(sweep.values()), PLOTS, dt="2 ms")
    yield found.url
    found.stop()


def test_the_runs_themselves_are_on_the_same_pages(page: Any, served: str) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{served}?tagFilter=N0/voltage#timeseries")
    page.get_by_text("GC/N0/voltage").first.wait_for()
    page.locator("scalar-card-data-table, scalar-card").filter(has_text=f"{STEPS - 1:,}").first.wait_for()
    assert f"{(STEPS - 1) * 2e-3:.3f} sec" in page.locator("body").inner_text()
    page.goto("about:blank")
    page.goto(f"{served}#images")
    last_and_first_frame(page)
    page.goto("about:blank")  # else the other pages are still there, hidden
    page.goto(f"{served}#hparams")
    for text in ("calm", "driven", "GC/seed", "GC/drive", "1.5000", "3.0000"):
        page.get_by_text(text, exact=True).first.wait_for()
    assert errors == []


def own_page(page: Any) -> Any:
    """Return the frame of the page of our own, with something drawn in it."""
    frame = page.wait_for_selector("iframe[src*=plugin_entry]", state="attached").content_frame()
    frame.wait_for_selector(".panel[data-drawn]")
    return frame


def drawn(frame: Any, name: str) -> dict[str, Any]:
    panel = frame.locator(".panel").filter(has_text=f"calm: {name}")
    return json.loads(panel.get_attribute("data-drawn"))  # type: ignore[no-any-return]


def settled(frame: Any, name: str, what: str) -> dict[str, Any]:
    """Return what is drawn of a variable when a condition on it holds, written in JavaScript."""
    find = f"""() => [...document.querySelectorAll('.panel[data-drawn]')].some(panel => {{
        const drawn = JSON.parse(panel.dataset.drawn);
        return panel.textContent.includes('calm: {name}') && ({what}); }})"""
    frame.wait_for_function(find)
    return drawn(frame, name)


def inks(frame: Any, name: str) -> int:
    """Return how many colours there are on the canvas of a variable."""
    panel = frame.locator(".panel").filter(has_text=f"calm: {name}")
    return panel.locator("canvas.data").evaluate(  # type: ignore[no-any-return]
        """canvas => new Set(new Uint32Array(
            canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
    )


def test_our_page_zooms_to_single_steps_and_a_link_restores_it(page: Any, served: str) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served}#hdf2tb")
    frame = own_page(page)
    frame.get_by_label("GC/voltage").first.check()
    whole = settled(frame, "GC/voltage", "drawn.ready === 1")
    assert (whole["first"], whole["each"], whole["columns"]) == (0, 1, STEPS)
    canvas = frame.locator(".panel").filter(has_text="calm: GC/voltage").locator("canvas.data")
    canvas.focus()
    for _ in range(4):
        canvas.press("+")
    zoomed = settled(frame, "GC/voltage", "drawn.columns < 100")
    assert zoomed["each"] == 1
    assert zoomed["first"] > 0
    spiked = settled(frame, "GC/spiked", "drawn.columns < 100")  # they share the axis
    assert abs(spiked["first"] - zoomed["first"]) <= 1
    frame.locator(".panel").filter(has_text="calm: GC/voltage").scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    said = frame.locator(".panel").filter(has_text="calm: GC/voltage").locator(".note")
    said.get_by_text(re.compile(r"step \d+ · N0: ")).wait_for()
    light = inks(frame, "GC/voltage")
    assert light > 3
    page.evaluate("document.body.classList.add('dark-mode')")
    frame.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(48, 48, 48)'")
    corner = "canvas => [...canvas.getContext('2d').getImageData(68, 8, 1, 1).data].slice(0, 3)"  # of the frame
    frame.wait_for_function(f"Math.min(...({corner})(document.querySelectorAll('canvas.data')[1])) > 200")
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    again = settled(own_page(page), "GC/voltage", f"drawn.first === {zoomed['first']}")
    assert again["columns"] == zoomed["columns"]
    assert errors == []


def test_our_page_shows_any_step_of_a_matrix(page: Any, served: str) -> None:
    page.goto(f"{served}#hdf2tb")
    frame = own_page(page)
    assert settled(frame, "GC--MC/weights", "drawn.step !== undefined")["step"] == STEPS - 1
    number = frame.locator(".panel").filter(has_text="calm: GC--MC/weights").locator("input[type=number]")
    number.fill("777")
    settled(frame, "GC--MC/weights", "drawn.step === 777")
    assert inks(frame, "GC--MC/weights") > 10


OTHERS = [
    {"weights": {"kind": "histogram", "step": 100}},
    {"GC/voltage": {"kind": "band"}},
    {"GC/voltage": {"kind": "trace", "format": "scalar", "units": [0, 2], "together": True}},
]


@pytest.fixture(scope="module", params=["converted", "served"])
def others(request: pytest.FixtureRequest, sweep: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the address of a run with distributions, charts of several series and notes, either way."""
    run = sweep["calm"]
    if request.param == "served":
        found: Any = pipeline.serve(run, OTHERS, dt="2 ms")
    else:
        pipeline.convert(run, logdir := tmp_path_factory.mktemp("others") / "tb", OTHERS, dt="2 ms")
        found = pipeline.tensorboard(logdir)
    yield found.url
    found.stop()


def test_distributions_are_drawn_step_by_step(page: Any, others: str) -> None:
    page.goto(f"{others}#histograms")
    page.locator("vz-histogram-timeseries .histogram").nth(9).wait_for()
    assert page.locator("vz-histogram-timeseries .histogram").count() == len(range(0, STEPS, 100))
    page.goto("about:blank")
    page.goto(f"{others}#distributions")
    page.locator("vz-distribution-chart path").first.wait_for()


def test_charts_of_several_series_are_drawn_and_not_smoothed(page: Any, others: str) -> None:
    page.goto(deep_link(others, "custom_scalars"))
    band = page.locator("tf-custom-scalar-margin-chart-card").filter(has_text="GC/voltage, band")
    band.get_by_text("Matches (1)").wait_for()
    page.locator("tf-custom-scalar-multi-line-chart-card").filter(has_text="Matches (2)").wait_for()
    assert page.locator("tf-smoothing-input input").first.input_value() == "0"


def test_the_notes_are_a_page_with_tables(page: Any, others: str) -> None:
    page.goto(f"{others}#text")
    page.get_by_role("heading", name="Sources").wait_for()
    assert page.get_by_role("cell", name="GC--MC.h5").count() == 1
    page.get_by_role("cell", name="histogram (histogram)").wait_for()
    assert "hdf2tb convert calm --out LOGDIR" in page.locator("pre code").inner_text()
