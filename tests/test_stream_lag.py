"""How far a group has read: `entries-read` and `lag`, after entries were deleted and trimmed, and as clients set them.

The oracle, version 7.0, counts wrongly after XTRIM and XDEL, which patch releases of 7.4 corrected; a model with the
current rules is used instead. Redis 7.4 and Valkey 9 accept any ENTRIESREAD, so their lag may be negative; here, as in
later releases of Redis, no group has read more than was ever added.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from support.in_process import Local, as_dict

MOST = 2**63 - 1
GROUPS = st.sampled_from(["g", "h"])


def number(count):
    return f"{count}-0"


class Group:
    def __init__(self, last, read):
        self.last = last
        self.read = read


class Model:
    """A stream whose entries are numbers, as the milliseconds of their ids."""

    def __init__(self):
        self.entries = []
        self.added = self.last = self.max_deleted = 0
        self.groups = {}
        self.honest = True

    def add(self):
        self.added += 1
        self.last += 1
        self.entries.append(self.last)

    def delete(self, entry):
        if entry in self.entries:
            self.entries.remove(entry)
            self.max_deleted = max(self.max_deleted, entry)

    def set_group(self, name, last, read):
        self.groups[name] = Group(last, None if read is None else min(read, self.added))
        self.honest = self.honest and read is None

    def read_next(self, group):
        """Reads one entry, if there is one; returns whether there was."""
        following = [entry for entry in self.entries if entry > group.last]
        if not following:
            return False
        counted = group.read is not None and group.read < self.added
        if counted and group.last >= self.entries[0] and not self.deleted_from(group.last):
            group.read += 1
        else:
            group.read = self.read_up_to(following[0])
        group.last = following[0]
        return True

    def deleted_from(self, entry):
        return self.max_deleted and self.max_deleted >= entry

    def read_up_to(self, entry):
        """Returns how many entries were added up to this one. This is known only at both ends of the stream, and at
        the first end only if nothing after it was deleted."""
        if entry == self.last or (not self.entries and entry < self.last):
            return self.added
        if entry > self.last or self.max_deleted >= self.entries[0] or entry > self.entries[0]:
            return None
        return self.added - len(self.entries) + (entry == self.entries[0])

    def lag(self, group):
        if not self.entries:
            return 0
        if group.last < self.entries[0] and self.max_deleted < self.entries[0]:
            return len(self.entries)
        read = group.read
        if read is None or self.deleted_from(group.last):
            read = self.read_up_to(group.last)
        return None if read is None else self.added - read

    def left(self, group):
        return sum(entry > group.last for entry in self.entries)


class Lags(RuleBasedStateMachine):
    """Compares a server with the model, for every group and after every step."""

    server = None

    @initialize()
    def begin(self):
        self.server.empty()
        self.model = Model()
        self.add()
        for name in ("g", "h"):
            self.server.must("XGROUP", "CREATE", "s", name, "0")
            self.model.set_group(name, 0, None)

    @rule()
    def add(self):
        self.model.add()
        self.server.must("XADD", "s", number(self.model.last), "f", "v")

    @rule(group=GROUPS, count=st.integers(1, 3))
    def read(self, group, count):
        self.server.must("XREADGROUP", "GROUP", group, "c", "COUNT", count, "STREAMS", "s", ">")
        while count and self.model.read_next(self.model.groups[group]):
            count -= 1

    @rule(data=st.data())
    def delete(self, data):
        entry = data.draw(st.integers(1, self.model.last))
        self.server.must("XDEL", "s", number(entry))
        self.model.delete(entry)

    @rule(length=st.integers(0, 4))
    def trim_to_a_length(self, length):
        self.server.must("XTRIM", "s", "MAXLEN", length)
        self.model.entries = self.model.entries[max(len(self.model.entries) - length, 0) :]

    @rule(data=st.data())
    def trim_before_an_entry(self, data):
        least = data.draw(st.integers(1, self.model.last))
        self.server.must("XTRIM", "s", "MINID", number(least))
        self.model.entries = [entry for entry in self.model.entries if entry >= least]

    @rule(group=GROUPS, data=st.data())
    def set_a_group(self, group, data):
        last = data.draw(st.integers(0, self.model.last + 1))
        self.server.must("XGROUP", "SETID", "s", group, number(last))
        self.model.set_group(group, last, None)

    @rule(group=GROUPS, data=st.data())
    def say_what_a_group_has_read(self, group, data):
        last = data.draw(st.integers(0, self.model.last + 1))
        read = data.draw(st.one_of(st.integers(0, self.model.added + 3), st.just(MOST)))
        if data.draw(st.booleans()):
            self.server.must("XGROUP", "DESTROY", "s", group)
            self.server.must("XGROUP", "CREATE", "s", group, number(last), "ENTRIESREAD", read)
        else:
            self.server.must("XGROUP", "SETID", "s", group, number(last), "ENTRIESREAD", read)
        self.model.set_group(group, last, read)

    @rule(data=st.data())
    def say_what_was_added(self, data):
        added = data.draw(st.integers(len(self.model.entries), self.model.added + 2))
        self.server.must("XSETID", "s", number(self.model.last), "ENTRIESADDED", added)
        self.model.honest = self.model.honest and added == self.model.added
        self.model.added = added
        for group in self.model.groups.values():
            if group.read is not None:
                group.read = min(group.read, added)

    @rule(data=st.data())
    def say_what_was_deleted(self, data):
        entry = data.draw(st.integers(1, self.model.last))
        self.server.must("XSETID", "s", number(self.model.last), "MAXDELETEDID", number(entry))
        self.model.honest = self.model.honest and entry >= self.model.max_deleted
        self.model.max_deleted = entry

    @invariant()
    def same(self):
        if not hasattr(self, "model"):
            return
        self.server.sound()
        fully = as_dict(self.server.must("XINFO", "STREAM", "s", "FULL"))[b"groups"]
        for group, brief in zip(map(as_dict, fully), groups_of(self.server), strict=True):
            model = self.model.groups[brief[b"name"].decode()]
            told = brief[b"entries-read"], brief[b"lag"]
            assert told == (model.read, self.model.lag(model))
            assert told == (group[b"entries-read"], group[b"lag"])
            assert brief[b"lag"] is None or brief[b"lag"] >= 0
            assert not self.model.honest or brief[b"lag"] in (None, self.model.left(model))


def groups_of(client):
    return [as_dict(group) for group in client.must("XINFO", "GROUPS", "s")]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    return Local(tmp_path_factory.mktemp("lag"))


def test_lag_and_entries_read_follow_the_rules_and_lag_is_right_where_it_is_known(local):
    Lags.server = local
    run_state_machine_as_test(Lags, settings=settings(max_examples=150, stateful_step_count=30))


@pytest.fixture
def client(shared_ours):
    with shared_ours.client() as client:
        for count in range(1, 6):
            client.must("XADD", "s", number(count), "f", "v")
        client.must("XGROUP", "CREATE", "s", "g", "0")
        yield client


def read_one(client):
    client.must("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "s", ">")


def progress(client):
    """Returns entries-read and lag of the first group."""
    group = groups_of(client)[0]
    return group[b"entries-read"], group[b"lag"]


def test_a_group_that_trimming_has_overtaken_counts_what_was_trimmed_as_read(client):
    read_one(client)
    assert progress(client) == (1, 4)
    client.must("XTRIM", "s", "MAXLEN", 1)
    assert progress(client) == (1, 1)
    read_one(client)
    assert progress(client) == (5, 0)


def test_an_entry_deleted_behind_what_a_group_has_read_hides_its_lag(client):
    read_one(client)
    client.must("XDEL", "s", number(3))
    assert progress(client) == (1, None)
    read_one(client)
    assert progress(client) == (None, None)
    client.must("XTRIM", "s", "MINID", number(4))
    assert progress(client) == (None, 2)
    read_one(client)
    assert progress(client) == (4, 1)


def test_nothing_is_left_to_read_in_an_empty_stream(client):
    client.must("XTRIM", "s", "MAXLEN", 0)
    assert progress(client) == (None, 0)


@pytest.mark.parametrize("position", ["0", "1-0", "$", "9-9"])
@pytest.mark.parametrize("read", [5, 6, 100, MOST])
def test_no_group_has_read_more_than_was_ever_added(client, position, read):
    client.must("XGROUP", "SETID", "s", "g", position, "ENTRIESREAD", read)
    assert progress(client) == (5, 5 if position == "0" else 0)
    client.must("XGROUP", "CREATE", "s", "a", position, "ENTRIESREAD", read)
    assert progress(client) == (5, 5 if position == "0" else 0)
    client.must("XGROUP", "CREATE", "new", "g", "$", "MKSTREAM", "ENTRIESREAD", read)
    client.must("XADD", "new", "1-0", "f", "v")
    assert as_dict(client.must("XINFO", "GROUPS", "new")[0])[b"lag"] == 1


def test_reading_on_after_a_position_that_was_wrong_never_counts_past_what_was_added(client):
    client.must("XGROUP", "SETID", "s", "g", "2-0", "ENTRIESREAD", 5)
    seen = []
    for _ in range(3):
        read_one(client)
        seen.append(progress(client))
    assert seen == [(None, None), (None, None), (5, 0)]


def test_fewer_entries_added_limit_what_groups_have_read(client):
    client.must("XGROUP", "SETID", "s", "g", "4-0", "ENTRIESREAD", 4)
    client.must("XGROUP", "CREATE", "s", "h", "0")
    client.must("XTRIM", "s", "MAXLEN", 2)
    client.must("XSETID", "s", "5-0", "ENTRIESADDED", 2)
    assert [(group[b"entries-read"], group[b"lag"]) for group in groups_of(client)] == [(2, 0), (None, 2)]
