#!/usr/bin/env python3
"""Runs what must hold in a browser and prints one JSON object a line: its name, its seconds, and what did not hold.

usage: run.py P2PNODE [NAME ...]
"""

import json
import sys
import tempfile
import time
import traceback

from playwright.sync_api import sync_playwright

import nodes
import scenarios


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="p2p-page-") as directory, sync_playwright() as playwright:
        provider, renter = nodes.market(binary, directory)
        try:
            stage = scenarios.Stage(playwright, provider, renter)
            for scenario in scenarios.ALL:
                if wanted and scenario.__name__ not in wanted:
                    continue
                began = time.monotonic()
                error = None
                try:
                    scenario(stage)
                except Exception:
                    error = traceback.format_exc(limit=-3) + "".join(
                        f"\n{node.directory.name}: {node.tail()}" for node in (provider, renter))
                seconds = round(time.monotonic() - began, 2)
                print(json.dumps({"name": scenario.__name__, "seconds": seconds, "error": error}), flush=True)
            stage.browser.close()
        finally:
            provider.kill()
            renter.kill()


if __name__ == "__main__":
    main()
