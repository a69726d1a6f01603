"""Writes safetensors.json: the bytes of a small file with every type, put together with struct and json alone, and
the numbers in it.

Run by hand: python3 test/golden/safetensors.py > test/golden/safetensors.json && npx biome check --write test/golden
Tests read the JSON only.
"""

import json
import struct

tensors = [
    ("flags", "BOOL", [3], b"\x00\x01\x01", [0, 1, 1]),
    ("bytes", "U8", [2, 1], b"\x00\xff", [0, 255]),
    ("small", "I8", [2], struct.pack("<2b", -128, 127), [-128, 127]),
    # at byte 7: not aligned
    ("weights/kernel", "F32", [2, 2], struct.pack("<4f", 1.5, -2.0, 0.1, 3e38), [1.5, -2.0, 0.1, 3e38]),
    ("half", "F16", [2, 4], struct.pack("<8e", 1.0, -0.1, 65504.0, 6e-8, 6.1e-5, -0.0, 1e-4, 0.5), None),
    ("brain", "BF16", [3], struct.pack("<3H", 0x3F80, 0xC049, 0x0001), [1.0, -3.140625, 2.0**-133]),
    ("short", "I16", [2], struct.pack("<2h", -32768, 32767), [-32768, 32767]),
    ("int", "I32", [], struct.pack("<i", -(2**31)), [-(2**31)]),
    ("long", "I64", [3], struct.pack("<3q", -(2**53) + 1, 2**53 - 1, -1), [-(2**53) + 1, 2**53 - 1, -1]),
    ("double", "F64", [2], struct.pack("<2d", 0.1, 1e300), [0.1, 1e300]),
    ("empty", "F32", [0, 5], b"", []),
]

header = {"__metadata__": {"format": "pt", "ümlaut": "日本"}}
data = b""
values = {}
for name, dtype, shape, raw, numbers in tensors:
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
    if numbers is None:
        numbers = list(struct.unpack("<8e", raw))
    values[name] = {"dtype": dtype, "shape": shape, "data": numbers}

text = json.dumps(header, ensure_ascii=False).encode()
text += b" " * (-len(text) % 8)
print(json.dumps({"bytes": list(struct.pack("<Q", len(text)) + text + data), "values": values}))
