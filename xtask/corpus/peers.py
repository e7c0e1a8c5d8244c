"""Runs one peer over many paths and prints a JSON line for each: `{"n", "outcome", "seconds"}`.

    python peers.py NAME < PATHS        a path a line; `n` is its line

Outcomes: `found`, `quiet`, `could-not-look` (skipped, errors beside it, inconclusive), `crash`,
`timeout`. The peer is imported once and called in this process, which is kinder to it than a
start for every file: what is told of its time leaves the import out.
"""

import json
import logging
import os
import signal
import sys
import time

LIMIT = 60


def picklescan(path):
    from picklescan import scanner

    walk = scanner.scan_directory_path if os.path.isdir(path) else scanner.scan_file_path
    result = walk(path)
    if result.infected_files or result.issues_count:
        return "found"
    return "could-not-look" if result.scan_err or not result.scanned_files else "quiet"


def modelscan(path):
    from modelscan.modelscan import ModelScan

    scan = ModelScan()
    scan.scan(path)
    if scan.issues.all_issues:
        return "found"
    return "could-not-look" if scan.errors or not scan.scanned else "quiet"


def fickling(path):
    import fickling

    paths = [path]
    if os.path.isdir(path):
        paths = [os.path.join(at, name) for at, _, names in os.walk(path) for name in names]
    safe = [fickling.is_likely_safe(one) for one in paths]
    return "quiet" if all(safe) else "found"


def modelaudit(path):
    from modelaudit import core

    result = core.scan_model_directory_or_file(path)
    worst = {getattr(issue.severity, "value", str(issue.severity)) for issue in result.issues}
    if worst & {"warning", "critical", "error"}:
        return "found"
    return "quiet" if core.determine_exit_code(result) == 0 else "could-not-look"


class Late(BaseException):
    pass


def late(_signal, _frame):
    raise Late


def main(name):
    peer = {"picklescan": picklescan, "modelscan": modelscan, "fickling": fickling,
            "modelaudit": modelaudit}[name]
    paths = sys.stdin.read().splitlines()
    # What a peer prints is not our answer.
    answers = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, late)
    for n, path in enumerate(paths):
        begun = time.monotonic()
        signal.alarm(LIMIT)
        try:
            outcome = peer(path)
        except Late:
            outcome = "timeout"
        except BaseException:
            outcome = "crash"
        signal.alarm(0)
        seconds = time.monotonic() - begun
        print(json.dumps({"n": n, "outcome": outcome, "seconds": seconds}), file=answers, flush=True)


main(sys.argv[1])
