"""LZF, a fast and simple compression: it compresses the inner nodes of long lists.

A stream is a sequence of literals and references. Literals are a byte ``n`` (0..31) and ``n + 1`` bytes of text. A
reference repeats bytes already written. The upper 3 bits of its first byte are the length less 2, where 7 means that a
byte with the rest follows. The distance less 1 has 13 bits: the highest 5 are the lower bits of the first byte, the
others are the last byte. A reference may overlap its own output.
"""


# Both return the number of bytes written, or 0 if `out_size` is too small; `lzf_decompress` also if the stream is
# invalid. Nothing outside of data[:size] is read, nothing outside of out[:out_size] is read or written.
cdef size_t lzf_compress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil
cdef size_t lzf_decompress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil
