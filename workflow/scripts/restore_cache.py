r"""Make the files again that `clean_cache` has removed, and give them their times back.

    python -m workflow.scripts.restore_cache --config config/config.yaml --cores 2

Prepared data come first, token files then, so that nothing else is made again. Files that come out otherwise than they
were are told: what was made from them is stale, and Snakemake will make it again.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.logs import run
from workflow.scripts.plan_study import read_config
from workflow.scripts.planning.cache import MADE, Record, missing, put_back, record_path
from workflow.scripts.study import Study


def main(argv: Sequence[str] | None = None) -> int:
    """Make what is missing; see the module's docstring and `--help`.

    Raises:
        UserError: Snakemake could not make a file.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="configuration of the study")
    parser.add_argument("--cores", default="all", help="cores that Snakemake may use (default: all)")
    options = parser.parse_args(argv)
    root, study = Path(), Study(read_config(options.config))
    path = record_path(root, study.collection)
    if not path.is_file():
        print(f"Nothing to be restored: {path} is not there")
        return 0
    record: Record = read_json(path)
    changed = []
    for rule in MADE:
        files = missing(record, root, rule)
        if files:
            words = ["--cores", options.cores, "--configfile", str(options.config), "--", *files]
            if subprocess.run([sys.executable, "-m", "snakemake", *words], check=False).returncode:
                raise UserError(
                    f"{len(files)} removed files could not be made again; the cause stands above. {path} is kept"
                )
        changed += put_back(record, root, rule)
    path.unlink()
    print(f"{sum('kept' not in noted for noted in record.values())} files are there again")
    if changed:
        print(f"NOT as they were, so that what was made from them is stale: {', '.join(changed)}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage="restore"))
