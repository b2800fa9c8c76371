"""A reader of HyperLogLog values in plain Python, with which the native decoder is compared."""

REGISTERS = 16384
HEADER = 16
SPARSE = 1
DENSE_SIZE = HEADER + REGISTERS * 6 // 8


def registers_of(value: bytes) -> list[int] | None:
    """Returns the registers of a sparse value; None for a corrupt one."""
    registers, at = [], HEADER
    while at < len(value) and len(registers) <= REGISTERS:
        code = value[at]
        if code & 0x80:
            registers += [(code >> 2 & 31) + 1] * ((code & 3) + 1)
        elif code & 0x40:
            if at + 1 == len(value):
                return None
            registers += [0] * (((code & 63) << 8 | value[at + 1]) + 1)
            at += 1
        else:
            registers += [0] * (code + 1)
        at += 1
    return registers if len(registers) == REGISTERS and at == len(value) else None


def dense_registers(value: bytes) -> list[int]:
    registers = []
    for at in range(HEADER, DENSE_SIZE, 3):
        four = int.from_bytes(value[at : at + 3], "little")
        registers += [four >> shift & 63 for shift in (0, 6, 12, 18)]
    return registers


def is_recognized(value: bytes) -> bool:
    if len(value) < HEADER or value[:4] != b"HYLL":
        return False
    return value[4] == SPARSE or (value[4] == 0 and len(value) == DENSE_SIZE)
