"""The benchmarks run, and their figures reach the README. No test judges the figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT
from support.servers import require_tool


def benchmarks(*arguments):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_benchmark_writes_table_and_json_with_command_lines(tmp_path):
    oracle = require_tool("redis-server")
    options = [
        "--quick",
        "--keys",
        "2000",
        "--results",
        str(tmp_path),
        "--our-command",
        oracle,
        "--other-command",
        oracle,
    ]
    printed = benchmarks("memory", "--only", "string", *options)
    document = json.loads((tmp_path / "memory-quick.json").read_text())
    assert [row["unit"] for row in document["rows"]] == ["bytes per key"] * 2
    assert all("--appendonly no" in row["other"]["server_command"] for row in document["rows"])
    assert (tmp_path / "memory-quick.txt").read_text() in printed


def test_a_start_is_measured_in_time_and_memory_with_goals_of_its_own(tmp_path):
    options = [
        "--quick",
        "--only",
        "without",
        "--results",
        str(tmp_path),
        "--other-command",
        require_tool("redis-server"),
    ]
    printed = benchmarks("start", *options)
    rows = json.loads((tmp_path / "start-quick.json").read_text())["rows"]
    assert [(row["unit"], row["bound"], row["goal"]) for row in rows] == [("ms", 70, None), ("MB", 24, None)]
    assert [row["ours"]["name"] for row in rows] == ["pyredis"] * 2
    assert all(
        len(row[side]["rounds"]) == 2 and min(row[side]["rounds"]) > 0 for row in rows for side in ("ours", "other")
    )
    assert "≤ 70" in printed
    assert "--appendonly no" in rows[0]["other"]["server_command"]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks of memory are read from /proc")
def test_a_large_reply_is_measured_in_time_memory_and_what_others_wait(tmp_path):
    options = [
        "--quick",
        "--only",
        "GET 200",
        "--results",
        str(tmp_path),
        "--other-command",
        require_tool("redis-server"),
    ]
    benchmarks("endtoend", *options)
    rows = json.loads((tmp_path / "endtoend-quick.json").read_text())["rows"]
    assert [(row["unit"], row["bound"], row["goal"]) for row in rows] == [
        ("µs CPU/request", None, 0.7),
        ("ms, longest ping of another client", 20, None),
        ("MB resident beyond the value", 20, None),
    ]
    # Redis copies the value into its reply, so this row must show that copy.
    assert min(rows[2]["other"]["rounds"]) > 100
    assert all(len(row[side]["rounds"]) == 2 for row in rows for side in ("ours", "other"))


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="CPU time is read from /proc")
@pytest.mark.parametrize(
    ("benchmark", "only", "expected"),
    [
        (
            "scripts",
            "EVALSHA of L",
            [("requests/s", None), ("µs CPU/request", 1.0), ("µs CPU/request", 0.8)],
        ),
        ("transactions", "MULTI", [("µs CPU/transaction", 0.75)]),
    ],
)
def test_scripts_and_transactions_are_measured_beside_another_server(tmp_path, benchmark, only, expected):
    options = ["--quick", "--keys", "2000", "--results", str(tmp_path)]
    benchmarks(benchmark, "--only", only, *options, "--other-command", require_tool("redis-server"))
    rows = json.loads((tmp_path / f"{benchmark}-quick.json").read_text())["rows"]
    assert [(row["unit"], row["goal"]) for row in rows] == expected
    assert all(
        len(row[side]["rounds"]) == 2 and min(row[side]["rounds"]) > 0 for row in rows for side in ("ours", "other")
    )


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("get", [("µs per call", 0.35, None), ("µs per call", None, None)]),
        ("hgetall", [("µs per call", None, 1.2)]),
        ("open in memory", [("ms", 2, None)]),
        ("a database for a test", [("ms", 1, None)]),
    ],
)
def test_databases_in_the_process_are_measured_with_goals_of_their_own(tmp_path, only, expected):
    benchmarks("embedded", "--quick", "--only", only, "--other-command", "none", "--results", str(tmp_path))
    rows = json.loads((tmp_path / "embedded-quick.json").read_text())["rows"]
    assert [(row["unit"], row["bound"], row["goal"]) for row in rows] == expected
    assert all(len(row["ours"]["rounds"]) == 2 and min(row["ours"]["rounds"]) > 0 for row in rows)
    assert all(min(figure["rounds"]) > 0 for row in rows for figure in row["further"])


def test_redis_py_is_measured_over_a_pool_and_over_tcp(tmp_path):
    options = ["--quick", "--only", "get by redis-py", "--results", str(tmp_path)]
    benchmarks("embedded", *options, "--other-command", require_tool("redis-server"))
    (row,) = json.loads((tmp_path / "embedded-quick.json").read_text())["rows"]
    assert (row["goal"], row["other"]["name"]) == (0.5, "over TCP")
    assert "--appendonly no" in row["other"]["server_command"]
    assert all(len(row[side]["rounds"]) == 2 and min(row[side]["rounds"]) > 0 for side in ("ours", "other"))


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="the load needs a core of its own"
)
def test_a_busy_thread_is_measured_beside_a_server_and_alone(tmp_path):
    require_tool("redis-benchmark")
    benchmarks("embedded", "--quick", "--only", "a busy", "--results", str(tmp_path))
    (row,) = json.loads((tmp_path / "embedded-quick.json").read_text())["rows"]
    assert (row["goal"], row["less_is_better"]) == (0.45, False)
    assert max(row["ours"]["rounds"]) > 0
    assert len(row["other"]["rounds"]) == 2


def test_figures_go_between_the_marks_of_the_readme(tmp_path):
    script = """if True:
        import argparse, sys
        from pathlib import Path
        from benchmarks import report
        folder = Path(sys.argv[1])
        rows = [report.Row("SET", "ns", report.Figure("pyredis", [1, 2, 9]), report.Figure("x", [2, 4, 8]), goal=0.6)]
        rows.append(report.Row("GET", "ns", report.Figure("pyredis", [3]), further=[report.Figure("y", [5])]))
        report.write("some", "Some", rows, argparse.Namespace(quick=False, results=folder))
        (folder / "README.md").write_text(f"before\\n{report.BEGIN}\\nold\\n{report.END}\\nafter\\n")
        for _ in range(2):
            report.rewrite_readme(folder / "README.md", folder)
    """
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True, timeout=120)
    text = (tmp_path / "README.md").read_text()
    assert "| case | unit | pyredis | x | y | ours / other | goal |  |" in text
    assert "| SET | ns | 2 | 4 | – | 0.50 | ≤ 0.60 × | reached |" in text
    assert "| GET | ns | 3 | – | 5 | – |  |  |" in text
    assert text.startswith("before\n<!--")
    assert text.endswith("-->\nafter\n")
    assert "old" not in text


def test_the_projects_readme_shows_one_benchmark_and_its_chart(tmp_path):
    script = """if True:
        import argparse, sys
        from pathlib import Path
        from benchmarks import report
        folder = Path(sys.argv[1])
        rows = [report.Row("GET", "ns", report.Figure("pyredis", [3]), report.Figure("x", [6]))]
        for name in ("endtoend", "memory"):
            report.write(name, f"About {name}", rows, argparse.Namespace(quick=False, results=folder / "results"))
        (folder / "results" / "endtoend.png").touch()
        (folder / "README.md").write_text(f"{report.BEGIN}\\n{report.END}\\n")
        report.rewrite_project_readme(folder / "README.md", folder / "results")
    """
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True, timeout=120)
    text = (tmp_path / "README.md").read_text()
    assert "![About endtoend](results/endtoend.png)" in text
    assert "| GET | ns | 3 | 6 | 0.50 |" in text
    assert "About memory" not in text
