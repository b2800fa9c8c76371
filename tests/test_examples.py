"""The examples, run as users run them: with a server of their own and with a given one."""

import contextlib
import csv
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from support.client import wait_until
from support.pages import PLUGIN
from support.paths import ROOT, server_environment

EXAMPLES = ROOT / "examples"


def run_example(name: str, *arguments: str) -> list[str]:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ended = subprocess.run(command, env=server_environment(), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture(params=["own", "given"])
def where(request, shared_ours):
    """The arguments that choose a server: none, or the address of the shared one."""
    return [] if request.param == "own" else ["--url", f"redis://127.0.0.1:{shared_ours.port}"]


def test_the_leaderboard_counts_what_the_finals_were(where):
    with (EXAMPLES / "world_cup_finals.csv").open(newline="") as file:
        finals = list(csv.DictReader(file))
    points: dict[str, int] = {}
    for final in finals:
        points[final["winner"]] = points.get(final["winner"], 0) + 3
        points[final["runner_up"]] = points.get(final["runner_up"], 0) + 1
    told = run_example("leaderboard.py", *where)
    assert told[:5] == ["Titles", "  1. Brazil             5", *told[2:4], "  4. Argentina          3"]
    at = told.index("Points")
    best = sorted(points.items(), key=lambda item: (item[1], item[0]), reverse=True)[:5]
    assert told[at + 1 : at + 6] == [f"{rank:3}. {team:<16}{score:4}" for rank, (team, score) in enumerate(best, 1)]
    at = told.index("Around the Netherlands")
    assert "Netherlands" in told[at + 2]
    assert told[-1] == "Teams with more than one title: 6"


def test_the_workers_leave_nothing_undone_when_one_is_lost(where):
    told = run_example("stream_workers.py", *where)
    assert told[:2] == [
        "20 earthquakes; the first worker ended with -9, 3 entries pending",
        "20 results, 0 entries pending",
    ]
    # An entry may be claimed from a slow worker that processes it nevertheless, so the total may exceed 20.
    worked = re.fullmatch(r"worked on (\d+) entries, Inge on 1 of them", told[2])
    assert worked is not None
    assert int(worked[1]) >= 20
    assert told[3:] == ["the strongest: Valdivia, Chile, 1960-05-22, 1.12e+19 J"]


# ---- databases in the process ----


@pytest.fixture
def start_service():
    """Returns a function that starts the web service with a folder, and returns the process and its URL."""
    command = [sys.executable, str(EXAMPLES / "quake_service.py"), "--folder"]
    with contextlib.ExitStack() as stack:

        def start(folder) -> tuple[subprocess.Popen[str], str]:
            process = subprocess.Popen(
                [*command, str(folder)], env=server_environment(), stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process, process.stdout.readline().strip()

        yield start


def fetched(url: str) -> object:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def test_the_web_service_counts_on_after_a_restart(start_service, tmp_path):
    with (EXAMPLES / "earthquakes.csv").open(newline="") as file:
        strong = [quake for quake in csv.DictReader(file) if float(quake["magnitude"]) >= 9]
    strong.sort(key=lambda quake: (float(quake["magnitude"]), quake["place"]), reverse=True)
    for time in (1, 2):
        process, url = start_service(tmp_path)
        found = fetched(f"{url}/strongest?least=9")
        assert found == strong
        wait_until(lambda: fetched(f"{url}/counts").get("Valdivia, Chile") == time, "the count")  # noqa: B023
        with pytest.raises(urllib.error.HTTPError, match="400"):
            fetched(f"{url}/strongest?least=much")
        process.terminate()
        assert process.wait(20) == 0


def test_the_suite_that_was_moved_from_fakeredis_passes(tmp_path):
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", PLUGIN]
    environment = server_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    folder = EXAMPLES / "moved_from_fakeredis"
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert "6 passed" in ended.stdout, ended.stdout + ended.stderr


def test_the_rate_limit_allows_three_requests_in_a_second():
    assert run_example("rate_limit.py") == [
        "allowed=1 left=2 retry=0 ms",
        "allowed=1 left=1 retry=0 ms",
        "allowed=1 left=0 retry=0 ms",
        "allowed=0 left=0 retry=250 ms",
        "allowed=1 left=0 retry=0 ms",
        "allowed=0 left=0 retry=250 ms",
        "value is not an integer or out of range",
        "7 calls",
    ]
