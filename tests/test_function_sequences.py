"""Random sequences of FUNCTION and FCALL over a few libraries, on our server and the oracle, with restarts of ours.

Libraries have common names of functions, so that they collide. A function's reply shows which library it is of, and
whether the library has been loaded again: it counts its calls, from 0 after each load.
"""

import os
import re

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from test_functions import as_pairs

from support.client import wait_until
from support.function_cases import library
from support.pair import Pair
from support.servers import make_ours

LONG = bool(os.environ.get("PYREDIS_LONG"))
NAMES = ("a", "b", "A", "long_name_of_a_library")
FUNCTIONS = ("f", "F", "g", "other", "Write")


def text_of(name: str, functions: tuple[str, ...], ending: str) -> str:
    lines = ["local calls = 0"]
    for function in functions:
        flags = "" if function == "Write" else "'no-writes'"
        lines.append(
            f"redis.register_function{{function_name='{function}', flags={{{flags}}}, callback=function(keys, args) "
            f"calls = calls + 1 if '{function}' == 'Write' then redis.call('rpush', keys[1], '{name}') end "
            f"return {{'{name}', '{function}', calls, keys, args}} end}}"
        )
    return library(name, "\n".join([*lines, ending]))


# No two functions of a library differ only in case: Redis would crash.
SETS = st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=3, unique_by=str.lower).map(tuple)
TEXTS = st.builds(text_of, st.sampled_from(NAMES), SETS, st.sampled_from(["", "", "", "nosuch()", "x = = 1"]))
OPTIONS = st.sampled_from([[], [], ["REPLACE"]])
POLICIES = st.sampled_from([[], ["APPEND"], ["REPLACE"], ["FLUSH"]])


@pytest.fixture(scope="module")
def durable_ours(tmp_path_factory):
    server = make_ours(tmp_path_factory.mktemp("functions"), "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    yield server
    server.kill()


def without_names(reply):
    """Of several collisions, a server reports any."""
    return re.sub(r"(Function|Library) \S+ already", r"\1 already", str(reply)) if "already" in str(reply) else reply


def without_calls(reply):
    """The reply of a function, except for the count of calls, which a restart sets to 0."""
    return [*reply[:2], *reply[3:]] if isinstance(reply, list) else str(reply)


class Libraries(RuleBasedStateMachine):
    ours = oracle = None
    protocol = 2

    @initialize()
    def begin(self):
        for server in (self.ours, self.oracle):
            if not server.running():
                server.start()
        self.pair = Pair(self.ours, self.oracle, self.protocol)
        self.restarted = False
        self.payloads = []
        for command in (("FLUSHALL",), ("FUNCTION", "FLUSH")):
            self.pair.setup(*command)

    @rule(text=TEXTS, options=OPTIONS)
    def load(self, text, options):
        self.pair.check("FUNCTION", "LOAD", *options, text, by=without_names)

    @rule(texts=st.lists(TEXTS, min_size=1, max_size=3), options=OPTIONS)
    def load_in_a_transaction(self, texts, options):
        self.pair.check("MULTI")
        for text in texts:
            self.pair.check("FUNCTION", "LOAD", *options, text)
        self.pair.check("FUNCTION", "STATS")
        self.pair.check("EXEC", by=lambda replies: [without_names(reply) for reply in replies])

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name):
        self.pair.check("FUNCTION", "DELETE", name)

    @rule(mode=st.sampled_from([[], ["ASYNC"], ["SYNC"], ["x"]]))
    def flush(self, mode):
        self.pair.check("FUNCTION", "FLUSH", *mode)

    @rule(name=st.sampled_from(FUNCTIONS), key=st.sampled_from("kl"), command=st.sampled_from(["FCALL", "FCALL_RO"]))
    def call(self, name, key, command):
        self.pair.check(command, name, 1, key, "x", by=without_calls if self.restarted else None)

    @rule(ours=st.booleans())
    def dump(self, ours):
        self.payloads.append((self.pair.ours if ours else self.pair.oracle).must("FUNCTION", "DUMP"))

    @precondition(lambda self: getattr(self, "payloads", None))
    @rule(number=st.integers(0, 100), policy=POLICIES)
    def restore(self, number, policy):
        payload = self.payloads[number % len(self.payloads)]
        self.pair.check("FUNCTION", "RESTORE", payload, *policy, by=without_names)

    @rule()
    def flush_the_data(self):
        self.pair.check("FLUSHALL")

    @rule()
    def rewrite(self):
        client = self.pair.ours

        def idle():
            info = client.must("INFO", "persistence")
            return b"aof_rewrite_in_progress:0" in info and b"aof_rewrite_scheduled:0" in info

        # An earlier step may have left one unfinished.
        wait_until(idle, "the end of a rewriting")
        client.must("BGREWRITEAOF")
        wait_until(idle, "the end of a rewriting")

    @rule()
    def load_the_file_again(self):
        self.restarted = True
        self.pair.ours.must("DEBUG", "LOADAOF")

    @rule()
    def kill(self):
        self.restarted = True
        self.pair.close()
        self.ours.kill()
        self.ours.start()
        self.pair = Pair(self.ours, self.oracle, self.protocol)

    @invariant()
    def the_libraries_are_those_of_the_oracle(self):
        if hasattr(self, "pair"):
            self.pair.check("FUNCTION", "LIST", "WITHCODE", by=as_pairs)
            self.pair.check("FUNCTION", "STATS")
            self.pair.digest()

    def teardown(self):
        if hasattr(self, "pair"):
            self.pair.close()


@pytest.mark.long
@pytest.mark.parametrize("protocol", [2, 3], ids=["resp2", "resp3"])
def test_libraries_are_those_of_the_oracle_whatever_happens(durable_ours, session_oracle, protocol):
    class Machine(Libraries):
        pass

    Machine.ours, Machine.oracle, Machine.protocol = durable_ours, session_oracle, protocol
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=200 if LONG else 15, stateful_step_count=40 if LONG else 25)
    )
