"""Writes normalization.json: layer, group and instance normalisation, smoothed cross-entropies with their gradients, and ten
training steps of a network with all of them, L1 and L2, by PyTorch in float64; constraints by numpy.

Run by hand: python3 test/golden/normalization.py && npx biome check --write test/golden (needs python3-torch).
Inputs are the formula of models.py, as float32 numbers; images are NHWC in the JSON.
"""

import json
import os

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def values(shape, salt, scale, offset=0.0):
    """As in models.py."""
    n = 1
    for size in shape:
        n *= size
    i = torch.arange(n, dtype=torch.int64)
    numbers = (((i + salt * 1009) * 7919) % 10007).double() / 10007 - 0.5
    return ((numbers * scale).float().double() + offset).float().double().reshape(shape)


def labels(count, classes):
    return torch.tensor([(i * 7) % classes for i in range(count)])


def numbers(tensor):
    """Nine digits, more than float32 has."""
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


cases = []


def case(name, options, function, x, parameters, salt=50):
    """The input is [shape, salt, scale, offset], gamma has salt 7 and beta salt 8; the upstream gradient salt 50."""
    tensors = [values(*x).requires_grad_()]
    if parameters:
        tensors += [values(parameters, 7, 1, 1.0).requires_grad_(), values(parameters, 8, 1).requires_grad_()]
    out = function(*tensors)
    found = torch.autograd.grad(out, tensors, values(list(out.shape), salt, 2))
    cases.append(
        {
            "layer": name,
            "options": options,
            "input": x,
            "parameters": parameters,
            "out": numbers(out),
            "gradients": [numbers(g) for g in found],
        }
    )


EPSILON = 1e-3
layer = lambda axes: lambda x, g, b: F.layer_norm(x, x.shape[-axes:], g, b, EPSILON)
case("layerNormalization", {}, layer(1), [[4, 7], 1, 4, 1.0], [7])
case("layerNormalization", {}, layer(1), [[2, 2, 67], 2, 2, 0.0], [67])
case("layerNormalization", {"axis": [1, 2, 3]}, layer(3), [[3, 4, 2, 3], 3, 4, 0.0], [4, 2, 3])
case(
    "layerNormalization",
    {"axis": 1},
    lambda x, g, b: F.layer_norm(x.transpose(1, 2), [5], g, b, EPSILON).transpose(1, 2),
    [[2, 5, 3], 4, 4, 0.0],
    [5],
)


def group(groups):
    def call(x, g, b):
        out = F.group_norm(x.movedim(-1, 1), groups, g, b, EPSILON)
        return out.movedim(1, -1)

    return call


case("groupNormalization", {"groups": 2}, group(2), [[2, 3, 4, 6], 5, 4, 0.5], [6])
case("groupNormalization", {"groups": 3}, group(3), [[4, 12], 6, 4, 0.0], [12])
case("groupNormalization", {"groups": 1}, group(1), [[2, 5, 4], 7, 4, 0.0], [4])
case("groupNormalization", {"groups": -1}, group(5), [[2, 4, 3, 5], 8, 4, 0.0], [5])
case(
    "groupNormalization",
    {"groups": 2, "axis": 1},
    lambda x, g, b: F.group_norm(x, 2, g, b, EPSILON),
    [[2, 4, 3, 2], 9, 4, 0.0],
    [4],
)
for scale in [8, 2e4]:
    case(
        "sparseCategoricalCrossentropy",
        {"labelSmoothing": 0.1},
        lambda x: F.cross_entropy(x, labels(3, 4), reduction="none", label_smoothing=0.1),
        [[3, 4], 13, scale, 0.0],
        None,
    )

# training: dense, batch norm with PyTorch's statistics left out, group norm over rows, layer norm, dense; l1 and l2 in both forms
weights = [
    values([4, 8], 100, 2.0).requires_grad_(),
    values([8], 101, 0.2).requires_grad_(),
    values([8], 102, 1, 1.0).requires_grad_(),
    values([8], 103, 0.2).requires_grad_(),
    values([8], 104, 1, 1.0).requires_grad_(),
    values([8], 105, 0.2).requires_grad_(),
    values([8, 3], 106, 1.4).requires_grad_(),
    values([3], 107, 0.2).requires_grad_(),
]
x, y = values([9, 4], 99, 2), labels(9, 3)
optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9)
losses = []
for _ in range(10):
    first, bias, g1, b1, g2, b2, last, end = weights
    h = torch.tanh(x @ first + bias)
    activity = 0.01 * h.abs().sum() / 9 + 0.02 * h.square().sum() / 9
    h = F.group_norm(h, 2, g1, b1, EPSILON)
    h = F.layer_norm(h, [8], g2, b2, EPSILON)
    data = F.cross_entropy(h @ last + end, y, label_smoothing=0.2)
    penalty = 0.7 / (2 * 9) * first.square().sum() + 0.01 * last.square().sum() + 0.005 * last.abs().sum()
    loss = data + penalty + activity
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# constraints, in float64
w = values([3, 2, 2, 4], 20, 6).numpy()


def norm(axes):
    return numpy.sqrt((w**2).sum(axis=axes, keepdims=True))


constraints = {}
for key, axes in {"0": (0,), "[0,1,2]": (0, 1, 2), "-1": (3,)}.items():
    n = norm(axes)
    constraints[key] = {
        "maxNorm": numbers(w * numpy.minimum(n, 2.5) / n),
        "unitNorm": numbers(w / n),
        "minMaxNorm": numbers(w * (0.75 * numpy.clip(n, 2, 3) + 0.25 * n) / n),
    }

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "normalization.json")
with open(path, "w") as file:
    json.dump(
        {
            "cases": cases,
            "losses": losses,
            "weights": [numbers(w) for w in weights],
            "constraints": constraints,
        },
        file,
    )
