"""Writes npy.json: files by numpy.save and numpy.savez in base64, and the numbers in them.

Run by hand: python3 test/golden/npy.py > test/golden/npy.json && npx biome check --write test/golden
Tests read the JSON only.
"""

import base64
import io
import json

import numpy as np

half = np.array([1.0, -0.1, 65504.0, 6e-8, -0.0], np.float16)
count = np.arange(24).reshape(2, 3, 4)
arrays = {
    "bool": np.array([True, False, True]),
    "int8": np.array([[-128, 127]], np.int8),
    "uint8": np.array([0, 255], np.uint8),
    "int16": count.astype("<i2") - 7,
    "uint16 big": np.array([1, 65535], ">u2"),
    "int32 big": np.array([-(2**31), 2**31 - 1, 5], ">i4"),
    "uint32": np.array([0, 2**32 - 1], np.uint32),
    "int64": np.array([-(2**53) + 1, 2**53 - 1, -1, 2**40]),
    "int64 big": np.array([[-3, 2**33]], ">i8"),
    "uint64": np.array([0, 2**53 - 1], np.uint64),
    "float16": half,
    "float16 big": half.astype(">f2"),
    "float32": np.array([[0.1, -1e30], [3.5, 0]], np.float32),
    "float32 fortran": np.asfortranarray(count.astype(np.float32)),
    "float64": np.array([0.1, 1e300]),
    "float64 big fortran": np.asfortranarray((count[0] / 3).astype(">f8")),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), np.float32),
}


def text(save, *args, **kwargs):
    file = io.BytesIO()
    save(file, *args, **kwargs)
    return base64.b64encode(file.getvalue()).decode()


def numbers(array):
    return {"shape": list(array.shape), "data": [float(x) for x in array.flatten()]}


three = {"x": count.astype(np.uint8), "y": np.array([1, 2]), "weights": np.linspace(0, 1, 50)}
version2 = io.BytesIO()
np.lib.format.write_array(version2, arrays["float64"], version=(2, 0))
print(
    json.dumps(
        {
            "files": {name: {"base64": text(np.save, array), **numbers(array)} for name, array in arrays.items()},
            "version2": base64.b64encode(version2.getvalue()).decode(),
            "beyond": text(np.save, np.array([0, 2**53])),
            "complex": text(np.save, np.array([1j])),
            "strings": text(np.save, np.array(["a"])),
            "records": text(np.save, np.zeros(1, [("a", "f4"), ("b", "i4")])),
            "savez": text(np.savez, **three),
            "compressed": text(np.savez_compressed, **three),
            "npz": {name: numbers(array) for name, array in three.items()},
        }
    )
)
