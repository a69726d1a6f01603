"""Writes augment.json: images moved and recoloured by fixed amounts, in numpy and float64, from the definitions.

Run by hand: python3 test/golden/augment.py && npx biome check --write test/golden. Tests read the JSON only.
"""

import json
import os

import numpy as np


def values(*shape):
    """As `spread` of augmentation.ts."""
    return np.array([(i * 7919) % 10007 / 10007 for i in range(int(np.prod(shape)))]).reshape(shape)


PAD = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}


def sample(image, y, x, mode, value):
    """The image at places y, x between pixels, from a copy of it that numpy's pad made large."""
    wide = 40
    kwargs = {"constant_values": value} if mode == "constant" else {}
    padded = np.pad(image, ((wide, wide), (wide, wide), (0, 0)), mode=PAD[mode], **kwargs)
    y, x = y + wide, x + wide
    row, column = np.floor(y).astype(int), np.floor(x).astype(int)
    wy, wx = (y - row)[..., None], (x - column)[..., None]
    return (
        padded[row, column] * (1 - wy) * (1 - wx)
        + padded[row, column + 1] * (1 - wy) * wx
        + padded[row + 1, column] * wy * (1 - wx)
        + padded[row + 1, column + 1] * wy * wx
    )


def forward(height, width, change, amounts):
    """A 3x3 matrix from places of the image to places of the result, (row, column, 1); its inverse is where pixels come from."""
    center = np.array([[1, 0, (height - 1) / 2], [0, 1, (width - 1) / 2], [0, 0, 1]], dtype=float)
    if change == "rotate":
        angle = np.deg2rad(amounts[0])
        # to the left: what lies right of the centre goes up
        about = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    elif change == "zoom":
        about = np.diag([1 / (1 + amounts[0]), 1 / (1 + amounts[1]), 1])
    elif change == "shear":  # columns to the right by a row further down
        about = np.array([[1, 0, 0], [amounts[0], 1, 0], [0, 0, 1]])
    else:
        about = np.array([[1, 0, amounts[0] * height], [0, 1, amounts[1] * width], [0, 0, 1]])
    return center @ about @ np.linalg.inv(center)


def moved(shape, changes, mode, value=0.25):
    height, width, _ = shape
    matrix = np.eye(3)
    for change, amounts in changes:
        matrix = forward(height, width, change, amounts) @ matrix
    inverse = np.linalg.inv(matrix)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    places = inverse @ np.stack([rows.ravel(), columns.ravel(), np.ones(rows.size)])
    y, x = places[0].reshape(height, width), places[1].reshape(height, width)
    return sample(values(*shape), y, x, mode, value)


def turned_hue(rgb, turns):
    """Through the chrominance of YUV, of which that of YIQ is a turned copy."""
    to_yuv = np.array([[0.299, 0.587, 0.114], [0, 0, 0], [0, 0, 0]])
    to_yuv[1] = 0.492111 * (np.array([0, 0, 1]) - to_yuv[0])
    to_yuv[2] = 0.877283 * (np.array([1, 0, 0]) - to_yuv[0])
    c, s = np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return rgb @ (np.linalg.inv(to_yuv) @ turn @ to_yuv).T


SHAPE = (7, 10, 3)
cases = []
for mode in PAD:
    cases += [
        ("rotate", [("rotate", [30])], mode),
        ("zoom", [("zoom", [0.4, -0.3])], mode),
        ("shear", [("shear", [0.35])], mode),
        ("shift", [("shift", [0.2, -0.33])], mode),
        ("all", [("shear", [0.2]), ("zoom", [0.3, 0.3]), ("rotate", [-50]), ("shift", [0.1, 0.15])], mode),
    ]

pixels = values(6, 4, 5, 3) * np.array([200, 90, 30]) + values(6, 4, 5, 1) * np.array([55, 100, 40])
flat = pixels.reshape(-1, 3) / 255
eigenvalues, eigenvectors = np.linalg.eigh(np.cov(flat.T, bias=True))
order = np.argsort(-eigenvalues)

result = {
    "moved": [
        {"change": name, "fillMode": mode, "out": moved(SHAPE, changes, mode).ravel().round(9).tolist()}
        for name, changes, mode in cases
    ],
    "hue": [{"turns": t, "out": turned_hue(values(2, 3, 3), t).ravel().round(9).tolist()} for t in (0.1, -0.25, 0.5)],
    "colors": {
        "values": eigenvalues[order].tolist(),
        "vectors": [(v if v[np.argmax(abs(v))] > 0 else -v).tolist() for v in eigenvectors.T[order]],
    },
}
with open(os.path.join(os.path.dirname(__file__), "augment.json"), "w") as file:
    json.dump(result, file)
