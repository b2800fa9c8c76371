"""LZF: the compression of Redis's files and of the inner nodes of long lists.

A stream is a sequence of literals, ``n`` (0..31) and ``n + 1`` bytes, and of references to bytes already written: the
length less 2 in the upper 3 bits, of which 7 means that a byte with the rest follows, and then 13 bits of the distance
less 1, the highest 5 of them in the first byte and the others in a last one. A reference may overlap its own output.
"""


# Both return the number of bytes written, 0 where `out_size` is too small; decompression also where the stream is none.
# Nothing outside of in[:size] is read, nothing outside of out[:out_size] is read or written.
cdef size_t lzf_compress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil
cdef size_t lzf_decompress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil
