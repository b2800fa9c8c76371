"""A reader of packed lists in plain Python, with which the native decoder is compared."""

import struct

HEADER = 6
BACKWARD = 0x2000
COUNT = 0x1FFF


class NotAPack(Exception):
    """Bytes that are not a packed list; the text says why."""


def read(image: bytes) -> list[bytes]:
    """Returns the elements as text; raises NotAPack if any detail differs from what `pack_code` produces."""
    if len(image) < HEADER or struct.unpack_from("=I", image)[0] != len(image):
        raise NotAPack("size")
    meta = struct.unpack_from("=H", image, 4)[0]
    elements, at = [], HEADER
    while at < len(image):
        text, at = element(image, at, bool(meta & BACKWARD))
        elements.append(text)
    if meta & COUNT != min(len(elements), COUNT):
        raise NotAPack("count")
    return elements


def element(image: bytes, at: int, backward: bool) -> tuple[bytes, int]:
    head = image[at]
    extent = extent_of(image, at)
    body = image[at : at + extent]
    if len(body) < extent:
        raise NotAPack("cut")
    text = text_of(head, body)
    if encoded(text) != body:
        raise NotAPack("not the shortest code")
    at += extent
    if backward:
        link = backlink(extent)
        if image[at : at + len(link)] != link:
            raise NotAPack("link")
        at += len(link)
    return text, at


def extent_of(image: bytes, at: int) -> int:
    """Returns the size of head and payload in bytes."""
    head = image[at]
    if head < 0x40:
        return 1 + head
    if head < 0x80:
        return 66 + ((head & 0x3F) << 8 | byte(image, at + 1))
    if head < 0xE0:
        return 1
    if head < 0xF0:
        return 2
    if head < 0xF8:
        return 2 + (head & 7)
    if head > 0xF8 or at + 5 > len(image):
        raise NotAPack("head")
    return 5 + struct.unpack_from("=I", image, at + 1)[0]


def byte(image: bytes, at: int) -> int:
    if at >= len(image):
        raise NotAPack("cut")
    return image[at]


def text_of(head: int, body: bytes) -> bytes:
    if head < 0x80:
        return body[1 if head < 0x40 else 2 :]
    if head == 0xF8:
        return body[5:]
    if head < 0xE0:
        return b"%d" % (head - 0x80)
    if head < 0xF0:
        return b"%d" % (96 + ((head & 0xF) << 8 | body[1]))
    return b"%d" % int.from_bytes(body[1:], "little", signed=True)


def encoded(text: bytes) -> bytes:
    number = canonical_integer(text)
    if number is None:
        return head_of(len(text)) + text
    if 0 <= number < 96:
        return bytes([0x80 + number])
    if 96 <= number < 4192:
        return bytes([0xE0 + (number - 96 >> 8), number - 96 & 0xFF])
    size = next(size for size in range(1, 9) if -(1 << 8 * size - 1) <= number < 1 << 8 * size - 1)
    return bytes([0xF0 + size - 1]) + number.to_bytes(size, "little", signed=True)


def head_of(size: int) -> bytes:
    if size < 64:
        return bytes([size])
    if size < 16448:
        return bytes([0x40 | size - 64 >> 8, size - 64 & 0xFF])
    return b"\xf8" + struct.pack("=I", size)


def canonical_integer(text: bytes) -> int | None:
    digits = text.removeprefix(b"-")
    if not digits.isdigit() or len(digits) > 19 or b"%d" % int(text) != text:
        return None
    return int(text) if -(1 << 63) <= int(text) < 1 << 63 else None


def backlink(extent: int) -> bytes:
    """Returns an element's length of 7, 14 or 32 bits, little-endian with a mark in the last byte."""
    if extent < 0x80:
        return bytes([extent])
    if extent < 0x4000:
        return bytes([extent & 0xFF, 0x80 | extent >> 8])
    return struct.pack("=I", extent) + b"\xc0"
