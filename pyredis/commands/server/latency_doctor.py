"""LATENCY DOCTOR: describes the spikes that the latency monitor has recorded, and advises what to do about them."""

from collections.abc import Sequence
from statistics import fmean

DISABLED = (
    "The latency monitor is off, so there is nothing to report. CONFIG SET latency-monitor-threshold <milliseconds> "
    "turns it on.\n"
)
NOTHING = "No latency spike has been recorded. If some commands are slow nevertheless, lower the threshold.\n"

COMMANDS = (
    "Look in the slow log (SLOWLOG GET) for the commands that take long, and use ones that do less at a time: SCAN "
    "instead of KEYS, UNLINK instead of DEL, ranges instead of entire collections.",
    "Values of many megabytes are slow to read and to send; find them with MEMORY USAGE.",
)
DISK = (
    "The disk is too slow for what is written. Look at what else uses it, and prefer a local disk.",
    "With appendfsync everysec instead of always, no reply waits for the disk itself.",
    "no-appendfsync-on-rewrite yes keeps a rewrite and the syncs from competing, at the risk of losing more after a "
    "power failure.",
)
# What to advise, by event.
ADVICE = {
    "command": COMMANDS,
    "fast-command": ("Fast commands that take long mean that the process did not run: look for swapping, for other "
                     "processes on its processors, and for a busy virtual machine.",),
    "eventloop": ("In one iteration of the loop, all clients together had too much to do: look for commands that take "
                  "long, for very large pipelines and for many clients at once.",),
    "expire-cycle": ("Many keys expire at the same time: add some chance to their times to live.",),
    "expire-del": ("Removing an expired value of many megabytes takes long: divide it among several keys.",),
    "eviction-cycle": ("Memory is short, and eviction takes long: lower maxmemory-eviction-tenacity, so that it takes "
                       "more but shorter turns.",),
    "eviction-del": ("Evicting a value of many megabytes takes long: divide it among several keys.",),
    "aof-write": DISK,
    "aof-write-alone": DISK,
    "aof-write-pending-fsync": DISK,
    "aof-write-active-child": DISK,
    "aof-fsync-always": DISK,
}  # fmt: skip


def report(client) -> str:
    """Returns the text of LATENCY DOCTOR."""
    latency = client.host.latency
    if not latency.events:
        return NOTHING if latency.threshold else DISABLED
    lines = ["Latency spikes:", ""]
    spikes = [describe(name, events.samples, events.longest) for name, events in latency.events.items()]
    lines += [f"{number}. {words}" for number, words in enumerate(spikes, 1)]
    advice = dict.fromkeys(words for name in latency.events for words in ADVICE.get(name, ()))
    if slowlog_misses(client):
        advice = {f"The slow log records nothing below {client.host.config['slowlog-log-slower-than']} microseconds: "
                  "set slowlog-log-slower-than to the threshold of the latency monitor.": None, **advice}  # fmt: skip
    if advice:
        lines += ["", "Advice:", "", *(f"- {words}" for words in advice)]
    return "\n".join([*lines, ""])


def describe(name: str, samples: Sequence[tuple[int, int]], longest: int) -> str:
    """Returns a sentence on the samples of an event; the times are milliseconds."""
    durations = [milliseconds for _, milliseconds in samples]
    mean = fmean(durations)
    deviation = fmean(abs(milliseconds - mean) for milliseconds in durations)
    begin, end = samples[0][0], samples[-1][0]
    every = f", one every {(end - begin) / (len(durations) - 1):.1f} seconds" if len(durations) > 1 else ""
    return (
        f"{name}: {len(durations)} recorded{every}; {mean:.0f} ms on average, mean deviation {deviation:.0f} ms, "
        f"longest {longest} ms."
    )


def slowlog_misses(client) -> bool:
    """Returns whether commands are among the spikes that the slow log is set not to record."""
    host = client.host
    slower_than = host.config["slowlog-log-slower-than"]
    return "command" in host.latency.events and not 0 <= slower_than <= host.latency.threshold * 1000
