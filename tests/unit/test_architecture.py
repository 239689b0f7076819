"""Who imports whom is as docs/architecture.md says, and there are no circles.

Modules are read, not imported. Edges inside of functions count as well; those under TYPE_CHECKING run nothing.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "workflow.scripts"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
HEAVY = {"torch", "transformers", "accelerate", "peft", "pandas"}
MODULES = {
    ".".join(path.with_suffix("").relative_to(ROOT).parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "workflow/scripts").rglob("*.py"))
}


def layers(page=PAGE):
    """Return the modules of each layer, and the layers that it may import, lowest first."""
    block = page.split("<!-- layers -->")[1].split("<!-- /layers -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line.startswith("|")
    ]
    return {
        name: (
            [module.replace("/", ".") for module in re.findall(r"`([\w/]+)`", modules)],
            [layer for layer in allowed.split(", ") if layer],
        )
        for name, modules, allowed in rows[2:]
    }


LAYERS = layers()


def short(module):
    return module.removeprefix(f"{PACKAGE}.")


def layer_of(module):
    found = [
        (len(prefix), layer)
        for layer, (prefixes, _) in LAYERS.items()
        for prefix in prefixes
        if short(module) == prefix or short(module).startswith(f"{prefix}.")
    ]
    return max(found)[1] if found else "programs"


def imported(node, name):
    """Return the modules that a statement names; `from package import module` names the module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, f"{name} imports by dots"
    whole = [f"{node.module}.{alias.name}" for alias in node.names]
    return [full if full in MODULES else node.module for full in whole]


def imports(text, name="module"):
    """Yield each module that a module imports, and whether it does so inside of a function."""

    def visit(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    yield from visit(other, inside)
            elif isinstance(child, ast.Import | ast.ImportFrom):
                yield from ((module, inside) for module in imported(child, name))
            else:
                yield from visit(
                    child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                )

    yield from visit(ast.parse(text), False)


@cache
def edges(module):
    return tuple(imports(MODULES[module].read_text(encoding="utf-8"), module))


def own(module, *, deferred=True):
    """Return the modules of the project that a module imports."""
    return {name for name, inside in edges(module) if name in MODULES and (deferred or not inside)}


def reachable(module):
    """Return all modules that are imported when a module is, itself among them."""
    seen, waiting = {module}, [module]
    while waiting:
        new = own(waiting.pop(), deferred=False) - seen
        seen |= new
        waiting += new
    return seen


def circles(graph):
    """Return the sets of modules that import each other, sorted."""

    def above(start):
        seen, waiting = set(), [start]
        while waiting:
            new = graph[waiting.pop()] - seen
            seen |= new
            waiting += new
        return seen

    reach = {module: above(module) for module in graph}
    groups = {frozenset(other for other in reach[m] if m in reach[other]) for m in graph if m in reach[m]}
    return sorted(sorted(map(short, group)) for group in groups)


def free_of_torch():
    """Return the modules that must not bring torch: what Snakemake parses, scoring, statistics, reporting, studies."""
    named = [name for name in LAYERS if name not in {"features", "modeling", "decoding", "training", "similarities"}]
    programs = {
        "score",
        "collect_scores",
        "analyse_gains",
        "make_tables",
        "write_report",
        "analyse_study",
        "plan_study",
    }
    return [
        module for module in MODULES if (layer_of(module) in named[:-1]) or short(module) in programs
    ]  # programs, the last layer, name theirs


def test_the_page_names_modules_and_layers_that_exist():
    assert list(LAYERS)[-1] == "programs"
    for prefixes, _ in LAYERS.values():
        for prefix in prefixes:
            assert f"{PACKAGE}.{prefix}" in MODULES, f"docs/architecture.md names {prefix}, which is not there"


def test_a_layer_may_only_import_those_above_it_in_the_table():
    seen = []
    for layer, (_, allowed) in list(LAYERS.items())[:-1]:
        assert set(allowed) <= set(seen), f"{layer} may import {set(allowed) - set(seen)}, which come after it"
        seen.append(layer)


@pytest.mark.parametrize("layer", list(LAYERS)[:-1])
def test_a_layer_imports_what_it_may(layer):
    wrong = [
        f"{short(module)} ({layer}) imports {short(other)} ({layer_of(other)})"
        for module in MODULES
        if layer_of(module) == layer
        for other in sorted(own(module))
        if other != PACKAGE and layer_of(other) not in {layer, *LAYERS[layer][1]}
    ]
    assert wrong == []


def test_what_a_layer_may_import_some_module_of_it_does():
    for layer, (_, allowed) in list(LAYERS.items())[:-1]:
        used = {layer_of(other) for module in MODULES if layer_of(module) == layer for other in own(module)}
        assert set(allowed) - used == set(), f"{layer} no longer imports these; take them out of docs/architecture.md"


def test_no_circle_of_imports():
    assert circles({module: own(module) for module in MODULES}) == []


def test_what_is_parsed_scored_and_reported_needs_no_torch():
    checked = free_of_torch()
    assert {f"{PACKAGE}.{name}" for name in ("study", "tasks.targets", "score", "reporting.report")} <= set(checked)
    brought = {
        short(module): sorted(f"{name} through {short(other)}" for other in reachable(module) for name in heavy(other))
        for module in checked
    }
    assert {module: found for module, found in brought.items() if found} == {}


def heavy(module, *, deferred=False):
    """Return the heavy libraries that a module imports."""
    found = {name.split(".")[0] for name, inside in edges(module) if deferred or not inside}
    return sorted(found & HEAVY)


def test_tasks_import_no_library_at_all():
    for module in MODULES:
        if layer_of(module) == "tasks":
            assert not [name for name, _ in edges(module) if name.split(".")[0] in {*HEAVY, "numpy", "pyarrow"}], module


def test_an_import_is_found_wherever_it_stands():
    text = (
        "import torch\nfrom workflow.scripts import study\nfrom workflow.scripts.study import Study\n"
        "if TYPE_CHECKING:\n    import pandas\ndef f():\n    import numpy\n    class A:\n        import scipy\n"
    )
    assert list(imports(text)) == [
        ("torch", False), ("workflow.scripts.study", False), ("workflow.scripts.study", False), ("numpy", True),
        ("scipy", True),
    ]  # fmt: skip


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}}
    assert circles(graph) == [["a", "b", "c"], ["e"]]


def test_rooms_are_small():
    """No Python file has more than 300 lines, no file of rules more than 150, no function more than 50."""
    files = [path for folder in ("workflow", "benchmarks", "tests") for path in (ROOT / folder).rglob("*.py")]
    rules = [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    limits = [(path, 300) for path in files] + [(path, 150) for path in rules]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path, _ in limits}
    large = [f"{path.relative_to(ROOT)}: {sizes[path]} lines" for path, limit in limits if sizes[path] > limit]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                large += [f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"] * (lines > 50)
    assert large == []
