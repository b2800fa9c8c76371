"""scrapy-redis: two crawlers share the queue of requests, the filter of duplicates and the items."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.client import wait_until
from support.programs import APPS, PATIENCE, needs

PROGRAMS = ["scrapy-redis"]

needs("scrapy", "scrapy_redis")

PAGES = 150
FANOUT = 3
# Requests of both crawlers that are under way at once.
CUT_OFF = 8


class Page(BaseHTTPRequestHandler):
    """Page n links to pages 3n+1 to 3n+3, back to 0 and to itself. The first is served when both crawlers have come."""

    def do_GET(self):
        number, website = int(self.path[1:]), self.server
        with website.news:
            website.crawlers.add(self.headers["User-Agent"])
            website.news.notify_all()
            website.news.wait_for(lambda: len(website.crawlers) == 2, PATIENCE)
            website.served[number] += 1
            website.news.notify_all()
        linked = [0, number, *range(FANOUT * number + 1, FANOUT * number + 1 + FANOUT)]
        body = "".join(f'<a href="/{other}">{other}</a>' for other in linked if other < PAGES).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Website(ThreadingHTTPServer):
    """Pages, how often each was served, and which crawlers have come."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)
        self.served = Counter()
        self.crawlers = set()
        self.news = threading.Condition()

    def address(self, number):
        return f"http://127.0.0.1:{self.server_port}/{number}"

    def serves(self, count):
        """Wait until this many pages have been served."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.served) >= count, PATIENCE)


@pytest.fixture
def website():
    with Website() as website:
        thread = threading.Thread(target=website.serve_forever, args=(0.02,))
        thread.start()
        yield website
        website.shutdown()
        thread.join()


def test_two_crawlers_fetch_every_page_and_keep_every_item_through_restarts(website, server, programs):
    with server.client() as client:
        # Each crawler begins with as many of these as it fetches at once.
        client.must(
            "RPUSH", "pages:start", *(f"http://127.0.0.1:{website.server_port}/{number}" for number in range(8))
        )
    for name in ("one", "other"):
        programs.python(APPS / "crawler.py", name, name=name)
    for crash, count in ((False, PAGES // 3), (True, 2 * PAGES // 3)):
        website.serves(count)
        server.restart(crash=crash)
    lost = set()

    def all_are_served():
        """Whether every page has been served; those whose request was taken and then cut off are asked for again."""
        missing = set(range(PAGES)) - set(website.served)
        with server.client() as client:
            if missing and not client.must("EXISTS", "pages:requests", "pages:start"):
                lost.update(number for number in missing if (number - 1) // FANOUT not in missing)
                client.must("RPUSH", "pages:start", *map(website.address, lost & missing))
        return not missing

    pages = set(map(str, range(PAGES)))
    wait_until(all_are_served, "every page", PATIENCE)
    wait_until(lambda: {item["path"] for item in items(server)} == pages, "an item of every page", PATIENCE)
    assert {item["crawler"] for item in items(server)} == {"one", "other"}
    assert len(lost) <= 2 * CUT_OFF
    # The start addresses bypass the filter of duplicates; of the others, only what was cut off may be served again.
    assert sum(website.served.values()) - PAGES <= 8 + 4 * CUT_OFF


def items(server):
    with server.client() as client:
        return [json.loads(item) for item in client.must("LRANGE", "pages:items", 0, -1)]
