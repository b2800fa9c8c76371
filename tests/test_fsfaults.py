"""The injected faults, tested on the oracle: each helper has the effect that it documents."""

import time

from support.client import wait_until
from support.fsfaults import file_size_limit, fill_disk, ignoring_sigxfsz, injected, slow_fdatasync, small_disk

DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec")


def test_an_injected_error_reaches_the_server_and_ends_with_the_block(start_oracle, tmp_path):
    server = start_oracle(*DURABLE)
    with server.client() as client:
        (incremental,) = server.folder.glob("appendonlydir/*.incr.aof")
        with injected(server.pid, tmp_path, "write:error=ENOSPC", file=incremental):
            client.send("SET", "a", "1")
            wait_until(lambda: "No space left on device" in server.log(), "the failed write")
        wait_until(lambda: client.do("PING") == "PONG", "strace to detach")


def test_files_cannot_grow_beyond_the_limit(start_oracle):
    server = start_oracle(*DURABLE, preexec=ignoring_sigxfsz)
    with server.client() as client:
        with file_size_limit(server.pid, 1 << 16):
            client.do("SET", "a", "x" * 100000)
            wait_until(lambda: "File too large" in server.log() or "Short write" in server.log(), "the limit")
        wait_until(lambda: client.do("SET", "a", "1") == "OK", "recovery")


def test_a_small_disk_fills_up(start_oracle, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        server = start_oracle(*DURABLE, name="disk/server")
        ballast = fill_disk(disk)
        with server.client() as client:
            client.do("SET", "a", "x" * 100000)
            wait_until(lambda: "No space left on device" in server.log() or "Short write" in server.log(), "full disk")
            ballast.unlink()
            wait_until(lambda: client.do("SET", "a", "1") == "OK", "recovery")
        server.kill()


def test_a_slow_disk_delays_the_answer(start_oracle, tmp_path):
    environment = slow_fdatasync(tmp_path, 200)
    server = start_oracle("--appendonly", "yes", "--appendfsync", "always", environment=environment)
    with server.client() as client:
        begin = time.monotonic()
        client.must("SET", "a", "1")
        assert time.monotonic() - begin >= 0.2
