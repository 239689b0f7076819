"""No source of the workflow runs what comes as data, and no model brings its own code."""

import ast
from pathlib import Path

import pytest

FORBIDDEN = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
CALLS = {
    "eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system",
    "datasets.load_dataset",
}  # fmt: skip
SAFE = "yaml.load(text, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))"


def called(node):
    """Return the dotted name of what is called, as far as it is one."""
    return ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""


def dangers(tree):
    """Yield what runs code that comes as data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (name for name in names if name.split(".")[0] in FORBIDDEN)
        if isinstance(node, ast.Call):
            if called(node) in CALLS and ast.unparse(node) != SAFE:
                yield called(node)
            for keyword in node.keywords:
                true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                if keyword.arg in ("trust_remote_code", "allow_pickle", "shell") and true:
                    yield f"{keyword.arg}=True"


def test_dangers_are_found():
    code = "import pickle\nfrom joblib import load\ntorch.load(x)\nnp.load(x, allow_pickle=True)\neval(x)"
    assert list(dangers(ast.parse(code))) == ["pickle", "joblib", "torch.load", "allow_pickle=True", "eval"]
    assert list(dangers(ast.parse("yaml.load(text, Loader=yaml.Loader)"))) == ["yaml.load"]
    assert list(dangers(ast.parse(SAFE))) == []


def test_no_source_runs_what_comes_as_data():
    found = {path: list(dangers(ast.parse(path.read_text()))) for path in sorted(Path("workflow").rglob("*.py"))}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("path", sorted(Path("workflow/scripts/modeling").glob("*.py")), ids=lambda path: path.stem)
def test_every_model_is_loaded_without_its_own_code(path):
    """`from_pretrained` of the Auto classes says so itself, or is given options that do."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and called(node).endswith(("from_pretrained", "from_config")):
            if called(node).startswith("PeftConfig"):
                continue
            given = {keyword.arg for keyword in node.keywords}
            assert "trust_remote_code" in given or '"trust_remote_code": False' in path.read_text()
