"""Writes schedules.json: schedules by NumPy and PyTorch in float64, for the first 60 steps and some far ones.

Run by hand: python3 test/golden/schedules.py && npx biome check --write test/golden (needs python3-numpy, python3-torch).
Tests read the JSON only.
Formulas are written here from Keras's documentation, apart from the library's code; one cycle, warm restarts and stairs are PyTorch's.
"""

import json
import os

import numpy as np
import torch

TIMES = np.concatenate([np.arange(60), [99, 249, 250, 251, 1_000, 4_095, 4_096, 12_345, 99_999]]).astype(np.float64)
A0 = 0.2


def case(name, options, values, times=TIMES):
    return {"name": name, "options": options, "values": [float(v) for v in np.broadcast_to(values, times.shape)]}


def with_torch(make, count):
    """Rates of a PyTorch scheduler, step by step."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=A0, momentum=0.9)
    scheduler = make(optimizer)
    rates = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def polynomial(steps, end, power, cycle):
    length = steps * np.maximum(1, np.ceil(TIMES / steps)) if cycle else np.full_like(TIMES, steps)
    return (A0 - end) * (1 - np.minimum(TIMES, length) / length) ** power + end


def cosine(steps, alpha):
    return A0 * ((1 - alpha) * 0.5 * (1 + np.cos(np.pi * np.minimum(TIMES, steps) / steps)) + alpha)


def restarts(first, t_mul, m_mul, alpha):
    rates = []
    for t in TIMES:
        length, begin, factor = first, 0, 1.0
        while t >= begin + length:
            begin, length, factor = begin + length, length * t_mul, factor * m_mul
        rates.append(A0 * ((1 - alpha) * factor * 0.5 * (1 + np.cos(np.pi * (t - begin) / length)) + alpha))
    return np.array(rates)


a0 = {"initialLearningRate": A0}
step = {"per": "step"}
cases = [
    case("inverseTimeDecay", {**a0, **step}, A0 / (1 + TIMES)),
    case("inverseTimeDecay", {**a0, "decayRate": 0.3, "decaySteps": 7}, A0 / (1 + 0.3 * TIMES / 7)),
    case(
        "inverseTimeDecay",
        {**a0, "decayRate": 0.3, "decaySteps": 7, "staircase": True},
        A0 / (1 + 0.3 * np.floor(TIMES / 7)),
    ),
    case("exponentialDecay", {**a0, **step}, A0 * 0.95**TIMES),
    case("exponentialDecay", {**a0, "decayRate": 0.96, "decaySteps": 1000}, A0 * 0.96 ** (TIMES / 1000)),
    case(
        "exponentialDecay",
        {**a0, "decayRate": 0.9, "decaySteps": 30, "staircase": True},
        A0 * 0.9 ** np.floor(TIMES / 30),
    ),
    case("inverseSqrtDecay", {**a0, "k": 0.7, **step}, A0 * 0.7 / np.sqrt(TIMES + 1)),
    case("stepDecay", {**a0, "every": 20, **step}, A0 * 0.5 ** np.floor(TIMES / 20)),
    case("stepDecay", {**a0, "every": 3, "factor": 0.9, **step}, A0 * 0.9 ** np.floor(TIMES / 3)),
    case(
        "piecewiseConstantDecay",
        {"boundaries": [10, 250, 4095], "values": [1, 0.5, 0.1, 0.01]},
        np.select([TIMES <= 10, TIMES <= 250, TIMES <= 4095], [1, 0.5, 0.1], 0.01),
    ),
    case("polynomialDecay", {**a0, "decaySteps": 250}, polynomial(250, 1e-4, 1, False)),
    case(
        "polynomialDecay",
        {**a0, "decaySteps": 250, "endLearningRate": 0.03, "power": 0.5},
        polynomial(250, 0.03, 0.5, False),
    ),
    case(
        "polynomialDecay",
        {**a0, "decaySteps": 40, "endLearningRate": 0.03, "power": 2, "cycle": True},
        polynomial(40, 0.03, 2, True),
    ),
    case("cosineDecay", {**a0, "decaySteps": 250}, cosine(250, 0)),
    case("cosineDecay", {**a0, "decaySteps": 12_000, "alpha": 0.1}, cosine(12_000, 0.1)),
    case("cosineDecayRestarts", {**a0, "firstDecaySteps": 10}, restarts(10, 2, 1, 0)),
    case(
        "cosineDecayRestarts",
        {**a0, "firstDecaySteps": 9, "tMul": 1, "mMul": 0.9, "alpha": 0.05},
        restarts(9, 1, 0.9, 0.05),
    ),
    case(
        "cosineDecayRestarts",
        {**a0, "firstDecaySteps": 8, "tMul": 1.5, "mMul": 0.8},
        restarts(8, 1.5, 0.8, 0),
    ),
]

schedulers = torch.optim.lr_scheduler
by_torch = [
    case(
        "cosineDecayRestarts",
        {**a0, "firstDecaySteps": 10, "tMul": 3},
        with_torch(lambda o: schedulers.CosineAnnealingWarmRestarts(o, 10, 3), 60),
        TIMES[:60],
    ),
    case(
        "stepDecay",
        {**a0, "every": 30, "factor": 0.1, **step},
        with_torch(lambda o: schedulers.StepLR(o, 30, 0.1), 60),
        TIMES[:60],
    ),
    *[
        case(
            "oneCycle",
            {"maxLearningRate": 0.5, "totalSteps": total, **given},
            with_torch(lambda o: schedulers.OneCycleLR(o, 0.5, total_steps=total, **wanted), total),
            TIMES[:total],
        )
        for total, given, wanted in [
            (60, {}, {}),
            (40, {"annealing": "linear"}, {"anneal_strategy": "linear"}),
            (
                50,
                {"pctStart": 0.45, "divFactor": 10, "finalDivFactor": 100},
                {"pct_start": 0.45, "div_factor": 10, "final_div_factor": 100},
            ),
            (3, {}, {}),
        ]
    ],
]

path = os.path.join(os.path.dirname(__file__), "schedules.json")
with open(path, "w") as file:
    json.dump({"times": [int(t) for t in TIMES], "cases": cases + by_torch}, file)
