"""Write the facts on the languages of a study: code, name, script, family, distance to English and role.

    python -m workflow.scripts.describe_languages --spec '{"languages": ["en", "qaa"]}' --out languages.json

In the laboratory the distance is known by construction (`laboratory/languages.py` states the formula).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.files import write_json
from workflow.scripts.laboratory.languages import describe
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--out", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--log", type=Path, help="log file")
    arguments = parser.parse_args(argv)
    configure(arguments.log, "languages")
    write_json(arguments.out, describe(decode(arguments.spec)["languages"]))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
