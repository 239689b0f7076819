"""Tells MkDocs that the pages are where they are in the repository, and which addresses GitHub gives to headings.

A hook of `mkdocs.yml`. Because the site has the tree of the repository, relative links hold in both.
"""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # MkDocs runs in an environment of its own, which has no other part of the project

from workflow.scripts.headings import anchor  # noqa: E402

PAGES = ("*.md", "config/*.md", "docs/**/*.md", "benchmarks/*.md", "reference/**/*.md", "requirements/*.md")
"""What becomes a page."""

FILES = ("docs/**/*.png", "docs/**/*.svg", "docs/**/*.csv", "LICENSE", "CITATION.cff", "requirements/*.txt")
"""What pages link to or show."""

UNLISTED = ("docs/results/mini/best.md", "docs/results/mini/languages.md", "docs/results/mini/overlap.md",
            "docs/results/mini/transfer.md")  # fmt: skip
"""Pages that another one leads to, and the navigation does not."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let headings have the addresses that links within the repository name."""
    config.mdx_configs["toc"] = {"slugify": lambda heading, _: anchor(heading), "permalink": True}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the pages of the whole repository in place of those of `docs_dir`; what the theme brought stays."""
    kept = [file for file in files if file.abs_src_path is None or not file.abs_src_path.startswith(config.docs_dir)]
    found = [
        File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, config.use_directory_urls)
        for pattern in (*PAGES, *FILES)
        for path in sorted(ROOT.glob(pattern))
    ]
    for file in found:
        if file.src_uri in UNLISTED:
            file.inclusion = InclusionLevel.NOT_IN_NAV
    return Files([*kept, *found])
