# The first trials of a search of seed 0, from Philox4x32-10 (Salmon et al. 2011) and the formulas of the distributions:
# python3 test/golden/search.py > test/golden/search.json

import json
from math import exp, floor, log

POINT_STREAM = 0x5EA40000
MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def point(seed, trial, axes):
    words = [w for block in range(axes) for w in philox((block, POINT_STREAM, trial, 0), (seed & MASK, seed >> 32))]
    return [((words[2 * i] >> 5) * 2**26 + (words[2 * i + 1] >> 6)) * 2.0**-53 for i in range(axes)]


def log_uniform(low, high, u):
    return exp(log(low) + u * (log(high) - log(low)))


trials = []
for trial in range(3):
    a, b, c = point(0, trial, 3)
    trials.append(
        {
            "rate": log_uniform(1e-4, 1, a),
            "beta": 1 - log_uniform(1 - 0.999, 1 - 0.9, 1 - b),
            "units": floor(log_uniform(8, 257, c)),
        }
    )
print(json.dumps(trials, indent=2))
