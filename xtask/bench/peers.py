"""Runs one peer over a file or a folder through its Python API: peers.py PEER PATH.

Exits with 0 where it saw nothing, 1 where it saw something, 4 where it failed or skipped the file.
"""

import sys
from pathlib import Path


def picklescan(path):
    from picklescan.scanner import scan_directory_path, scan_file_path

    result = scan_directory_path(path) if Path(path).is_dir() else scan_file_path(path)
    return 4 if result.scan_err else int(result.issues_count > 0)


def modelscan(path):
    from modelscan.modelscan import ModelScan

    scanner = ModelScan()
    result = scanner.scan(path)
    if scanner.errors or result["summary"]["scanned"]["total_scanned"] == 0:
        return 4
    return int(len(scanner.issues.all_issues) > 0)


def fickling(path):
    import zipfile

    from fickling.analysis import Severity
    from fickling.loader import scan_file, scan_zip_archive

    folder = Path(path)
    results = []
    for file in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        if zipfile.is_zipfile(file):
            results.extend(scan_zip_archive(str(file), graceful=True).values())
        else:
            results.append(scan_file(str(file), graceful=True))
    if not results or any(result.errors for result in results):
        return 4
    return int(any(result.severity > Severity.LIKELY_SAFE for result in results))


def modelaudit(path):
    from modelaudit.cli import cli

    try:
        cli.main(["scan", "--format", "json", "--no-cache", path], standalone_mode=False)
    except SystemExit as end:
        return 4 if end.code == 2 else int(end.code or 0)
    return 0


sys.exit(globals()[sys.argv[1]](sys.argv[2]))
