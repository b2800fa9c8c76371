"""Targets that run the state machines of the tests: hypothesis draws its values from the bytes of an input.

This also fuzzes structures that are built of pointers, for which there is no image of bytes, guided by the coverage of
the native code.
"""

import importlib
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import get_state_machine_test

# By target, the module of a machine and its name.
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
