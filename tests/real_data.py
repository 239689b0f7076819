"""Where tests find real data: a folder of clones of Hub dataset repositories, which is not part of this repository."""

import os
from pathlib import Path

import pytest

MIRROR = Path(os.environ.get("MIRROR", Path(__file__).resolve().parents[2] / "shared" / "data" / "mirror"))

needs_mirror = pytest.mark.skipif(
    not MIRROR.is_dir(),
    reason=f"no folder of real data at {MIRROR}; name one with the environment variable MIRROR",
)
