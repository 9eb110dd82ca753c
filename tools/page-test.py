#!/usr/bin/env python3
"""Tests the page of `martlet serve` in a headless Chromium.

    tools/page-test.py                         the page's logic, then a session against a scripted wire
    tools/page-test.py --server http://127.0.0.1:8080    then a session against a server that runs, too
    tools/page-test.py --pictures FOLDER       and keep pictures of what was seen

Needs Python 3.10 or later and a Chromium (`chromium` in the path, in CHROMIUM or by --browser), nothing else. A check that
fails says what was expected; the exit status is then 1.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "page"))

import answering  # noqa: E402
import around  # noqa: E402
import live  # noqa: E402
import looks  # noqa: E402
from browser import Browser, Failure, program  # noqa: E402
from scripted_server import PAGE, ScriptedServer  # noqa: E402
from visit import Visit  # noqa: E402

SCRIPTED = answering.CHECKS + around.CHECKS + looks.CHECKS


def logic(browser):
    """Runs the tests of the page's plain logic. Returns their failures."""
    page = browser.page((Path(__file__).parent / "page" / "logic" / "index.html").as_uri())
    try:
        results = page.wait("window.results", "the tests of the logic have run", 120)
    except Failure as failure:
        return [str(failure), *page.errors()]
    print(f"logic: {results['count']} tests, {len(results['failures'])} failures")
    return results["failures"]


def checks(browser, address, functions, pictures, expected_errors=(), server=None):
    """Runs checks one after another in one page. Returns their failures."""
    visit = Visit(browser.page(address), pictures, server)
    failures = []
    visit.ready()
    visit.picture("welcome")
    for check in functions:
        started = time.monotonic()
        try:
            check(visit)
            print(f"{check.__name__}: passed in {time.monotonic() - started:.1f} s")
        except Failure as failure:
            failures.append(f"{check.__name__}: {failure}")
            print(f"{check.__name__}: FAILED: {failure}")
            visit.picture(f"failed-{check.__name__}")
    unexpected = [error for error in visit.page.errors() if not any(text in error for text in expected_errors)]
    return failures + [f"the page complained: {error}" for error in unexpected]


def size():
    """Bytes of the whole page."""
    return sum(file.stat().st_size for file in PAGE.rglob("*") if file.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="address of a server that runs")
    parser.add_argument("--browser", help="the Chromium to use")
    parser.add_argument("--pictures", help="a folder for pictures")
    parser.add_argument("--only", nargs="+", default=[], help="names of checks")
    options = parser.parse_args()
    if options.pictures:
        Path(options.pictures).mkdir(parents=True, exist_ok=True)
    print(f"page: {size()} bytes")

    def chosen(functions):
        return [one for one in functions if not options.only or one.__name__ in options.only]

    try:
        with Browser(program(options.browser), ["--allow-file-access-from-files"]) as browser:
            failures = logic(browser)
            with ScriptedServer() as server:
                # Refused requests are part of the script; Chromium reports each.
                failures += checks(browser, server.address, chosen(SCRIPTED), options.pictures, ["status of 400", "status of 401", "ERR_"], server)
            if options.server:
                failures += checks(browser, options.server, chosen(live.CHECKS), options.pictures)
    except Failure as failure:
        failures = [str(failure)]
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
