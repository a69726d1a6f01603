"""Writes digits.json: the test accuracy of two networks trained by PyTorch on the digits of 8x8 pixels, over twenty seeds.

Run by hand: python3 test/golden/digits.py && npx biome check --write test/golden (needs python3-torch). Tests read the JSON only.
Every fifth example is for the test. Initial values are Glorot's, as in the library.
"""

import gzip
import json
import os

import numpy
import torch
from torch import nn

torch.set_num_threads(1)
HERE = os.path.dirname(__file__)
with gzip.open(os.path.join(HERE, "../../examples/data/digits.csv.gz")) as file:
    table = numpy.loadtxt(file, delimiter=",")
x = torch.tensor(table[:, :64] / 16, dtype=torch.float32)
y = torch.tensor(table[:, 64], dtype=torch.long)
is_test = torch.arange(len(x)) % 5 == 4
SEEDS = 20
BATCH = 32


def mlp():
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def cnn():
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def accuracy(make, epochs, seed):
    torch.manual_seed(seed)
    model = make()
    for module in model:
        if hasattr(module, "weight"):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = nn.CrossEntropyLoss()
    xs, ys = x[~is_test], y[~is_test]
    for _ in range(epochs):
        for batch in torch.randperm(len(xs)).split(BATCH):
            optimizer.zero_grad()
            loss(model(xs[batch]), ys[batch]).backward()
            optimizer.step()
    return (model(x[is_test]).argmax(1) == y[is_test]).double().mean().item()


models = {"mlp": (mlp, 40), "cnn": (cnn, 20)}
found = {
    name: {"epochs": epochs, "accuracies": [accuracy(make, epochs, seed) for seed in range(SEEDS)]}
    for name, (make, epochs) in models.items()
}
with open(os.path.join(HERE, "digits.json"), "w") as file:
    json.dump(found, file)
print(found, {name: numpy.mean(each["accuracies"]) for name, each in found.items()})
