"""Options of the suite: `--uvloop` runs all of it on uvloop."""

import asyncio


def pytest_addoption(parser):
    parser.addoption("--uvloop", action="store_true", help="use uvloop instead of asyncio's own loops")


def pytest_configure(config):
    config.addinivalue_line("markers", "timing: compares times; deselect on a machine that has no time to spare")
    if config.getoption("--uvloop"):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
