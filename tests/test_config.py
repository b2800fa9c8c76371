"""Configuration without our server: loading, CONFIG GET, SET and REWRITE, compared with the oracle where possible."""

import io
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis._version import REDIS_VERSION
from pyredis.config import Config, ConfigError, ConfigRefused, ConfigRejected, rewrite
from pyredis.config.directives import ALIASES, DIRECTIVES, OWN, SECTIONS
from pyredis.config.special import BufferLimit
from pyredis.config.syntax import Unbalanced, option_lines, quote, split_options, split_words, to_text
from pyredis.docs import configuration
from support.paths import ROOT
from support.power_loss import Recorder
from support.servers import require_tool

# Directives that 7.2 and 7.4 added, and the names that 7.4 spells differently.
NEWER = {
    *("set-max-listpack-entries", "set-max-listpack-value", "locale-collate", "cluster-announce-human-nodename"),
    *("hide-user-data-from-log", "max-new-connections-per-cycle", "max-new-tls-connections-per-cycle"),
    *("server-cpulist", "bio-cpulist", "aof-rewrite-cpulist", "bgsave-cpulist"),
}

# Lines that both servers refuse with the same message.
BAD_LINES = """\
port abc
port 1 2
port 65536
port -1
port "12
port '12'x
nosuch 1
include a b
sentinel x y
rename-command GET
user
a.b
list-max-ziplist-entries 1 2
save 1
save 1 x
save 0 1
save "900 1" "300 1"
dir /nope
dir a b
dir /etc/passwd
logfile /nope/x
client-output-buffer-limit foo 1 2 3
client-output-buffer-limit normal 1 2
client-output-buffer-limit normal 1 x 3
client-output-buffer-limit master 1 1 1
bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
loglevel
maxmemory 1xx
maxmemory -1
maxmemory-samples 05
maxmemory-samples 99999999999999999999
maxmemory-clients 101%
unixsocketperm 999
unixsocketperm 7777
dbfilename a/b
appendfilename ""
appendfilename a/b
appenddirname ""
appenddirname a/b
replicaof a b
replicaof a 99999
replicaof a
oom-score-adj-values 1 2 9999
oom-score-adj-values 1 2
notify-keyspace-events Kq
notify-keyspace-events K q
shutdown-on-sigterm save nosave
shutdown-on-sigterm never
latency-tracking-info-percentiles 50 x
latency-tracking-info-percentiles 101
cluster-announce-hostname a_b
proc-title-template {x}
activedefrag yes
appendonly maybe
""".splitlines()

# Names and values to which CONFIG SET must reply as the oracle does.
SETS = [
    *(("maxmemory", value) for value in ("gb", "", "1GB", "1b", "1k", "1kb", " 1", "-1", "1 gb", "0")),
    *(("maxmemory-samples", value) for value in ("7", "05", "+5", "", "99999999999999999999", "5")),
    *(("notify-keyspace-events", value) for value in ("KEA", "g$lshzxetdKEmn", "Km", "nmKEd", "AKEmn", "q", "")),
    *(("shutdown-on-sigterm", value) for value in ("save nosave", "now force", "SAVE", "default save", "", "a  b")),
    ("shutdown-on-sigterm", "force now save"),
    ("shutdown-on-sigterm", "default"),
    *(("save", value) for value in ("900 1", "900  1", "900 1 300 10", "900 -1", "0 1", "900", "+900 1", "")),
    *(("client-output-buffer-limit", value) for value in ("", "normal 1mb 1mb 1", "slave 1 1 1", "normal 1 1 -1")),
    ("client-output-buffer-limit", "replica 2 2 2 pubsub 1 1 1"),
    *(("latency-tracking-info-percentiles", value) for value in ("50 99.99", "", "1e1", "100.1", "nan", "50.12345678")),
    *(("oom-score-adj-values", value) for value in ("1 2", "1 2 3", "-2000 0 2000", "1 2 2001")),
    *(("maxmemory-clients", value) for value in ("10%", "101%", "0%", "-1%", "%", "5", "1mb", "0")),
    *(("hz", value) for value in ("0", "1000", "10")),
    ("maxmemory", "1", "maxmemory", "2"),
    ("maxmemory", "1", "nosuch", "2"),
    ("nosuch", "1", "databases", "2"),
    ("maxmemory", "1", "MAXMEMORY", "2"),
    ("maxmemory-samples", "3", "hz", "x"),
    ("hash-max-ziplist-entries", "x"),
    ("hash-max-ziplist-entries", "3", "hash-max-listpack-entries", "4"),
    ("DATABASES", "3"),
    ("dir", "/"),
    ("dbfilename", "x"),
    ("APPENDFSYNC", "Always"),
    ("appendfsync", "x"),
    ("appendfsync", "everysec"),
    ("cluster-announce-hostname", "a_b"),
    ("cluster-announce-hostname", "x" * 300),
    ("proc-title-template", "{x}"),
    ("proc-title-template", "{title"),
    ("proc-title-template", ""),
    *(("oom-score-adj", value) for value in ("maybe", "no")),
    ("activedefrag", "yes"),
    ("list-max-listpack-size", "-1"),
    ("proto-max-bulk-len", "1"),
    ("rdbchecksum", "no"),
]


def config_get(client, *patterns):
    words = [word.decode() for word in client.must("CONFIG", "GET", *patterns)]
    return dict(zip(words[::2], words[1::2], strict=True))


def load(tmp_path, text, *arguments):
    path = tmp_path / "redis.conf"
    path.write_text(text)
    return Config.load(str(path), arguments)


def refusal(tmp_path, text, *arguments):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *arguments)
    return caught.value


# Compared with the oracle.


@pytest.fixture(scope="module")
def oracle_refuses(tmp_path_factory):
    """A function that starts the oracle with a bad configuration and returns its error output."""
    folder = tmp_path_factory.mktemp("refused")

    def run(text, *arguments):
        path = folder / "redis.conf"
        path.write_text(text)
        command = [require_tool("redis-server"), str(path), *arguments]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 1, ended.stdout
        return ended.stderr

    return run


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_refused_in_the_words_of_the_oracle(line, oracle_refuses, tmp_path):
    ours = str(refusal(tmp_path, f"# first\n\n  {line}\t\nport 0\n")).splitlines()
    theirs = oracle_refuses(f"# first\n\n  {line}\t\nport 0\n").splitlines()
    theirs[1] = re.sub(r"Redis [0-9.]+", f"Redis {REDIS_VERSION}", theirs[1])
    assert ours[: len(theirs)] == theirs


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "abc"],
        ["--maxmemory", "1mb", "--port", "x y"],
        ["--port"],
        ["--port", "--save", "1", "2"],
        ["--port abc"],
        ["foo"],
        ["-x"],
        ["--save", "--port", "x"],
        ["--save", "900", "1", "--nosuch", 'a "b" \\ \n é'],
        ["--save 900"],
        ["--loglevel", "notice", "verbose", "--port", "0"],
    ],
)
def test_a_bad_command_line_is_refused_in_the_words_of_the_oracle(arguments, oracle_refuses, tmp_path):
    ours = refusal(tmp_path, "hz 10\n", *arguments)
    theirs = oracle_refuses("hz 10\n", *arguments).splitlines()
    assert str(ours).splitlines()[2:5] == theirs[2:5]
    assert ours.source == "the command line"


def without_hidden(values):
    """Remove what Redis 7.0 returns for ``*`` and later versions only for its exact name."""
    values.pop("aof-disable-auto-gc", None)


def test_every_default_is_the_oracles_but_for_appendonly(start_oracle):
    oracle = start_oracle(start=False)
    oracle.arguments = []
    with oracle, oracle.client() as client:
        theirs = config_get(client, "*")
    ours = Config()
    ours.adjust("port", oracle.port)
    ours.adjust("dir", str(oracle.folder))
    mine = ours.matching(["*"])
    assert mine.pop("appendonly") == "yes"
    assert theirs.pop("appendonly") == "no"
    without_hidden(theirs)
    assert {name: mine.get(name) for name in theirs} == theirs
    assert set(mine) - set(theirs) == NEWER | {directive.name for directive in OWN}


def test_config_set_answers_as_the_oracle(shared_oracle):
    ours = Config()
    for name in ("save", "port"):
        ours.adjust(name, () if name == "save" else shared_oracle.port)
    named = {name.lower() for pairs in SETS for name in pairs[::2]}.intersection(DIRECTIVES)
    changeable = [name for name in named if DIRECTIVES[name].flags.isdisjoint({"immutable", "protected"})]
    with shared_oracle.client() as client:
        before = config_get(client, *changeable)
        for pairs in SETS:
            mine = answer(ours, pairs)
            assert (pairs, mine) == (pairs, client.call("CONFIG", "SET", *pairs).raw.decode())
            names = [name if name != "dir" else "hz" for name in pairs[::2]]
            got = config_get(client, *names)
            assert ours.matching(names) == got
        for name, value in before.items():
            client.must("CONFIG", "SET", name, value)


def test_the_longest_member_of_a_packed_set_is_a_number_without_a_unit():
    """Unlike the lengths for other types."""
    for value in ("1kb", "", "0.5"):
        assert "argument couldn't be parsed into an integer" in answer(Config(), ("set-max-listpack-value", value))
    config = Config()
    assert answer(config, ("set-max-listpack-value", "1024")) == "+OK\r\n"
    assert config["set-max-listpack-value"] == 1024


def answer(config, pairs):
    try:
        config.set(zip(pairs[::2], pairs[1::2], strict=True))
    except ConfigRefused as error:
        return f"-{error}\r\n"
    return "+OK\r\n"


@pytest.mark.parametrize(
    "text",
    [
        'save 900 1\nsave ""\n',
        'save ""\nsave 900 1\n',
        'save "900 1"\n',
        "SAVE 900 1 300 2\nsave 1 2\n",
        "client-output-buffer-limit slave 1 2 3\nclient-output-buffer-limit pubsub 1kb 2k 3\n",
        "hz 1000\nmaxmemory 5gb\nmaxmemory-clients 5%\n",
        "slave-priority 3\nlua-time-limit 7\n",
        "shutdown-on-sigterm now force\nnotify-keyspace-events KEA\n",
        'requirepass "a\\x41\\n \\"b"\n',
        "masteruser 'it\\'s \\n'\nlatency-tracking-info-percentiles 1 2.5\n",
        "slaveof no one\nlist-max-ziplist-value 3\n",
    ],
)
def test_a_file_gives_the_values_that_the_oracle_reads(text, start_oracle, tmp_path):
    path = tmp_path / "redis.conf"
    path.write_text(text)
    oracle = start_oracle(start=False)
    oracle.command.append(str(path))
    oracle.arguments = []
    ours = Config.load(str(path))
    ours.adjust("appendonly", False)
    with oracle.start().client() as client:
        if ours["requirepass"]:
            client.must("AUTH", ours["requirepass"])
        theirs = config_get(client, "*")
    ours.adjust("port", oracle.port)
    ours.adjust("dir", str(oracle.folder))
    without_hidden(theirs)
    assert {name: ours.matching(["*"]).get(name) for name in theirs} == theirs


CONFIG_FILE = (
    "# how it is\nMaxmemory 100\n\n\n\nsave 900 1\nsave 60 2\nslave-priority 3\nhash-max-ziplist-entries 512\n"
    "appendonly no\nmaxmemory-policy   noeviction\nlist-max-ziplist-value 1\n"
    'include "nothing*.conf"\nclient-output-buffer-limit slave 1 1 1\nmaxmemory 200\n'
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CONFIG_FILE, id="a file of many lines"),
        pytest.param(CONFIG_FILE.rstrip("\n"), id="a last line without a newline"),
        pytest.param("# alone", id="a comment alone, without a newline"),
        pytest.param("maxmemory 100\n# the end", id="a last comment without a newline"),
        pytest.param("maxmemory 100\n   ", id="a last line of blanks"),
        pytest.param("maxmemory 100\r\nhz 20\r\n\r\n\r\n# the end\r\n", id="lines that end in CRLF"),
        pytest.param("\n\nmaxmemory 100\n\n\n", id="empty lines at both ends"),
        pytest.param("hz 20\n", id="a line that stays as it is"),
        pytest.param("", id="an empty file"),
    ],
)
def test_config_rewrite_changes_a_file_as_the_oracle_does(text, start_oracle, tmp_path):
    sets = ["maxmemory", "100mb", "save", "1 1", "requirepass", 'a "b" \x01é', "notify-keyspace-events", "KEA"]
    for name in ("ours", "theirs"):
        (tmp_path / f"{name}.conf").write_bytes(text.encode())
    oracle = start_oracle(start=False)
    oracle.command.append(str(tmp_path / "theirs.conf"))
    oracle.arguments = []
    with oracle.start().client() as client:
        client.must("CONFIG", "SET", *sets)
        client.must("CONFIG", "REWRITE")
    ours = Config.load(str(tmp_path / "ours.conf"), ["--port", str(oracle.port), "--dir", str(oracle.folder)])
    ours.set(zip(sets[::2], sets[1::2], strict=True))
    ours.rewrite()
    mine, theirs = ((tmp_path / f"{name}.conf").read_bytes().decode() for name in ("ours", "theirs"))
    at = mine.index("# Generated by CONFIG REWRITE")
    assert mine[:at] == theirs[:at]
    appended = {line for line in theirs[at:].splitlines() if not line.startswith("user default")}
    assert set(mine[at:].splitlines()) == appended
    assert mine.endswith("\n")


# Our server only.


def test_values_have_the_types_of_python():
    config = Config.load(None, ["--save", "900 1", "--maxmemory", "1gb", "--bind", "127.0.0.1", "::1"])
    assert config["maxmemory"] == 1024**3
    assert config["save"] == ((900, 1),)
    assert config["appendonly"] is True
    assert config["bind"] == ("127.0.0.1", "::1")
    assert config["client-output-buffer-limit"]["pubsub"] == BufferLimit(32 * 1024**2, 8 * 1024**2, 60)
    assert config["hash-max-ziplist-value"] == config["hash-max-listpack-value"] == 64
    with pytest.raises(KeyError):
        config["nosuch"]


def test_the_text_of_every_default_reads_as_the_default():
    for directive in DIRECTIVES.values():
        if directive.name not in ("dir", "replicaof"):
            words = directive.kind.text(directive.default)
            words = words.split(" ") if directive.kind.several else [words]
            current = () if directive.kind.accumulates else directive.default
            assert directive.kind.read(words, current) == directive.default


def test_names_are_said_once():
    names = [entry.name for section in SECTIONS.values() for entry in section] + list(ALIASES)
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("replicaof localhost 6380", "replication"),
        ("slaveof localhost 6380", "replication"),
        ("min-replicas-to-write 1", "replication"),
        ("cluster-enabled yes", "cluster mode"),
        ("loadmodule x.so", "modules"),
    ],
)
def test_what_would_be_dangerous_to_ignore_stops_the_start(line, missing, tmp_path):
    error = refusal(tmp_path, f"port 0\n{line}\n")
    assert error.line == 2
    assert missing in error.reason


def test_the_dangerous_is_refused_at_run_time_too():
    config = Config()
    with pytest.raises(ConfigRefused, match=r"argument 'min-replicas-to-write'\) - .* needs replication"):
        config.set([("min-replicas-to-write", "1")])
    config.set([("min-replicas-to-write", "0")])


def test_accepted_without_effect_is_told():
    config = Config.load(None, ["--io-threads", "4", "--maxmemory-policy", "noeviction", "--port", "0", "--save", ""])
    assert [directive.name for directive in config.ignored()] == ["io-threads"]
    assert [directive.name for directive in Config.load(None, ["--save", "60 1"]).ignored()] == ["save"]


def test_includes_are_read_where_they_stand(tmp_path):
    (tmp_path / "a.conf").write_text("hz 20\nmaxclients 5\n")
    (tmp_path / "part-2.conf").write_text("timeout 2\n")
    (tmp_path / "part-1.conf").write_text("timeout 1\ntcp-keepalive 1\n")
    config = load(
        tmp_path,
        f"maxclients 4\ninclude {tmp_path}/a.conf\nhz 30\ninclude {tmp_path}/part-*.conf\ninclude {tmp_path}/z*\n",
    )
    assert [config[name] for name in ("maxclients", "hz", "timeout", "tcp-keepalive")] == [5, 30, 2, 1]


def test_the_name_of_the_folder_of_an_included_file_is_no_pattern(tmp_path):
    folder = tmp_path / "p[1]*?"
    folder.mkdir()
    (folder / "common.conf").write_text("requirepass secret\n")
    (folder / "part-1.conf").write_text("hz 30\n")
    path = tmp_path / "redis.conf"
    path.write_text(f'dir "{folder}"\ninclude common.conf\ninclude part-*.conf\n')
    config = Config.load(str(path), [])
    assert (config["requirepass"], config["hz"]) == ("secret", 30)


def test_an_error_in_an_included_file_names_it(tmp_path):
    (tmp_path / "a.conf").write_text("hz 20\nport x\n")
    error = refusal(tmp_path, f"\n\n\ninclude {tmp_path}/a.conf\n")
    assert (error.source, error.line, error.text) == (str(tmp_path / "a.conf"), 2, "port x")
    assert str(tmp_path / "a.conf") in str(error)


def test_a_file_that_includes_itself_is_refused(tmp_path):
    assert refusal(tmp_path, f"include {tmp_path}/./redis.conf\n").reason == "the file includes itself"


def test_a_file_may_be_included_again_once_it_has_been_read(tmp_path):
    (tmp_path / "a.conf").write_text("hz 20\n")
    (tmp_path / "b.conf").write_text(f"maxclients 5\ninclude {tmp_path}/a.conf\n")
    include = f"include {tmp_path}/a.conf\n"
    config = load(tmp_path, f"{include}hz 30\n{include}maxclients 6\nhz 40\ninclude {tmp_path}/b.conf\n")
    assert (config["hz"], config["maxclients"]) == (20, 5)


def test_files_that_include_each_other_are_refused(tmp_path):
    (tmp_path / "a.conf").write_text(f"include {tmp_path}/b.conf\n")
    (tmp_path / "b.conf").write_text(f"include {tmp_path}/a.conf\n")
    assert refusal(tmp_path, f"include {tmp_path}/a.conf\n").reason == "the file includes itself"


def test_a_missing_file_is_told_in_one_line(tmp_path):
    for error in (refusal(tmp_path, "include /nope\n"), refusal(tmp_path, "", "--include", "/nope")):
        assert str(error) == "Fatal error, can't open config file '/nope': No such file or directory"


def test_standard_input_is_read_after_the_file(tmp_path):
    path = tmp_path / "redis.conf"
    path.write_text("port 1\nhz 20\n")
    config = Config.load(str(path), ["--maxclients", "7", "-"], io.BytesIO(b"port 2\nmaxclients 6\n"))
    assert [config[name] for name in ("port", "hz", "maxclients")] == [2, 20, 7]
    with pytest.raises(ConfigError) as caught:
        Config.load(str(path), ["-"], io.BytesIO(b"port 2\nport x\n"))
    assert (caught.value.source, caught.value.line) == ("standard input", 4)


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--save", "900 1"], ['save "900 1"']),
        (["--save 900 1"], ["save 900 1"]),
        (["--save", ""], ['save ""']),
        (["--save"], ['save ""']),
        (["--save", "--port", "1"], ['save ""', 'port "1"']),
        (["--save", "900", "1", "--save", "300", "2"], ['save "900" "1"', 'save "300" "2"']),
        (["--proc-title-template", "--x--y", "--hz", "1"], ['proc-title-template "--x--y"', 'hz "1"']),
        (["--requirepass", 'a"b\n'], ['requirepass "a\\"b\\n"']),
    ],
)
def test_options_become_lines(arguments, lines):
    assert option_lines(arguments) == lines


def test_bare_options_take_no_value():
    groups = split_options(["--check-config", "--port", "1", "--loop", "asyncio"], bare=("--check-config",))
    assert groups == [["--check-config"], ["--port", "1"], ["--loop", "asyncio"]]


@given(st.binary(max_size=40))
def test_what_is_quoted_reads_as_before(data):
    text = to_text(data)
    assert split_words(f"x {quote(text)} y") == ["x", text, "y"]
    assert quote(text).isascii()


@given(st.text(alphabet=" \t\"'\\xnab0", max_size=12))
def test_splitting_ends_in_words_or_unbalanced_quotes(line):
    try:
        words = split_words(line)
    except Unbalanced:
        assert "'" in line or '"' in line
    else:
        assert split_words(" ".join(map(quote, words))) == words


def test_hidden_directives_answer_to_their_names_only():
    config = Config()
    assert config.matching(["watchdog-*"]) == {}
    assert config.matching(["watchdog-period", "nosuch"]) == {"watchdog-period": "0"}


def test_config_get_tells_a_name_once_and_as_it_was_spelled():
    assert Config().matching(["MaxMemory", "maxmemor[xyz]", "maxmemory"]) == {"MaxMemory": "0"}
    assert set(Config().matching(["*-cpulist", "slaveof"])) == {
        *("server-cpulist", "bio-cpulist", "aof-rewrite-cpulist", "bgsave-cpulist", "slaveof"),
    }


def test_hooks_see_changes_only():
    config, seen = Config(), []
    config.on_change("hash-max-ziplist-entries", seen.append)
    config.set([("hash-max-listpack-entries", "7")])
    config.set([("hash-max-listpack-entries", "7")])
    config.set([("hash-max-ziplist-entries", "8"), ("hz", "20")])
    assert seen == [7, 8]


@pytest.mark.parametrize("failure", [ConfigRejected("Unable to listen."), RuntimeError("broken")])
def test_a_failing_hook_puts_everything_back(failure):
    config, seen, told = Config(), [], []
    config.warn = told.append

    def refuse(value):
        raise failure

    config.on_change("maxmemory", seen.append)
    config.on_change("port", refuse)
    config.on_change("hz", seen.append)
    expected = ConfigRefused if isinstance(failure, ConfigRejected) else RuntimeError
    with pytest.raises(expected) as caught:
        config.set([("maxmemory", "5"), ("PORT", "1"), ("hz", "20")])
    if expected is ConfigRefused:
        assert str(caught.value) == "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen."
    assert seen == [5, 0]
    assert [config[name] for name in ("maxmemory", "port", "hz")] == [0, 6379, 10]
    assert "Possibly related to new port setting" in told[0]


def test_a_hook_that_is_called_again_finds_the_old_values_in_force():
    """A hook may read other directives too: a port is opened at the current bind addresses."""
    config, seen = Config(), []
    config.warn = lambda text: None

    def refuse(value):
        raise ConfigRejected("no")

    config.on_change("port", lambda value: seen.append((value, config["port"], config["bind"])))
    config.on_change("hz", refuse)
    with pytest.raises(ConfigRefused):
        config.set([("bind", "127.0.0.1"), ("port", "1"), ("hz", "20")])
    assert seen == [(1, 1, ("127.0.0.1",)), (6379, 6379, ("*", "-::*"))]


def test_a_bad_value_leaves_the_others_as_they_were():
    config, seen = Config(), []
    config.on_change("maxmemory", seen.append)
    with pytest.raises(ConfigRefused):
        config.set([("maxmemory", "5"), ("hz", "x")])
    assert (config["maxmemory"], seen) == (0, [])


@pytest.mark.parametrize(
    ("allowed", "local", "taken"), [("yes", False, True), ("local", True, True), ("local", False, False)]
)
def test_protected_directives_follow_enable_protected_configs(allowed, local, taken, tmp_path):
    config = Config.load(None, ["--enable-protected-configs", allowed])
    if not taken:
        with pytest.raises(ConfigRefused, match="can't set protected config"):
            config.set([("dir", str(tmp_path))], local=local)
        return
    config.set([("dir", str(tmp_path))], local=local)
    assert config["dir"] == str(tmp_path.resolve())


def test_some_directives_wait_for_loading_to_end():
    with pytest.raises(ConfigRefused, match=r"^LOADING Redis is loading the dataset in memory$"):
        Config().set([("appendonly", "no")], loading=True)


def test_a_relative_dir_is_below_the_one_before(tmp_path):
    (tmp_path / "a").mkdir()
    assert load(tmp_path, f"dir {tmp_path}\ndir a\n")["dir"] == str((tmp_path / "a").resolve())


def test_rewriting_keeps_the_permissions_and_needs_a_file(tmp_path):
    config = load(tmp_path, "requirepass secret\n")
    path = tmp_path / "redis.conf"
    path.chmod(0o640)  # the mode of neither new nor temporary files
    config.rewrite()
    assert path.stat().st_mode & 0o777 == 0o640
    assert 'requirepass "secret"' in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["redis.conf"]
    with pytest.raises(ConfigRefused, match=r"^ERR The server is running without a config file$"):
        Config().rewrite()


@pytest.mark.parametrize("target", ["elsewhere/real.conf", "missing.conf"])
@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_rewriting_a_symbolic_link_writes_the_file_that_it_names(tmp_path, target, absolute):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.conf").write_text("hz 20\n")
    link, real = tmp_path / "redis.conf", tmp_path / target
    link.symlink_to(tmp_path / "elsewhere" / "real.conf")
    config = Config.load(str(link))
    link.unlink()
    link.symlink_to(real if absolute else target)
    config.set([("hz", "30")])
    config.rewrite()
    assert link.is_symlink()
    assert "hz 30\n" in real.read_text()
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry != real) == ["elsewhere", "redis.conf"]
    assert [entry.name for entry in (tmp_path / "elsewhere").iterdir()] == ["real.conf"]


def test_rewriting_again_adds_an_empty_line_and_after_that_nothing(tmp_path):
    """The text after the last newline counts as an empty line, which is kept, as in Redis."""
    config = load(tmp_path, "hz 20\nnotify-keyspace-events KEA\nport 1\nport 2\n", "--save", "", "--maxclients", "9")
    texts = []
    for _ in range(3):
        config.rewrite()
        texts.append((tmp_path / "redis.conf").read_text())
        again = Config.load(str(tmp_path / "redis.conf"))
        assert again.matching(["*"]) == config.matching(["*"])
        config = again
    assert texts[0].startswith("hz 20\n")
    assert not texts[0].endswith("\n\n")
    assert texts[1:] == [texts[0] + "\n"] * 2


# Directives whose other values depend on the machine or on each other, and why.
DEPENDENT = {
    "dir": "a folder that exists",
    "port": "cannot be given with other lines of its own",
}
# Directives whose other values stop a start, because what they ask for is missing, and one that Redis refuses too.
ONE_VALUE = {"activedefrag", *(name for name, directive in DIRECTIVES.items() if directive.needs)}


def other_values(directive, text: str) -> list[str]:
    """Values that a directive might have instead of this one; it need not accept any of them."""
    number = re.match(r"-?\d+", text)
    numbers = [str(int(number[0]) + step) for step in (1, -1, 2)] if number else []
    names = getattr(directive.kind, "names", ())
    return [
        "yes",
        "no",
        *names,
        *numbers,
        "KEA",
        "normal 1 2 3",
        "900 1",
        "10 20",
        "1 2 3",
        "1-3",
        "127.0.0.1",
        "some text",
    ]


def changed(config, directive) -> str | None:
    """Sets the directive to another value and returns that as text; None if it takes none."""
    before = config.text(directive.name)
    for value in other_values(directive, before):
        try:
            config.set([(directive.name, value)], local=True)
        except ConfigRefused:
            continue
        if config.text(directive.name) != before:
            return config.text(directive.name)
    return None


@pytest.mark.parametrize("name", sorted(DIRECTIVES))
def test_every_directive_survives_being_read_set_and_rewritten(name, tmp_path):
    """What CONFIG GET shows can be set, and what was set is read again from the file that CONFIG REWRITE wrote."""
    directive = DIRECTIVES[name]
    config = load(tmp_path, "enable-protected-configs yes\n")
    value = config.text(name)
    assert config.matching([name]) == {name: value}
    if "immutable" in directive.flags:
        with pytest.raises(ConfigRefused, match="can't set immutable config"):
            config.set([(name, value)], local=True)
        return
    config.set([(name, value)], local=True)
    assert config.text(name) == value
    if name in DEPENDENT:
        return
    other = changed(config, directive)
    assert (other is None) == (name in ONE_VALUE)
    config.rewrite()
    again = Config.load(str(tmp_path / "redis.conf"))
    assert again.matching(["*", name]) == config.matching(["*", name])


def test_a_rewrite_that_fails_leaves_the_file_and_no_other(tmp_path, monkeypatch):
    config = load(tmp_path, "hz 20\n")
    config.set([("hz", "30")])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigRefused, match=r"^ERR Rewriting config file: No space left on device$"):
        config.rewrite()
    assert (tmp_path / "redis.conf").read_text() == "hz 20\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["redis.conf"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
def test_a_power_loss_finds_the_old_file_or_the_new_one_and_after_a_rewrite_the_new_one(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    config = load(folder, "maxmemory 100mb\n")
    config.set([("maxmemory", "200mb")])
    recorder = Recorder(folder)
    sync_folder = rewrite.sync_folder

    def found() -> set[str]:
        return {(tree / "redis.conf").read_text() for tree in recorder.after_power_loss(tmp_path / "tree")}

    def sync_after_a_look(path: str) -> None:
        assert found() == {"maxmemory 100mb\n", (folder / "redis.conf").read_text()}
        sync_folder(path)

    monkeypatch.setattr(rewrite, "os", recorder)
    monkeypatch.setattr(rewrite, "sync_folder", sync_after_a_look)
    config.rewrite()
    assert found() == {(folder / "redis.conf").read_text()}
    assert next(iter(found())).startswith("maxmemory 200mb\n")


def test_the_page_of_directives_is_current():
    page = ROOT / "docs" / "configuration.md"
    if not page.exists():
        pytest.skip("only a checkout has the generated pages")
    assert page.read_text(encoding="utf-8") == configuration.render(ROOT), "run python -m pyredis.docs configuration"


def test_the_page_tells_of_every_directive():
    page = configuration.render(ROOT)
    for directive in DIRECTIVES.values():
        assert f"\n| `{directive.name}`" in page
        assert directive.effect in page
        assert directive.about.endswith(".")
        assert not directive.effect or directive.effect.endswith(".")
        assert not (directive.effect and directive.needs)
