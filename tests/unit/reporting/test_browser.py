"""The report in a real browser: no errors, tables sort, the explorer answers, nothing overflows a phone."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

from workflow.scripts.files import write_text

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic", "--hide-scrollbars", "--enable-logging=stderr",
)  # fmt: skip
SECONDS = 120
PHONE = 390
"""Pixels. A window cannot be as narrow as a telephone, a frame can."""

pytestmark = pytest.mark.skipif(
    not BROWSER, reason=f"no browser: none of {', '.join(NAMES)} is on the path, and CHROMIUM names none"
)

DRIVER = """
const names = (table) => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim());
const press = (table, column) => table.tHead.rows[0].cells[column].querySelector("button").click();
const [main] = document.querySelectorAll("#gains table.sortable");
const last = main.tHead.rows[0].cells.length - 1;
const probe = { before: names(main) };
press(main, last);
probe.falling = [...main.tBodies[0].rows].map((row) => row.cells[last].dataset.value).map(Number);
probe.order = main.tHead.rows[0].cells[last].getAttribute("aria-sort");
press(main, 0);
probe.alphabet = names(main);
press(main, 0);
press(main, 0);
probe.after = names(main);
const tests = document.querySelector("#significance table.sortable");
if (tests) {
  press(tests, 1);
  probe.targets = [...tests.tBodies[0].rows].map((row) => row.cells[1].textContent);
}
const form = document.querySelector("form.explorer");
const choose = (name, text) => {
  const field = form.elements.namedItem(name);
  field.value = [...field.options].find((option) => option.textContent === text).value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
};
choose("target", "XNLI");
choose("source", "MNLI");
choose("language", "English (en)");
probe.answer = document.querySelector("p.answer").textContent;
const rows = () => [...document.querySelector("table.chosen").tBodies[0].rows];
probe.chosen = rows().map((row) => [...row.cells].map((cell) => cell.textContent));
choose("target", "all");
probe.many = rows().length;
const unnamed = (found) => !(found.textContent.trim() || found.getAttribute("aria-label"));
probe.unnamed = [...document.querySelectorAll("a, button, summary, [tabindex]")].filter(unnamed).length;
probe.unlabelled = [...form.elements].filter((found) => !found.labels.length).length;
"""

FRAME = """<!doctype html><title>frame</title>
<iframe srcdoc="{page}" style="width: {width}px; height: 3000px; border: 0"></iframe>
<script>
window.addEventListener("load", () => {{
  const root = document.querySelector("iframe").contentDocument.documentElement;
  const result = document.createElement("script");
  result.type = "application/json";
  result.id = "probe";
  result.textContent = JSON.stringify({{ content: root.scrollWidth, window: root.clientWidth }});
  document.body.append(result);
}});
</script>
"""


def browse(folder, page):
    """Open a page; return what its driver left in `#probe`, and its console."""
    write_text(folder / "page.html", page)
    words = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", (folder / "page.html").as_uri()]
    found = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True)
    (probe,) = re.findall(r'id="probe">(.*?)</script>', found.stdout, flags=re.DOTALL)
    return json.loads(probe), [line for line in found.stderr.splitlines() if "CONSOLE" in line]


def drive(folder, page):
    result = """
const result = document.createElement("script");
result.type = "application/json";
result.id = "probe";
result.textContent = JSON.stringify(probe);
document.body.append(result);
"""
    return browse(folder, page.replace("</body>", f"<script>{DRIVER}{result}</script></body>"))


@pytest.fixture(scope="module")
def page(finished, statistics, made_scores, tmp_path_factory):
    folder = statistics(tmp_path_factory.mktemp("statistics"), [made_scores()])
    return finished.write_report("--inference", str(folder), name="analysed.html")


@pytest.fixture(scope="module")
def driven(page, tmp_path_factory):
    return drive(tmp_path_factory.mktemp("browser"), page)


def test_a_mistake_on_the_page_would_be_seen(tmp_path):
    page = '<body><script id="probe">0</script><script>nothing.here()</script></body>'
    _, console = browse(tmp_path, page)
    assert len(console) == 1


def test_there_is_no_error_in_the_console(driven):
    assert driven[1] == []


def test_tables_sort_and_come_back(driven):
    probe, _ = driven
    assert probe["order"] == "descending"
    assert probe["falling"][1:] == sorted(probe["falling"][1:], reverse=True)  # none stays on top
    assert probe["alphabet"][1:] == sorted(probe["before"][1:], key=str.lower)
    assert probe["after"] == probe["before"]
    assert probe["targets"] == sorted(probe["targets"], key=str.lower)


def test_the_explorer_answers(driven):
    probe, _ = driven
    assert probe["answer"].startswith("1 score: ")
    (row,) = probe["chosen"]
    assert row[:4] == ["English (en)", "XNLI", "MNLI", "0.00"]
    assert row[7] == "[−2.5, +4.5]"
    assert float(row[5]) - float(row[4]) == pytest.approx(float(row[6].replace("−", "-")), abs=0.11)
    assert probe["many"] == 7  # retrieval has no English


def test_everything_that_takes_the_focus_has_a_name(driven):
    probe, _ = driven
    assert probe["unnamed"] == probe["unlabelled"] == 0


def test_nothing_overflows_a_phone(page, tmp_path):
    probe, _ = browse(tmp_path, FRAME.format(page=html.escape(page), width=PHONE))
    assert probe["window"] == PHONE
    assert probe["content"] <= PHONE
