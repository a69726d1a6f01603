"""Writes models.json: ops with their gradients, and ten training steps of three small networks, by PyTorch in float64.

Run by hand: python3 test/golden/models.py && npx biome check --write test/golden (needs python3-torch).
Tests read the JSON only. No inputs are stored: both sides compute them by `values` below, as float32 numbers.
Here images are NCHW and kernels OIHW; the JSON has NHWC and HWIO.
"""

import json
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def values(shape, salt, scale):
    """Spread over [-scale / 2, scale / 2); 10007 is a prime."""
    n = 1
    for size in shape:
        n *= size
    i = torch.arange(n, dtype=torch.int64)
    numbers = (((i + salt * 1009) * 7919) % 10007).double() / 10007 - 0.5
    return (numbers * scale).float().double().reshape(shape)


def labels(count, classes):
    return torch.tensor([(i * 7) % classes for i in range(count)])


nchw = lambda x: x.permute(0, 3, 1, 2)
nhwc = lambda x: x.permute(0, 2, 3, 1)
oihw = lambda k: k.permute(3, 2, 0, 1)


def same(x, size, strides, dilation=1, value=0.0):
    """TensorFlow's rule: as much as ceil(size / stride) outputs need, the odd one at the end."""
    pads = []
    for axis in (3, 2):
        length, k, s = x.shape[axis], size[axis - 2], strides[axis - 2]
        total = max((-(-length // s) - 1) * s + (k - 1) * dilation + 1 - length, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def conv(x, k, strides=(1, 1), padding="valid", dilation=1, groups=1):
    image = nchw(x)
    if padding == "same":
        image = same(image, k.shape[:2], strides, dilation)
    return nhwc(F.conv2d(image, oihw(k), stride=strides, dilation=dilation, groups=groups))


def depthwise(x, k, strides=(1, 1), padding="valid", dilation=1):
    height, width, channels, multiplier = k.shape
    # filters of channel c are c * multiplier .. : HWCM as HWIO with one channel a group
    grouped = k.reshape(height, width, 1, channels * multiplier)
    return conv(x, grouped, strides, padding, dilation, groups=channels)


def max_pool(x, size, strides, padding="valid"):
    image = nchw(x)
    if padding == "same":
        image = same(image, size, strides, value=-1e30)
    return nhwc(F.max_pool2d(image, size, strides))


def average_pool(x, size, strides, padding="valid"):
    image, ones = nchw(x), torch.ones_like(nchw(x))
    if padding == "same":
        image, ones = same(image, size, strides), same(ones, size, strides)
    return nhwc(F.avg_pool2d(image, size, strides) / F.avg_pool2d(ones, size, strides))


def batch_norm(x, gamma, beta, mean=None, variance=None, epsilon=1e-3):
    """Over the last axis; of the batch where no statistics are given."""
    rows = x.reshape(-1, x.shape[-1])
    out = F.batch_norm(rows, mean, variance, gamma, beta, training=mean is None, eps=epsilon)
    return out.reshape(x.shape)


ops = []


def op(name, function, inputs, options=None, salt=50):
    """Inputs are [shape, salt, scale] or [shape, salt, scale, offset]; the upstream gradient is like the output."""
    tensors = []
    for shape, s, scale, *offset in inputs:
        tensors.append((values(shape, s, scale) + (offset[0] if offset else 0)).float().double().requires_grad_())
    out = function(*tensors)
    found = torch.autograd.grad(out, tensors, values(list(out.shape), salt, 2))
    ops.append(
        {
            "op": name,
            "options": options or {},
            "inputs": inputs,
            "shape": list(out.shape),
            "out": out.flatten().tolist(),
            "gradients": [g.flatten().tolist() for g in found],
        }
    )


def conv_case(x, k, strides=(1, 1), padding="valid", dilation=1, groups=1):
    options = {"strides": list(strides), "padding": padding, "dilationRate": dilation, "groups": groups}
    op("conv2d", lambda a, b: conv(a, b, strides, padding, dilation, groups), [[x, 1, 2], [k, 2, 2]], options)


conv_case([1, 4, 5, 2], [3, 2, 2, 3])
conv_case([2, 5, 4, 1], [3, 3, 1, 2], strides=(2, 1), padding="same")
conv_case([1, 6, 5, 2], [2, 3, 2, 2], strides=(2, 2), padding="same")
conv_case([1, 6, 6, 1], [3, 2, 1, 2], dilation=2)
conv_case([1, 5, 4, 2], [2, 2, 2, 1], dilation=2, padding="same")
conv_case([1, 4, 3, 4], [2, 2, 2, 4], groups=2, padding="same")
for strides, padding, dilation in [((1, 1), "same", 1), ((2, 2), "valid", 1), ((1, 1), "valid", 2)]:
    options = {"strides": list(strides), "padding": padding, "dilationRate": dilation}
    op(
        "depthwiseConv2d",
        lambda a, b: depthwise(a, b, strides, padding, dilation),
        [[[1, 5, 4, 2], 3, 2], [[2, 2, 2, 2], 4, 2]],
        options,
    )
for name, function in [("maxPool2d", max_pool), ("averagePool2d", average_pool)]:
    for size, strides, padding in [((2, 2), (2, 2), "valid"), ((3, 2), (1, 2), "same"), ((2, 2), (2, 2), "same")]:
        options = {"poolSize": list(size), "strides": list(strides), "padding": padding}
        op(name, lambda a: function(a, size, strides, padding), [[[1, 5, 4, 2], 5, 4]], options)
norm_parameters = [[[3], 7, 1, 1.0], [[3], 8, 1]]
op("batchNorm", batch_norm, [[[4, 2, 3], 6, 4, 1.0], *norm_parameters])
op(
    "batchNormMoving",
    lambda x, g, b: batch_norm(x, g, b, values([3], 9, 1), values([3], 10, 1) + 1),
    [[[2, 2, 3], 6, 4], *norm_parameters],
)
for name, function in [
    ("gelu", F.gelu),
    ("silu", F.silu),
    ("softplus", F.softplus),
    ("elu", F.elu),
    ("leakyRelu", F.leaky_relu),
    ("tanh", torch.tanh),
    ("sigmoid", torch.sigmoid),
]:
    op(name, function, [[[9], 11, 12]])
op("softmax", lambda x: F.softmax(x, -1), [[[2, 4], 12, 10]])
op("logSoftmax", lambda x: F.log_softmax(x, -1), [[[2, 4], 12, 10]])
targets = F.softmax(values([3, 4], 14, 6), -1).float().double()
halves = (values([3, 4], 15, 1) + 0.5).float().double()
for scale in [8, 2e4]:
    logits = [[[3, 4], 13, scale]]
    op("sparseCategoricalCrossentropy", lambda x: F.cross_entropy(x, labels(3, 4), reduction="none"), logits)
    op("categoricalCrossentropy", lambda x: F.cross_entropy(x, targets, reduction="none"), logits)
    op(
        "binaryCrossentropy",
        lambda x: F.binary_cross_entropy_with_logits(x, halves, reduction="none").mean(-1),
        logits,
    )


# training


class Network:
    """Weights by salt, in the order of their making, and a forward pass."""

    def __init__(self, build):
        self.weights = []
        self.statistics = []
        self.forward = build(self)

    def weight(self, shape, scale, offset=0.0):
        w = (values(shape, 100 + len(self.weights), scale) + offset).float().double().requires_grad_()
        self.weights.append(w)
        return w

    def conv(self, shape, bias=True, **options):
        k = self.weight(shape, 1.0)
        b = self.weight([shape[-1]], 0.2) if bias else 0
        return lambda x: conv(x, k, **options) + b

    def dense(self, inputs, units):
        k, b = self.weight([inputs, units], 4 / inputs**0.5), self.weight([units], 0.2)
        return lambda x: x @ k + b

    def norm(self, channels, momentum):
        gamma, beta = self.weight([channels], 1.0, 1.0), self.weight([channels], 0.2)
        moving = {"mean": torch.zeros(channels), "variance": torch.ones(channels)}
        self.statistics.append(moving)

        def call(x):
            rows = x.detach().reshape(-1, channels)
            found = {"mean": rows.mean(0), "variance": rows.var(0, unbiased=False)}
            for key in found:
                moving[key] = momentum * moving[key] + (1 - momentum) * found[key]
            return batch_norm(x, gamma, beta)

        return call


def mlp(net):
    first, second = net.dense(4, 8), net.dense(8, 3)
    return lambda x: second(torch.tanh(first(x)))


def cnn(net):
    first = net.conv([3, 3, 2, 4], padding="same")
    # the gradient of a bias before batch normalisation is nothing but rounding, which Adam would make steps of
    second = net.conv([2, 2, 4, 5], bias=False, strides=(2, 2))
    norm = net.norm(5, 0.9)
    last = net.dense(20, 3)

    def forward(x):
        pooled = max_pool(F.relu(first(x)), (2, 2), (2, 2))
        return last(norm(second(pooled)).reshape(len(x), -1))

    return forward


def lenet(net):
    first, second = net.conv([5, 5, 1, 6], padding="same"), net.conv([5, 5, 6, 16])
    third, fourth, last = net.dense(400, 120), net.dense(120, 84), net.dense(84, 10)

    def forward(x):
        x = max_pool(F.relu(first(x)), (2, 2), (2, 2))
        x = max_pool(F.relu(second(x)), (2, 2), (2, 2))
        return last(F.relu(fourth(F.relu(third(x.reshape(len(x), -1))))))

    return forward


optimizers = {
    "adam": lambda w: torch.optim.Adam(w, lr=1e-3),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=1e-3, alpha=0.9, eps=1e-5),
    "sgd": lambda w: torch.optim.SGD(w, lr=1e-2, momentum=0.9, nesterov=True),
}
models = []


def train(name, build, shape, classes, names):
    for optimizer_name in names:
        net = Network(build)
        optimizer = optimizers[optimizer_name](net.weights)
        x, y = values(shape, 99, 2), labels(shape[0], classes)
        losses = []
        for _ in range(10):
            loss = F.cross_entropy(net.forward(x), y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        models.append(
            {
                "model": name,
                "optimizer": optimizer_name,
                "losses": losses,
                "weights": [w.flatten()[:4].tolist() for w in net.weights],
                "statistics": [s[key].tolist() for s in net.statistics for key in ("mean", "variance")],
            }
        )


train("mlp", mlp, [7, 4], 3, ["adam", "rmsprop", "sgd"])
train("cnn", cnn, [5, 9, 8, 2], 3, ["adam", "rmsprop", "sgd"])
train("lenet", lenet, [8, 28, 28, 1], 10, ["adam", "sgd"])


def rounded(x):
    if isinstance(x, float):
        return float("%.8g" % x)
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    return [rounded(v) for v in x] if isinstance(x, list) else x


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models.json")
with open(path, "w") as file:
    text = json.dumps(rounded({"torch": torch.__version__, "ops": ops, "models": models}), separators=(",", ":"))
    file.write(text.replace('{"op"', '\n{"op"').replace('{"model"', '\n{"model"') + "\n")
