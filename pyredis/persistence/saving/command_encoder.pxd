"""The encoder of a base of the append-only file: commands that make a value anew.

They do the same in Redis, in any version from 7.0 on, and they are executed as a file is loaded: nothing expires
meanwhile. Hashes are HMSET, and HPEXPIREAT for the fields that expire; lists RPUSH, sets SADD, sorted sets ZADD;
streams XADD, one for each entry, and XSETID; groups XGROUP CREATE and CREATECONSUMER, what is pending XCLAIM. A
stream without entries is made by an XADD that trims itself away.
"""

from pyredis.persistence.saving.encoder cimport Encoder

cdef const Encoder *command_encoder() noexcept nogil
