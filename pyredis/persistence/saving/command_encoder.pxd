"""The encoder for a base of the append-only file: commands that recreate every value.

The commands have the same effect in Redis 7.0 and later (HPEXPIREAT: 7.4). They are executed while a file is loaded,
when nothing expires. A string becomes SET, with PXAT if the key expires. The expiry of any other key becomes PEXPIREAT.
A hash becomes HMSET, with an HPEXPIREAT for each field that expires; a list becomes RPUSH, a set SADD, a sorted set
ZADD. A stream becomes an XADD for each entry, and XSETID; a group becomes XGROUP CREATE and CREATECONSUMER, a pending
entry XCLAIM. A stream without entries is created by an XADD that trims away its own entry.
"""

from pyredis.persistence.saving.encoder cimport Encoder

cdef const Encoder *command_encoder() noexcept nogil
