"""Writes functions.json: exp, log, sin and cos with sixty digits, rounded to the nearest float64.

Run by hand: python3 test/golden/functions.py && npx biome check --write test/golden. Tests read the JSON only.
"""

import json
import os
from decimal import Decimal, getcontext

getcontext().prec = 100
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651")


def series(x, first_power):
    """sin (first power 1) or cos (first power 0) by their power series."""
    x = Decimal(x)
    x -= (x / (2 * PI)).to_integral_value() * 2 * PI
    term = x if first_power else Decimal(1)
    total, n = term, first_power
    while abs(term) > Decimal(10) ** -90:
        term = -term * x * x / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


functions = {
    "exp": (
        lambda x: Decimal(x).exp(),
        [1.0, -1.0, 0.5, 1e-10, -0.34657, 0.34658, 10.3, -37.25, 100.125, -300.7, 700.3, 709.7, -700.9, -744.0],
    ),
    "log": (
        lambda x: Decimal(x).ln(),
        [2.0, 0.5, 10.0, 0.9999999, 1.0000001, 1.4142135, 1.4142136, 0.1, 1e-7, 3.7e300, 2.5e-308, 4.9e-324, 0.95, 123456789.0],
    ),
    "sin": (lambda x: series(x, 1), [0.1, -0.5, 1.0, 1.5707963, 2.0, 3.1415926, -4.0, 10.0, 100.5, -12345.678, 1e6]),
    "cos": (lambda x: series(x, 0), [0.1, -0.5, 1.0, 1.5707963, 2.0, 3.1415926, -4.0, 10.0, 100.5, -12345.678, 1e6]),
}
tables = {name: [[x, float(f(x))] for x in xs] for name, (f, xs) in functions.items()}
with open(os.path.join(os.path.dirname(__file__), "functions.json"), "w") as file:
    json.dump(tables, file)
