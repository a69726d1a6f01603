"""Writes optimizers.json: twenty steps of PyTorch's optimizers in float64 over given gradients.

Run by hand: python3 test/golden/optimizers.py && npx biome check --write test/golden (needs python3-torch).
Tests read the JSON only.
The gradients and first weights are float32 values; rates and decays are what a user writes, in float64.
PyTorch's RMSprop keeps momentum over g / root and multiplies by the rate afterwards; at a constant rate this
is the same as TensorFlow's form, which the kernels have.
"""

import json
import os

import torch

STEPS = 20
WEIGHTS = [0.5, -1.5, 2.0, 1e-3, -0.25, 3.0, 1.0, -2.0]


def as_float32(values):
    return torch.tensor(values, dtype=torch.float32).double()


def gradient(step):
    """One column an element: ordinary, zeros, tiny, huge, and those among each other."""
    torch.manual_seed(step)
    noise = torch.randn(4).tolist()
    turns = [0.0, 1e-20, 1e3, -1.0]
    return as_float32(
        [noise[0], 0.0, 1e-20, 1e3, turns[step % 4], 1e3 * noise[1], noise[2] * 1e-3, 1e3 if step == 0 else noise[3]]
    )


def run(make):
    w = as_float32(WEIGHTS).requires_grad_()
    optimizer = make([w])
    trajectory = []
    for step in range(STEPS):
        w.grad = gradient(step)
        optimizer.step()
        trajectory.append(w.detach().tolist())
    return trajectory


def case(name, kernel, options, make):
    return {"name": name, "kernel": kernel, "options": options, "weights": run(make)}


lr = 0.01
momentum = 0.9
rho = 0.9
rho99 = 0.99
betas = (0.9, 0.999)
eps = 1e-8
decay = 0.1
optim = torch.optim

cases = [
    case("SGD", "sgd", {}, lambda p: optim.SGD(p, lr=lr)),
    case("SGD, momentum", "sgd", {"momentum": momentum}, lambda p: optim.SGD(p, lr=lr, momentum=momentum)),
    case(
        "SGD, nesterov",
        "sgd",
        {"momentum": momentum, "nesterov": 1},
        lambda p: optim.SGD(p, lr=lr, momentum=momentum, nesterov=True),
    ),
    # PyTorch does not dampen the first gradient
    case(
        "SGD, dampening",
        "sgd",
        {"momentum": momentum, "dampening": 0.5},
        lambda p: optim.SGD(p, lr=lr, momentum=momentum, dampening=0.5),
    ),
    case("RMSprop", "rmsprop", {"rho": rho99, "epsilon": eps}, lambda p: optim.RMSprop(p, lr=lr, alpha=rho99, eps=eps)),
    case(
        "RMSprop, momentum",
        "rmsprop",
        {"rho": rho, "epsilon": eps, "momentum": momentum},
        lambda p: optim.RMSprop(p, lr=lr, alpha=rho, eps=eps, momentum=momentum),
    ),
    case(
        "RMSprop, centered",
        "rmsprop",
        {"rho": rho, "epsilon": eps, "centered": 1},
        lambda p: optim.RMSprop(p, lr=lr, alpha=rho, eps=eps, centered=True),
    ),
    case("Adam", "adam", {"epsilon": eps}, lambda p: optim.Adam(p, lr=lr, betas=betas, eps=eps)),
    case("AMSGrad", "adam", {"epsilon": eps, "amsgrad": 1}, lambda p: optim.Adam(p, lr=lr, betas=betas, eps=eps, amsgrad=True)),
    case(
        "AdamW",
        "adam",
        {"epsilon": eps, "weightDecay": decay},
        lambda p: optim.AdamW(p, lr=lr, betas=betas, eps=eps, weight_decay=decay),
    ),
]

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json")
with open(path, "w") as file:
    gradients = [gradient(step).tolist() for step in range(STEPS)]
    content = {
        "torch": torch.__version__,
        "learningRate": lr,
        "beta1": betas[0],
        "beta2": betas[1],
        "initial": as_float32(WEIGHTS).tolist(),
        "gradients": gradients,
        "cases": cases,
    }
    def rounded(x):
        # nine digits of a weight are more than the comparison sees; gradients come back as the same float32
        if isinstance(x, float):
            return float("%.10g" % x)
        if isinstance(x, dict):
            return {k: rounded(v) for k, v in x.items()}
        return [rounded(v) for v in x] if isinstance(x, list) else x

    text = json.dumps(rounded(content), separators=(",", ":"))
    file.write(text.replace('{"name"', '\n{"name"').replace("],[", "],\n[") + "\n")
