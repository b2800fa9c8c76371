"""Configuration files with surprises: whatever they contain, they are read, or refused with the line to blame."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.config import Config, ConfigError
from pyredis.config.directives import DIRECTIVES, LINES

LONG = bool(os.environ.get("PYREDIS_LONG"))
HUGE = "9" * 5000
EDGES = [str(sign * (2**power + step)) for power in (31, 32, 63, 64) for sign in (1, -1) for step in (-1, 0, 1)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Relative paths, such as that of a log file, are below the current folder."""
    monkeypatch.chdir(tmp_path)


def load(tmp_path, data: bytes) -> Config | ConfigError:
    path = tmp_path / "redis.conf"
    path.write_bytes(data)
    try:
        return Config.load(str(path))
    except ConfigError as error:
        return error


def is_refused(result, line: int) -> bool:
    return isinstance(result, ConfigError) and result.line == line and "FATAL CONFIG FILE ERROR" in str(result)


@pytest.mark.parametrize(
    "line",
    [
        b"nosuch 1",
        b"nosuch",
        b'"hz" 10 "',
        b"hz 'ten",
        b'hz "10"x',
        b"hz\0 10",
        b"hz 1\0000",
        b"\0",
        b"\xff\xfe 1",
        b"maxmemory " + b"9" * 5000,
        b"hz " + b"1" * 5000,
        b"port 65536",
        b"save 1",
        b"rename-command",
        b"include",
        b"x" * 1_000_000,
        b"hz " * 100_000,
        b"client-output-buffer-limit normal " + b"9" * 200 + b" 0 0",
        b"client-output-buffer-limit normal 0 0 " + b"-" + b"9" * 5000,
    ],
    ids=lambda line: repr(line[:30]),
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, line):
    assert is_refused(load(tmp_path, b"# first\nhz 20\n" + line + b"\n"), 3)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (b"requirepass " + b"x" * 1_000_000, "requirepass", "x" * 1_000_000),
        (b'requirepass "\\x00\\xff\\"\\n"', "requirepass", '\0\udcff"\n'),
        (b"requirepass '\\''", "requirepass", "'"),
        (b"\t hz\t\t20\t\r", "hz", 20),
        (b"HZ 20", "hz", 20),
        (b"#" * 1_000_000 + b"\nhz 20", "hz", 20),
        (b"\n" * 100_000 + b"hz 20", "hz", 20),
        (b"\r\n\r\nhz 20\r\n", "hz", 20),
        (b"hz 20", "hz", 20),
        (b'"hz" "20"', "hz", 20),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_unusual_lines_are_read(tmp_path, text, name, value):
    config = load(tmp_path, text)
    assert isinstance(config, Config), config
    assert config[name] == value


@pytest.mark.parametrize("name", sorted(DIRECTIVES))
def test_no_number_of_any_directive_does_harm(tmp_path, name):
    """Each number at the edges of the integer types is taken or refused; a value that was taken can be shown and read
    again."""
    for number in [*EDGES, HUGE, f"-{HUGE}", "1e400", "nan", "0x10", "1" + "0" * 25 + "gb"]:
        result = load(tmp_path, f"{name} {number}\n".encode())
        if isinstance(result, ConfigError):
            assert is_refused(result, 1) or name == "logfile"
        elif directive_line := DIRECTIVES[name].kind.lines(result[name]):
            again = load(tmp_path, "".join(f"{name} {line}\n" for line in directive_line).encode())
            assert isinstance(again, Config)
            assert again[name] == result[name]


def test_includes_that_lead_back_are_refused_however_long_the_way(tmp_path):
    for number in range(50):
        (tmp_path / f"{number}.conf").write_text(f"include {tmp_path}/{(number + 1) % 50}.conf\n")
    result = load(tmp_path, f"include {tmp_path}/0.conf\n".encode())
    assert isinstance(result, ConfigError)
    assert "includes itself" in str(result)


def test_includes_through_links_and_patterns_that_lead_back_are_refused(tmp_path):
    (tmp_path / "link.conf").symlink_to(tmp_path / "redis.conf")
    assert isinstance(load(tmp_path, f"include {tmp_path}/link.conf\n".encode()), ConfigError)
    (tmp_path / "link.conf").unlink()
    (tmp_path / "a.conf").write_text(f"include {tmp_path}/a*.conf\n")
    assert isinstance(load(tmp_path, f"include {tmp_path}/a*.conf\n".encode()), ConfigError)


def test_very_many_levels_of_includes_are_an_error_and_no_crash(tmp_path):
    for number in range(3000):
        (tmp_path / f"{number}.conf").write_text(f"include {tmp_path}/{number + 1}.conf\n")
    (tmp_path / "3000.conf").write_text("hz 20\n")
    result = load(tmp_path, f"include {tmp_path}/0.conf\n".encode())
    assert isinstance(result, ConfigError)


@pytest.mark.parametrize("kind", ["folder", "missing", "unreadable"])
def test_what_cannot_be_included_is_an_error(tmp_path, kind):
    if kind == "folder":
        (tmp_path / "x").mkdir()
    elif kind == "unreadable":
        (tmp_path / "x").symlink_to(tmp_path / "x")
    assert isinstance(load(tmp_path, f"include {tmp_path}/x\n".encode()), ConfigError)


NAMES = st.sampled_from([*DIRECTIVES, *LINES, "nosuch", "", "a.b"]).map(str.encode)
VALUES = st.one_of(st.binary(max_size=20), st.sampled_from([edge.encode() for edge in [*EDGES, HUGE, "yes", "1gb"]]))
QUOTES = st.sampled_from([b"", b'"', b"'", b"\\", b'"\\x', b"\0", b"#"])
FILES = st.lists(st.tuples(NAMES, QUOTES, VALUES, QUOTES), max_size=6).map(
    lambda lines: b"\n".join(name + b" " + before + value + after for name, before, value, after in lines)
)


@settings(max_examples=5000 if LONG else 500)
@given(data=st.one_of(FILES, st.binary(max_size=200)))
def test_any_file_is_read_or_refused(tmp_path, data):
    assert isinstance(load(tmp_path, data), Config | ConfigError)
