#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints golden.h: what the processor trial's kernels must give.

Everything is computed from its definition with integers and fractions alone: no instruction that the trial tests, and
no library that uses one, has a part in it.
"""

import struct
from fractions import Fraction

MASK = (1 << 64) - 1
BLOCK_SIZE = 16384
MATRIX_SIZE = 64


def splitmix64(seed, count):
    words = []
    for _ in range(count):
        seed = seed + 0x9E3779B97F4A7C15 & MASK
        z = seed
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        words.append(z ^ z >> 31)
    return words


def fold(data):
    h = 0xCBF29CE484222325
    for (word,) in struct.iter_unpack("<Q", data):
        h = (h ^ word) * 0x100000001B3 & MASK
    return struct.pack("<Q", h)


def primes(count):
    found = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def root(n, k):
    """The integer part of the k-th root of n."""
    low, high = 0, 1 << n.bit_length() // k + 1
    while low + 1 < high:
        middle = (low + high) // 2
        if middle**k <= n:
            low = middle
        else:
            high = middle
    return low


def sha2(data, bits, rounds, sums, sigmas):
    """FIPS 180-4: SHA-256 (bits 32) and SHA-512 (bits 64)."""
    mask = (1 << bits) - 1
    k = [root(p << 3 * bits, 3) & mask for p in primes(rounds)]
    h = [root(p << 2 * bits, 2) & mask for p in primes(8)]

    def rotate(x, n):
        return (x >> n | x << bits - n) & mask

    def sigma(x, a, b, c):
        return rotate(x, a) ^ rotate(x, b) ^ x >> c

    def total(x, a, b, c):
        return rotate(x, a) ^ rotate(x, b) ^ rotate(x, c)

    block = bits * 2
    length = bits // 4
    padding = b"\x80" + bytes(-(len(data) + 1 + length) % block)
    data += padding + (8 * len(data)).to_bytes(length, "big")

    for start in range(0, len(data), block):
        w = [int.from_bytes(data[i : i + bits // 8], "big") for i in range(start, start + block, bits // 8)]
        for i in range(16, rounds):
            w.append(w[i - 16] + sigma(w[i - 15], *sigmas[0]) + w[i - 7] + sigma(w[i - 2], *sigmas[1]) & mask)

        a, b, c, d, e, f, g, x = h
        for i in range(rounds):
            t1 = x + total(e, *sums[1]) + (e & f ^ ~e & g) + k[i] + w[i]
            t2 = total(a, *sums[0]) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, x = t1 + t2 & mask, a, b, c, d + t1 & mask, e, f, g
        h = [old + new & mask for old, new in zip(h, (a, b, c, d, e, f, g, x))]

    return b"".join(word.to_bytes(bits // 8, "big") for word in h)


def sha256(data):
    return sha2(data, 32, 64, ((2, 13, 22), (6, 11, 25)), ((7, 18, 3), (17, 19, 10)))


def sha512(data):
    return sha2(data, 64, 80, ((28, 34, 39), (14, 18, 41)), ((1, 8, 7), (19, 61, 6)))


def gf_multiply(a, b, modulus):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= modulus
        b >>= 1
    return product


def aes_sbox():
    box = []
    for x in range(256):
        inverse = next((y for y in range(256) if gf_multiply(x, y, 0x11B) == 1), 0)
        value = 0x63 ^ inverse
        for shift in range(1, 5):
            value ^= (inverse << shift | inverse >> 8 - shift) & 0xFF
        box.append(value)
    return box


class Aes256:
    """FIPS 197, encryption only."""

    def __init__(self, key):
        self.sbox = aes_sbox()
        self.doubled = [gf_multiply(x, 2, 0x11B) for x in range(256)]
        words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
        constant = 1
        for i in range(8, 60):
            word = words[i - 1]
            if i % 8 == 0:
                word = [self.sbox[b] for b in word[1:] + word[:1]]
                word[0] ^= constant
                constant = self.doubled[constant]
            elif i % 8 == 4:
                word = [self.sbox[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - 8], word)])
        self.keys = [sum(words[i : i + 4], []) for i in range(0, 60, 4)]

    def encrypt(self, block):
        state = [a ^ b for a, b in zip(block, self.keys[0])]
        for number in range(1, 15):
            state = [self.sbox[state[i * 5 % 16]] for i in range(16)]
            if number < 14:
                mixed = []
                for i in range(0, 16, 4):
                    column = state[i : i + 4]
                    every = column[0] ^ column[1] ^ column[2] ^ column[3]
                    mixed += [
                        column[j] ^ every ^ self.doubled[column[j] ^ column[(j + 1) % 4]] for j in range(4)
                    ]
                state = mixed
            state = [a ^ b for a, b in zip(state, self.keys[number])]
        return bytes(state)


def aes256_gcm(key, iv, data):
    """NIST SP 800-38D, without additional data. Returns the ciphertext and the tag."""
    aes = Aes256(key)

    def exclusive_or(a, b):
        return bytes(x ^ y for x, y in zip(a, b))

    def multiply(x, y):
        product = 0
        for i in range(127, -1, -1):
            if x >> i & 1:
                product ^= y
            y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
        return product

    subkey = int.from_bytes(aes.encrypt(bytes(16)), "big")
    ciphertext = b""
    digest = 0
    for i in range(len(data) // 16):
        stream = aes.encrypt(iv + (i + 2).to_bytes(4, "big"))
        block = exclusive_or(data[16 * i : 16 * i + 16], stream)
        digest = multiply(digest ^ int.from_bytes(block, "big"), subkey)
        ciphertext += block
    digest = multiply(digest ^ 8 * len(data), subkey)
    return ciphertext, exclusive_or(digest.to_bytes(16, "big"), aes.encrypt(iv + (1).to_bytes(4, "big")))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def matrix(seed):
    return [((word >> 11) - (1 << 52)) / (1 << 53) for word in splitmix64(seed, MATRIX_SIZE**2)]


def fused(a, b, c):
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def unfused(a, b, c):
    return float(Fraction(float(Fraction(a) * Fraction(b))) + Fraction(c))


def product(multiply_add):
    a, b = matrix(4), matrix(5)
    result = []
    for i in range(MATRIX_SIZE):
        for j in range(MATRIX_SIZE):
            total = 0.0
            for k in range(MATRIX_SIZE):
                total = multiply_add(a[i * MATRIX_SIZE + k], b[k * MATRIX_SIZE + j], total)
            result.append(total)
    return fold(struct.pack(f"<{len(result)}d", *result))


def copies(block):
    """Pieces of 1, 3, 7, 15, ... bytes, the first of the block last."""
    result = bytearray(len(block))
    at, size = 0, 1
    while at < len(block):
        size = min(size, len(block) - at)
        result[len(block) - at - size : len(block) - at] = block[at : at + size]
        at += size
        size = 2 * size + 1
    return fold(bytes(result))


def show(name, value):
    print(f"\nstatic const uint8_t golden_{name}[{len(value)}] = {{")
    for i in range(0, len(value), 16):
        print("        " + " ".join(f"0x{byte:02x}," for byte in value[i : i + 16]))
    print("};")


def main():
    block = struct.pack(f"<{BLOCK_SIZE // 8}Q", *splitmix64(1, BLOCK_SIZE // 8))
    key = struct.pack("<4Q", *splitmix64(2, 4))
    iv = struct.pack("<2Q", *splitmix64(3, 2))[:12]
    ciphertext, tag = aes256_gcm(key, iv, block)

    print("/* SPDX-License-Identifier: GPL-3.0-or-later */")
    print("/* Made by golden.py, which tells how: not to be edited. */")
    print("#pragma once\n\n#include <stdint.h>")
    show("input", fold(block))
    show("sha256", sha256(block))
    show("sha512", sha512(block))
    show("aes256_gcm", tag + fold(ciphertext))
    show("crc32c", crc32c(block))
    show("copy", copies(block))
    show("matrix_fused", product(fused))
    show("matrix_unfused", product(unfused))


if __name__ == "__main__":
    main()
