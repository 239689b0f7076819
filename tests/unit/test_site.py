"""The documentation's site shows every page, and loads nothing from elsewhere. `make site` builds it (no test does)."""

import ast
from pathlib import Path

import yaml

SITE = yaml.safe_load(Path("mkdocs.yml").read_text(encoding="utf-8"))
HOOK = Path("docs/site_pages.py")


def constants():
    """Return the literals of the hook, which imports MkDocs and can only be read here."""
    tree = ast.parse(HOOK.read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assigned}


def listed(entries):
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, list):
            yield from listed(entry)
        else:
            yield from listed(entry.values())


def test_every_page_stands_in_the_navigation_once():
    found = {path.as_posix() for pattern in constants()["PAGES"] for path in Path().glob(pattern)}
    named = list(listed(SITE["nav"]))
    assert len(named) == len(set(named))
    assert set(named) | set(constants()["UNLISTED"]) == found
    assert not set(named) & set(constants()["UNLISTED"])


def test_the_theme_loads_nothing_from_elsewhere():
    assert SITE["theme"]["font"] is False
    assert SITE["plugins"] == ["search"]
    assert not {"extra_css", "extra_javascript"} & set(SITE)
    assert not [name for name in SITE["markdown_extensions"] if "emoji" in str(name) or "mermaid" in str(name)]


def test_broken_links_and_lost_pages_end_the_build():
    checks = SITE["validation"]
    assert set(checks["links"].values()) == set(checks["nav"].values()) == {"warn"}
    (line,) = [line for line in Path("Makefile").read_text(encoding="utf-8").splitlines() if "mkdocs build" in line]
    assert "--strict" in line
    assert "--quiet" not in line  # MkDocs then counts no warnings
