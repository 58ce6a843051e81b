"""`rsvlm doctor`: is everything here that a run needs, and has an earlier run left something behind?"""

import sys
from pathlib import Path

from flows.checks import CHECKS, Finding
from flows.cli.console import print_json, print_table


def examine(root: Path, *, fix: bool, as_json: bool) -> None:
    """Run every check and print what was found; ends the process with 1 when something must be put right."""
    findings: list[Finding] = []
    for check in CHECKS:
        findings.extend(check(root, fix))
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        print_table("", ["", "what", "found", "what to do"], [[f.verdict, f.what, f.found, f.remedy] for f in findings])
    sys.exit(1 if any(finding.verdict == "fault" for finding in findings) else 0)
