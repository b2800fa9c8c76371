"""The test harness: servers, raw clients, the differential pair, file-system faults, command strategies.

Nothing here imports ``pyredis``: what is tested over a socket can as well be any server that speaks the protocol
(``PYREDIS_TEST_COMMAND="redis-server"`` puts another one in our place).
"""
