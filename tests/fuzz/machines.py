"""Targets that play the state machines of the tests: an input's bytes are what hypothesis draws from.

So the structures that are built of pointers, which no image of bytes can be made of, are searched as well for what
breaks them, guided by the coverage of the native code.
"""

import importlib
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import get_state_machine_test

# The machine's module and its name.
MACHINES = {
    "hashes": ("test_hash_type", "HashAgainstDict"),
    "lists": ("test_list_type", "ListAgainstList"),
    "sets": ("test_set_type", "Machine"),
    "sorted_sets": ("test_sorted_set_type", "SortedSetMachine"),
    "streams": ("test_stream_type", "Streams"),
    "groups": ("test_stream_type", "Groups"),
    "tables": ("test_hashtable", "TableAgainstDict"),
}


def machine(name: str) -> Callable[[bytes], None]:
    module, machine = MACHINES[name]
    play: list[Any] = []

    def target(data: bytes) -> None:
        if not play:
            factory = getattr(importlib.import_module(module), machine)
            how = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
            play.append(get_state_machine_test(factory, settings=how).hypothesis.fuzz_one_input)
        play[0](data)

    return target
