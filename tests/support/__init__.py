"""The test harness: servers, raw clients, the differential pair, file-system faults, command strategies.

The modules for tests over a socket (``client``, ``pair``, ``resp``, ``servers``) do not import ``pyredis``, so these
tests can run against any server that speaks the protocol (``PYREDIS_TEST_COMMAND="redis-server"`` tests that one).
"""
