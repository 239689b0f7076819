"""Command-line arguments that many programs have."""

from argparse import ArgumentParser
from pathlib import Path


def add_log_argument(parser: ArgumentParser) -> None:
    """Add `--log`, the log file of a job."""
    parser.add_argument("--log", type=Path, help="file that log lines are also written to")


def add_device_arguments(parser: ArgumentParser) -> None:
    """Add what a job's machine decides, and no result depends on: `--gpus` and `--micro-batch-tokens`."""
    parser.add_argument("--gpus", type=int, default=0, help="GPUs of the job; 0 = the CPU")
    parser.add_argument("--micro-batch-tokens", type=int, default=0, help="padded tokens at once; 0 = by device")
