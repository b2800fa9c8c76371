"""An LZF decoder in plain Python, with which the native one is compared."""


def read(stream: bytes, room: int) -> bytes | None:
    """Returns the decoded bytes; None if the stream is invalid or holds more than ``room`` bytes."""
    out, at = bytearray(), 0
    while at < len(stream):
        control, at = stream[at], at + 1
        if control < 32:
            if at + control + 1 > len(stream):
                return None
            out += stream[at : at + control + 1]
            at += control + 1
        else:
            length = control >> 5
            if length == 7:
                if at >= len(stream):
                    return None
                length, at = length + stream[at], at + 1
            if at >= len(stream):
                return None
            distance, at = ((control & 31) << 8 | stream[at]) + 1, at + 1
            if distance > len(out):
                return None
            for _ in range(length + 2):
                out.append(out[-distance])
        if len(out) > room:
            return None
    return bytes(out)
