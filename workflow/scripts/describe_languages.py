"""Write the facts on the languages of a study: code, name, script, family, distance to English and role.

    python -m workflow.scripts.describe_languages --spec '{"languages": ["en", "qaa"]}' --out languages.json
    python -m workflow.scripts.describe_languages --spec '{"languages": ["en", "de"], "provider": "hub"}' --out …

In the laboratory the distance is known by construction (`laboratory/languages.py` states the formula); between natural
languages it comes from their grammar and genealogy (`tasks/languages.py`, likewise).
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import write_json
from workflow.scripts.laboratory import languages as laboratory
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import languages as natural

LABORATORY = "laboratory"
DESCRIBERS: Mapping[str, Callable[[Sequence[str]], list[dict[str, object]]]] = {
    LABORATORY: laboratory.describe,
    "hub": natural.describe,
    "mirror": natural.describe,
}
"""Who knows the languages, by provider."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--out", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--log", type=Path, help="log file")
    arguments = parser.parse_args(argv)
    configure(arguments.log, "languages")
    spec = decode(arguments.spec)
    write_json(arguments.out, describe(spec["languages"], spec.get("provider", LABORATORY)))
    return 0


def describe(codes: Sequence[str], provider: str) -> list[dict[str, object]]:
    """Return the facts on the languages of a provider.

    Raises:
        UserError: no such provider, or it has no such language.
    """
    if provider not in DESCRIBERS:
        known = ", ".join(DESCRIBERS)
        raise UserError(
            f"provider '{provider}' has no languages: expected one of {known}.{nearest(provider, DESCRIBERS)}"
        )
    return DESCRIBERS[provider](codes)


if __name__ == "__main__":
    sys.exit(run(main))
