"""The allocator: blocks do not overlap and keep their bytes, and memory in use is counted exactly."""

import gc
import itertools
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pyredis.types.handles.table_handle import SMALL, Block, peak_bytes, trim, used_bytes
from support.paths import CHECKED_BUILD, server_environment


@pytest.fixture(autouse=True)
def no_garbage():
    """Collects garbage of earlier tests: the collector could otherwise free native values in the shared allocator."""
    gc.collect()


EDGES = [0, 1, 7, 8, 9, 63, 64, 65, 504, 505, 511, 512, 513, 520, 4096, 65536, 200000, 3 << 20]


@pytest.mark.parametrize("size", EDGES)
def test_a_block_costs_its_footprint_and_gives_it_back(size):
    start = used_bytes()
    block = Block(size)
    used = used_bytes() - start
    assert used == block.footprint if size <= SMALL else size <= used <= size + 8192
    del block
    assert used_bytes() == start


@pytest.mark.parametrize("size", EDGES)
def test_a_zeroed_block_is_zero_even_where_another_was(size):
    blocks = [Block(size, 0xAA) for _ in range(20)]
    del blocks
    blocks = [Block(size, zeroed=True) for _ in range(20)]
    assert all(block.is_intact() for block in blocks)


def test_a_block_keeps_what_fits_when_it_is_resized():
    start = used_bytes()
    for first in EDGES:
        for second in EDGES:
            block = Block(first, 0x5C)
            block.resize(second)
            assert block.is_intact()
            fresh = Block(second)
            assert used_bytes() - start >= 2 * second
            del block, fresh
            assert used_bytes() == start


def test_blocks_of_a_class_do_not_overlap_and_are_used_again():
    for size in (1, 8, 24, 512):
        blocks = [Block(size, number % 251) for number in range(5000)]
        step = (size + 7) // 8 * 8
        addresses = sorted(block.address for block in blocks)
        assert all(second - first >= step for first, second in itertools.pairwise(addresses))
        assert all(block.is_intact() for block in blocks)
        random.Random(size).shuffle(blocks)
        del blocks[2500:]
        again = [Block(size, 17) for _ in range(2500)]
        assert all(block.is_intact() for block in blocks)
        assert all(block.is_intact() for block in again)


def test_arenas_come_and_go_with_their_blocks():
    start = used_bytes()
    for _ in range(3):
        blocks = [Block(500, number % 256) for number in range(20000)]
        assert used_bytes() - start == 20000 * blocks[0].footprint
        random.Random(3).shuffle(blocks)
        while blocks:
            assert blocks[-1].is_intact()
            del blocks[-100:]
        assert used_bytes() == start


def in_a_new_process(function) -> str:
    """Prints what the function returns, in a process of its own: memory that other tests have freed is used first."""
    code = f"from {Path(__file__).stem} import {function.__name__}; print({function.__name__}())"
    environment = server_environment()
    tests = str(Path(__file__).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), tests]))
    done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(CHECKED_BUILD, reason="a checked build has no arenas")
def test_empty_arenas_are_given_back_one_at_a_time_and_one_is_kept():
    assert 3 <= int(in_a_new_process(arenas_given_back)) <= 5


def arenas_given_back() -> int:
    while trim():
        pass
    blocks = [Block(500, 1) for _ in range(20000)]  # five arenas of 2 MiB
    assert not trim()
    random.Random(4).shuffle(blocks)
    blocks.clear()
    given_back = 0
    while trim():
        given_back += 1
    blocks = [Block(500, number % 256) for number in range(20000)]
    assert all(block.is_intact() for block in blocks)
    return given_back


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not report resident memory so")
@pytest.mark.skipif(CHECKED_BUILD, reason="a checked build has no arenas")
@pytest.mark.skipif(os.sysconf("SC_PAGE_SIZE") > 4096, reason="the first slab of an arena keeps its pages")
def test_vacant_slabs_are_given_back_although_their_arenas_are_in_use():
    assert in_a_new_process(vacant_slabs_given_back) == "True\n"


def vacant_slabs_given_back() -> bool:
    while trim():
        pass
    blocks = [Block(500, number % 256) for number in range(60_000)]  # fifteen arenas
    kept = [blocks[number] for number in range(0, 60_000, 4000)]
    blocks.clear()
    before = resident_bytes()
    while trim():
        pass
    freed = before - resident_bytes()
    again = [Block(500, number % 256) for number in range(60_000)]
    return freed > 20 << 20 and all(block.is_intact() for block in kept + again)


LINUX_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled").exists()


def mappings(server) -> list[tuple[int, list[str]]]:
    """Returns size in KiB and flags of each of the server's mappings."""
    told = Path(f"/proc/{server.process.pid}/smaps").read_text()
    found = re.findall(r"^Size: +(\d+) kB$.*?^VmFlags: ([^\n]*)", told, re.MULTILINE | re.DOTALL)
    return [(int(size), flags.split()) for size, flags in found]


@pytest.mark.skipif(not LINUX_HUGE_PAGES, reason="this system reports no advice about huge pages")
@pytest.mark.skipif(CHECKED_BUILD, reason="a checked build has no arenas")
@pytest.mark.parametrize("disable", ["yes", "no"])
def test_huge_pages_are_for_those_who_want_them(start_ours, disable):
    server = start_ours("--disable-thp", disable)
    before = len(mappings(server))
    with server.client() as client:
        client.must("DEBUG", "POPULATE", "700000")  # twenty arenas
    after = mappings(server)
    fit, unfit = (sum(size for size, flags in after if flag in flags) for flag in ("hg", "nh"))
    if disable == "yes":
        assert fit == 0
        assert unfit > 30 << 10
        assert len(after) < before + 12, "arenas are adjacent: a process may have at most 65,530 mappings"
    else:
        assert fit > 20 << 10


def test_the_peak_is_the_highest_use_since_it_was_reset():
    assert peak_bytes(reset=True) == used_bytes()
    before = used_bytes()
    block = Block(100000)
    highest = used_bytes()
    del block
    assert used_bytes() == before
    assert peak_bytes() == highest
    assert peak_bytes(reset=True) == before


class Allocations(RuleBasedStateMachine):
    """Allocates and frees in any order: every block keeps its pattern, and their sum is the memory in use."""

    def __init__(self):
        super().__init__()
        self.start = used_bytes()
        self.blocks = []

    sizes = st.one_of(st.integers(0, 600), st.sampled_from(EDGES))
    patterns = st.integers(0, 255)

    @rule(size=sizes, pattern=patterns, count=st.integers(1, 200))
    def allocate(self, size, pattern, count):
        if size > 5000:
            count = 1
        self.blocks += [Block(size, pattern) for _ in range(count)]

    @rule(data=st.data())
    def release(self, data):
        if self.blocks:
            first = data.draw(st.integers(0, len(self.blocks) - 1))
            del self.blocks[first : first + data.draw(st.integers(1, 200))]

    @rule(data=st.data(), size=sizes)
    def resize(self, data, size):
        if self.blocks:
            self.blocks[data.draw(st.integers(0, len(self.blocks) - 1))].resize(size)

    @invariant()
    def blocks_are_intact_and_counted(self):
        assert all(block.is_intact() for block in self.blocks)
        small = sum(block.footprint for block in self.blocks if block.size <= SMALL)
        large = sum(block.size for block in self.blocks if block.size > SMALL)
        slack = sum(8192 for block in self.blocks if block.size > SMALL)
        assert small + large <= used_bytes() - self.start <= small + large + slack

    def teardown(self):
        self.blocks.clear()
        assert used_bytes() == self.start


TestAllocations = Allocations.TestCase
TestAllocations.settings = settings(max_examples=50, stateful_step_count=30)
