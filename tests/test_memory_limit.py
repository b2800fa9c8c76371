"""``maxmemory`` as a percentage: of the machine's memory, or of the container's limit."""

import pytest

from pyredis.config import Config
from pyredis.config.config_errors import ConfigRefused
from pyredis.config.directives import DIRECTIVES
from pyredis.ground.memory_limit import control_group_limits, memory_limit
from pyredis.ground.process_usage import machine_memory


def groups(tmp_path, lines, limits):
    """Returns a file that names the control groups, and the folder with their limits by file name."""
    listed, root = tmp_path / "cgroup", tmp_path / "root"
    listed.write_text(lines)
    root.mkdir()
    for name, text in limits.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return listed, root


@pytest.mark.parametrize(
    ("lines", "limits", "found"),
    [
        ("0::/\n", {"memory.max": "1073741824\n"}, [1073741824]),
        ("0::/\n", {"memory.max": "max\n"}, []),
        ("0::/a/b\n", {"a/b/memory.max": "500\n", "a/memory.max": "400\n", "memory.max": "max\n"}, [500, 400]),
        ("0::/of/the/host\n", {"memory.max": "600\n"}, [600]),
        ("5:cpu,memory:/x\n3:pids:/y\n", {"memory/x/memory.limit_in_bytes": "700\n", "memory.max": "1"}, [700]),
        ("3:pids:/y\n", {"y/memory.max": "1"}, []),
        ("", {}, []),
    ],
)
def test_limits_are_those_of_the_groups_and_of_all_above(tmp_path, lines, limits, found):
    assert control_group_limits(*groups(tmp_path, lines, limits)) == found


def test_the_lowest_limit_counts_and_the_machine_is_one(tmp_path):
    listed, root = groups(tmp_path, "0::/a\n", {"a/memory.max": "5000\n", "memory.max": "4000\n"})
    assert memory_limit(listed, root) == 4000
    (root / "memory.max").write_text(str(2**62))
    (root / "a/memory.max").write_text("max")
    assert memory_limit(listed, root) == machine_memory()


def test_without_control_groups_the_machine_is_the_limit(tmp_path):
    assert memory_limit(tmp_path / "none", tmp_path / "nowhere") == machine_memory()


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_a_percentage_becomes_bytes(percent):
    config = Config()
    config.set([("maxmemory", f"{percent}%")])
    assert config["maxmemory"] == memory_limit() * percent // 100
    assert DIRECTIVES["maxmemory"].kind.text(config["maxmemory"]) == str(config["maxmemory"])


@pytest.mark.parametrize("word", ["101%", "-1%", "%", "1.5%", "5%%", "x%"])
def test_what_is_no_percentage_is_refused(word):
    config = Config()
    with pytest.raises(ConfigRefused):
        config.set([("maxmemory", word)])
    assert config["maxmemory"] == 0
