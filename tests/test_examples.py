"""The examples, run as users run them: with a server of their own and with a given one."""

import csv
import re
import subprocess
import sys

import pytest

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
