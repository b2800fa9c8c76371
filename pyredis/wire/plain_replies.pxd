"""Converts plain replies that the server itself has written, without the checks of ``wire/reply_reader``.

A reply is plain if it consists of bulk strings, integers, doubles, nulls and booleans, in arrays, maps and sets that
are not nested deeply, and if all of it is in the reply buffer. That is what most commands reply with.
"""

from pyredis._resp cimport Reply

# What `plain_object` returns for a reply that is not plain.
cdef object NOT_PLAIN

# How a reply is converted.
cdef enum:
    DECODED = 1         # strings are str, decoded from UTF-8, and not bytes
    IN_TUPLES = 2       # arrays in an array are tuples, if the reply is plain

# Returns the reply written from offset `begin` on, or NOT_PLAIN. Raises UnicodeDecodeError for a string that is to be
# decoded and is not UTF-8.
cdef object plain_object(const Reply *reply, size_t begin, int form)
