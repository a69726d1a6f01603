"""Writes optimizers.json: twenty steps of PyTorch's optimizers in float64, and of formulas that PyTorch has not, over given gradients.

Run by hand: python3 test/golden/optimizers.py && npx biome check --write test/golden (needs python3-torch).
Tests read the JSON only.
The gradients and first weights are float32 values; rates and decays are what a user writes, in float64.
PyTorch's RMSprop keeps momentum over g / root and multiplies by the rate afterwards; at a constant rate this
is the same as TensorFlow's form, which the kernels have.
"""

import json
import math
import os

import torch

STEPS = 20
WEIGHTS = [0.5, -1.5, 2.0, 1e-3, -0.25, 3.0, 1.0, -2.0, 0.7, -0.4]


def as_float32(values):
    return torch.tensor(values, dtype=torch.float32).double()


def gradient(step):
    """One column an element: ordinary, zeros, tiny, huge, those among each other, alternating, sparse."""
    torch.manual_seed(step)
    noise = torch.randn(4).tolist()
    turns = [0.0, 1e-20, 1e3, -1.0]
    mixed = [turns[step % 4], 1e3 * noise[1], noise[2] * 1e-3, 1e3 if step == 0 else noise[3]]
    alternating = 1.0 if step % 2 == 0 else -1.0
    sparse = 0.5 if step % 5 == 0 else 0.0
    return as_float32([noise[0], 0.0, 1e-20, 1e3, *mixed, alternating, sparse])


def run(make):
    w = as_float32(WEIGHTS).requires_grad_()
    optimizer = make([w])
    trajectory = []
    for step in range(STEPS):
        w.grad = gradient(step)
        optimizer.step()
        trajectory.append(w.detach().tolist())
    return trajectory


def follow(step, *slots):
    """The formula as it stands in a paper or in Keras, element by element: step(t, g, slots) is what is taken off."""
    weights = as_float32(WEIGHTS).tolist()
    state = [list(slots) for _ in weights]
    trajectory = []
    for t in range(1, STEPS + 1):
        given = gradient(t - 1).tolist()
        weights = [w - step(t, w, g, s) for w, g, s in zip(weights, given, state)]
        trajectory.append(weights)
    return trajectory


def case(name, optimizer, options, weights):
    options = {"learningRate": lr, **options}
    return {"name": name, "optimizer": optimizer, "options": options, "weights": weights}


lr = 0.01
momentum = 0.9
rho = 0.9
rho99 = 0.99
betas = (0.9, 0.999)
eps = 1e-8
CENTERED_EPSILON = 1e6
decay = 0.1
optim = torch.optim
sqrt = math.sqrt


def adam_step(root):
    def step(t, w, g, s):
        s[0] = betas[0] * s[0] + (1 - betas[0]) * g
        s[1] = betas[1] * s[1] + (1 - betas[1]) * g * g
        return lr * s[0] / (1 - betas[0] ** t) / root(s[1], 1 - betas[1] ** t)

    return step


def uncorrected_adam(t, w, g, s):
    s[0] = betas[0] * s[0] + (1 - betas[0]) * g
    s[1] = betas[1] * s[1] + (1 - betas[1]) * g * g
    return lr * s[0] / (sqrt(s[1]) + eps)


def rmsprop_step(correct, inside=True, rho=rho):
    def step(t, w, g, s):
        s[0] = rho * s[0] + (1 - rho) * g * g
        d = s[0] / (1 - rho**t if correct else 1)
        return lr * g / (sqrt(d + 1e-7) if inside else sqrt(d) + 1e-7)

    return step


def adagrad_keras(t, w, g, s):
    s[0] += g * g
    return lr * g / sqrt(s[0] + 1e-7)


def rmsprop_centered(t, w, g, s):
    """Centered, both averages corrected."""
    s[0] = rho * s[0] + (1 - rho) * g * g
    s[1] = rho * s[1] + (1 - rho) * g
    by = 1 - rho**t
    return lr * g / sqrt(max(s[0] / by - (s[1] / by) ** 2, 0) + CENTERED_EPSILON)


def adamax_step(correct, beta1=betas[0]):
    def step(t, w, g, s):
        s[0] = beta1 * s[0] + (1 - beta1) * g
        s[1] = max(betas[1] * s[1], abs(g))
        return lr / (1 - beta1**t if correct else 1) * s[0] / (s[1] + 1e-7)

    return step


def nadam_step(speed, root, correct=True, beta1=betas[0]):
    """Keras has speed 1, Dozat and PyTorch 0.004; s[2] is the product of the momenta."""

    def step(t, w, g, s):
        u = beta1 * (1 - 0.5 * 0.96 ** (t * speed))
        ahead = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * speed))
        s[2] *= u if correct else 0
        s[0] = beta1 * s[0] + (1 - beta1) * g
        s[1] = betas[1] * s[1] + (1 - betas[1]) * g * g
        m = ahead * s[0] / (1 - s[2] * ahead) + (1 - u) * g / (1 - s[2])
        return lr * m / root(s[1], 1 - betas[1] ** t if correct else 1)

    return step


def outside(v, by):
    return sqrt(v / by) + 1e-7


def lion_step(weight_decay):
    def step(t, w, g, s):
        c = 0.9 * s[0] + 0.1 * g
        s[0] = 0.99 * s[0] + 0.01 * g
        return lr * ((c > 0) - (c < 0) + weight_decay * w)

    return step


def sgd_course(beta, nesterov=False, weight_decay=0):
    def step(t, w, g, s):
        s[0] = beta * s[0] + (1 - beta) * g
        v = (1 - beta) * g + beta * s[0] if nesterov else s[0]
        return lr * (v + weight_decay * w)

    return step


cases = [
    case("SGD", "sgd", {}, run(lambda p: optim.SGD(p, lr=lr))),
    case("SGD, momentum", "sgd", {"momentum": momentum}, run(lambda p: optim.SGD(p, lr=lr, momentum=momentum))),
    case(
        "SGD, nesterov",
        "sgd",
        {"momentum": momentum, "nesterov": True},
        run(lambda p: optim.SGD(p, lr=lr, momentum=momentum, nesterov=True)),
    ),
    # PyTorch does not dampen the first gradient
    case(
        "SGD, dampening",
        "sgd",
        {"momentum": momentum, "dampening": 0.5},
        run(lambda p: optim.SGD(p, lr=lr, momentum=momentum, dampening=0.5)),
    ),
    case("SGD, momentum of the course", "sgd", {"momentum": momentum, "dampening": momentum}, follow(sgd_course(momentum), 0.0)),
    case(
        "SGD, momentum of the course near 1",
        "sgd",
        {"momentum": 0.999, "dampening": 0.999, "weightDecay": decay},
        follow(sgd_course(0.999, weight_decay=decay), 0.0),
    ),
    case(
        "SGD, nesterov of the course near 1",
        "sgd",
        {"momentum": 0.999, "dampening": 0.999, "nesterov": True},
        follow(sgd_course(0.999, nesterov=True), 0.0),
    ),
    case(
        "RMSprop",
        "rmsprop",
        {"rho": rho99, "epsilon": eps, "epsilonForm": "outside"},
        run(lambda p: optim.RMSprop(p, lr=lr, alpha=rho99, eps=eps)),
    ),
    case(
        "RMSprop, momentum",
        "rmsprop",
        {"rho": rho, "epsilon": eps, "epsilonForm": "outside", "momentum": momentum},
        run(lambda p: optim.RMSprop(p, lr=lr, alpha=rho, eps=eps, momentum=momentum)),
    ),
    case(
        "RMSprop, centered",
        "rmsprop",
        {"rho": rho, "epsilon": eps, "epsilonForm": "outside", "centered": True},
        run(lambda p: optim.RMSprop(p, lr=lr, alpha=rho, eps=eps, centered=True)),
    ),
    case("RMSprop of the course", "rmsprop", {}, follow(rmsprop_step(False), 0.0)),
    case("RMSprop, rho near 1", "rmsprop", {"rho": 0.999}, follow(rmsprop_step(False, rho=0.999), 0.0)),
    case("RMSprop, bias correction", "rmsprop", {"biasCorrection": True}, follow(rmsprop_step(True), 0.0)),
    case(
        "RMSprop, bias correction, outside",
        "rmsprop",
        {"biasCorrection": True, "epsilonForm": "outside"},
        follow(rmsprop_step(True, inside=False), 0.0),
    ),
    # gradients of 1e3 that stay have no variance: what roundings leave of it must not count beside epsilon
    case(
        "RMSprop, centered, bias correction",
        "rmsprop",
        {"centered": True, "biasCorrection": True, "epsilon": CENTERED_EPSILON},
        follow(rmsprop_centered, 0.0, 0.0),
    ),
    case("Adam", "adam", {}, run(lambda p: optim.Adam(p, lr=lr, betas=betas, eps=eps))),
    case("AMSGrad", "adam", {"amsgrad": True}, run(lambda p: optim.Adam(p, lr=lr, betas=betas, eps=eps, amsgrad=True))),
    case(
        "Adam, inside",
        "adam",
        {"epsilonForm": "inside", "epsilon": 1e-5},
        follow(adam_step(lambda v, by: sqrt(v / by + 1e-5)), 0.0, 0.0),
    ),
    case(
        "Adam of Keras",
        "adam",
        {"epsilonForm": "hat", "epsilon": 1e-7},
        follow(adam_step(lambda v, by: (sqrt(v) + 1e-7) / sqrt(by)), 0.0, 0.0),
    ),
    case("Adam, no bias correction", "adam", {"biasCorrection": False}, follow(uncorrected_adam, 0.0, 0.0)),
    case(
        "AdamW",
        "adamw",
        {"weightDecay": decay},
        run(lambda p: optim.AdamW(p, lr=lr, betas=betas, eps=eps, weight_decay=decay)),
    ),
    case(
        "AdamW, the usual decay",
        "adamw",
        {},
        run(lambda p: optim.AdamW(p, lr=lr, betas=betas, eps=eps, weight_decay=0.004)),
    ),
    case(
        "Adagrad of PyTorch",
        "adagrad",
        {"initialAccumulatorValue": 0, "epsilon": 1e-10, "epsilonForm": "outside"},
        run(lambda p: optim.Adagrad(p, lr=lr, eps=1e-10)),
    ),
    case("Adagrad of Keras", "adagrad", {}, follow(adagrad_keras, 0.1)),
    case(
        "Adadelta",
        "adadelta",
        {"learningRate": 1, "rho": rho, "epsilon": 1e-6},
        run(lambda p: optim.Adadelta(p, lr=1, rho=rho, eps=1e-6)),
    ),
    case(
        "Adadelta, rho near 1",
        "adadelta",
        {"learningRate": 1, "rho": 0.9999, "epsilon": 1e-6},
        run(lambda p: optim.Adadelta(p, lr=1, rho=0.9999, eps=1e-6)),
    ),
    case(
        "Adamax of PyTorch",
        "adamax",
        {"epsilon": eps, "epsilonForm": "inside"},
        run(lambda p: optim.Adamax(p, lr=lr, betas=betas, eps=eps)),
    ),
    case("Adamax of Keras", "adamax", {}, follow(adamax_step(True), 0.0, 0.0)),
    case(
        "Adamax, no bias correction",
        "adamax",
        {"biasCorrection": False},
        follow(adamax_step(False), 0.0, 0.0),
    ),
    case(
        "Adamax, no bias correction, beta1 near 1",
        "adamax",
        {"biasCorrection": False, "beta1": 0.999},
        follow(adamax_step(False, 0.999), 0.0, 0.0),
    ),
    case("Adamax, beta1 near 1", "adamax", {"beta1": 0.999}, follow(adamax_step(True, 0.999), 0.0, 0.0)),
    # of PyTorch 1.13 the code for several tensors at once: that for one multiplies by u_t once too often
    case(
        "NAdam of PyTorch",
        "nadam",
        {"epsilon": eps},
        run(lambda p: optim.NAdam(p, lr=lr, betas=betas, eps=eps, foreach=True)),
    ),
    case("Nadam", "nadam", {}, follow(nadam_step(0.004, outside), 0.0, 0.0, 1.0)),
    case("Nadam of Keras", "nadam", {"momentumDecay": 1}, follow(nadam_step(1, outside), 0.0, 0.0, 1.0)),
    case(
        "Nadam, inside",
        "nadam",
        {"epsilonForm": "inside"},
        follow(nadam_step(0.004, lambda v, by: sqrt(v / by + 1e-7)), 0.0, 0.0, 1.0),
    ),
    case(
        "Nadam, hat",
        "nadam",
        {"epsilonForm": "hat"},
        follow(nadam_step(0.004, lambda v, by: (sqrt(v) + 1e-7) / sqrt(by)), 0.0, 0.0, 1.0),
    ),
    case(
        "Nadam, no bias correction",
        "nadam",
        {"biasCorrection": False},
        follow(nadam_step(0.004, outside, correct=False), 0.0, 0.0, 1.0),
    ),
    case(
        "Nadam, beta1 near 1",
        "nadam",
        {"beta1": 0.999},
        follow(nadam_step(0.004, outside, beta1=0.999), 0.0, 0.0, 1.0),
    ),
    case(
        "Nadam, momentum near 1, no bias correction",
        "nadam",
        {"momentumDecay": 100, "beta1": 0.999, "biasCorrection": False},
        follow(nadam_step(100, outside, correct=False, beta1=0.999), 0.0, 0.0, 1.0),
    ),
    case("Lion", "lion", {}, follow(lion_step(0), 0.0)),
    case("Lion, decay", "lion", {"weightDecay": decay}, follow(lion_step(decay), 0.0)),
]

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json")
with open(path, "w") as file:
    gradients = [gradient(step).tolist() for step in range(STEPS)]
    content = {
        "torch": torch.__version__,
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
