/* The checksum of Redis's dumps: the CRC-64 of Jones, reflected, beginning with 0 and without a final inversion.
 * That of "123456789" is e9c6d914c4b8d9ca. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRC64_POLYNOMIAL 0x95ac9329ac4bc9b5ULL

static inline uint64_t crc64(const void *data, size_t size) {
    static uint64_t table[256];
    static bool filled;
    const uint8_t *bytes = (const uint8_t *) data;
    uint64_t crc = 0;
    if (!filled) {
        for (int byte = 0; byte < 256; byte++) {
            uint64_t value = (uint64_t) byte;
            for (int bit = 0; bit < 8; bit++) {
                value = value & 1 ? value >> 1 ^ CRC64_POLYNOMIAL : value >> 1;
            }
            table[byte] = value;
        }
        filled = true;
    }
    for (size_t index = 0; index < size; index++) {
        crc = table[(uint8_t) (crc ^ bytes[index])] ^ crc >> 8;
    }
    return crc;
}
