"""PyTorch on one thread, with the protocol of worker.mjs: requests and answers are lines of JSON.

Needs Debian's python3-torch (and its numpy); no other package.
"""

import json
import math
import statistics
import sys
import time

STEPS_COMPARED = 10
SAMPLE_SECONDS = 1e-3
BATCH_NORM = {"momentum": 0.01, "eps": 1e-3}  # PyTorch's momentum is one minus Keras's
LEARNING_RATE_TIMED = 1e-7  # see models.ts
ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}


def blas_library():
    """The file that products are computed by: Debian lets several packages provide it, some of them slow."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(path.rsplit("/", 1)[-1] for path in paths)) or "unknown"


def same_padding(size, kernel, stride):
    """The padding of Keras's "same" along one axis, before and after."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def conv_layers(layer, weight):
    data, (height, width, _) = layer["data"], layer["inputShape"]
    kernel = layer["weights"]["kernel"]["shape"]
    pads = [(0, 0), (0, 0)]
    if data["padding"] == "same":
        pads = [same_padding(n, data["size"], data["stride"]) for n in (height, width)]
    (top, bottom), (left, right) = pads
    even = top == bottom and left == right
    conv = nn.Conv2d(
        kernel[2], kernel[3], data["size"], data["stride"], padding=(top, left) if even else 0, bias=data["bias"]
    )
    conv.weight.data = weight(layer, "kernel").permute(3, 2, 0, 1).contiguous()
    if data["bias"]:
        conv.bias.data = weight(layer, "bias")
    # what PyTorch's own padding cannot express is padded before
    return ([] if even else [nn.ZeroPad2d((left, right, top, bottom))]) + [conv]


def dense_layer(layer, weight, image):
    inputs, units = layer["weights"]["kernel"]["shape"]
    dense = nn.Linear(inputs, units)
    kernel = weight(layer, "kernel")
    if image:  # rows follow a flattened [H, W, C], here it is [C, H, W]
        kernel = kernel.reshape(*image, units).permute(2, 0, 1, 3).reshape(inputs, units)
    dense.weight.data = kernel.t().contiguous()
    dense.bias.data = weight(layer, "bias")
    return dense


def batch_norm_layer(layer, weight):
    norm = nn.BatchNorm2d(layer["inputShape"][-1], **BATCH_NORM)
    norm.weight.data, norm.bias.data = weight(layer, "gamma"), weight(layer, "beta")
    norm.running_mean, norm.running_var = weight(layer, "movingMean"), weight(layer, "movingVariance")
    return norm


def sequence(layers, weight):
    """The layers as one nn.Sequential, in the order [B, C, H, W]."""
    modules, image = [], None
    for layer in layers:
        data, kind = layer["data"], layer["type"]
        if kind == "rescale":
            modules.append(Rescale(data["scale"]))
        elif kind == "conv":
            modules += conv_layers(layer, weight)
        elif kind == "dense":
            modules.append(dense_layer(layer, weight, image))
            image = None
        elif kind == "batchNorm":
            modules.append(batch_norm_layer(layer, weight))
        elif kind == "relu":
            modules.append(nn.ReLU(inplace=True))
        elif kind == "maxPool":
            modules.append(nn.MaxPool2d(data["size"]))
        elif kind == "globalAveragePool":
            modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        elif kind == "flatten":
            image = layer["inputShape"]
            modules.append(nn.Flatten())
        elif kind == "residual":
            modules.append(Residual(sequence(layer["main"], weight), sequence(layer["shortcut"], weight)))
        else:
            raise ValueError(f"no layer for {kind}")
        if data.get("activation"):
            modules.append(nn.ReLU(inplace=True))
    return nn.Sequential(*modules)


def define_modules():
    global Rescale, Residual

    class Rescale(nn.Module):
        def __init__(self, scale):
            super().__init__()
            self.scale = scale

        def forward(self, x):
            return x * self.scale

    class Residual(nn.Module):
        def __init__(self, main, shortcut):
            super().__init__()
            self.main, self.shortcut = main, shortcut

        def forward(self, x):
            return torch.relu(self.main(x) + self.shortcut(x))


def read_row(request):
    """Network, inputs and labels of a row."""
    model, batch = request["model"], request["row"]["batch"]
    values = numpy.fromfile(request["dataPath"], dtype=numpy.float32)

    def part(offset, shape):
        return torch.from_numpy(values[offset : offset + int(numpy.prod(shape))].copy()).reshape(shape)

    def weight(layer, name):
        return part(layer["weights"][name]["offset"], layer["weights"][name]["shape"])

    shape, count = [batch, *model["inputShape"]], model["weightCount"]
    x = part(count, shape)
    labels = part(count + x.numel(), [batch]).long()
    if len(shape) == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
    return sequence(model["layers"], weight), x, labels


def start_training(request, foreach, channels_last):
    network, x, labels = read_row(request)
    if channels_last:
        network, x = network.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), foreach=foreach, **ADAM)
    cross_entropy = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(network(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def set_rate(rate):
        for group in optimizer.param_groups:
            group["lr"] = rate

    return step, set_rate


def start_inference(request, channels_last, frozen):
    network, x, _ = read_row(request)
    network = nn.Sequential(network, nn.Softmax(-1)).eval()
    if channels_last:
        network, x = network.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    if frozen:
        with torch.inference_mode(False), torch.no_grad():
            network = torch.jit.optimize_for_inference(torch.jit.trace(network, x))

    def step():
        with torch.inference_mode():
            return network(x).reshape(-1).tolist()

    return step, lambda rate: None


def ways_of(request):
    """Every way worth trying; the fastest is kept."""
    layouts = [False, True] if len(request["model"]["inputShape"]) == 3 else [False]
    for last in layouts:
        suffix = ", channels_last" if last else ""
        if request["row"]["kind"] == "train":
            for foreach in (False, True):
                name = f"Adam(foreach={foreach}){suffix}"
                yield name, lambda foreach=foreach, last=last: start_training(request, foreach, last)
        else:
            for frozen in (False, True):
                name = ("optimize_for_inference" if frozen else "inference_mode") + suffix
                yield name, lambda frozen=frozen, last=last: start_inference(request, last, frozen)


def time_round(way, seconds):
    clock = state["clock"]
    samples, end = [], time.perf_counter() + seconds
    while not samples or time.perf_counter() < end:
        start = clock()
        for _ in range(way["per_sample"]):
            way["step"]()
        samples.append((clock() - start) / way["per_sample"])
    return samples


def first_steps(step, kind, seconds):
    began, results, fastest = time.perf_counter(), [], float("inf")
    limit = STEPS_COMPARED if kind == "train" else 1
    while len(results) < limit and (not results or time.perf_counter() - began < seconds):
        start = time.perf_counter()
        results.append(step())
        fastest = min(fastest, time.perf_counter() - start)
    return results, fastest


def steps_per_sample(seconds_per_step):
    return max(1, math.ceil(SAMPLE_SECONDS / seconds_per_step))


def prepare(request):
    """Tries every way and keeps the fastest."""
    state["clock"] = time.process_time if request["clockName"] == "cpu" else time.perf_counter
    best, errors = None, []
    for how, start in ways_of(request):
        try:
            step, set_rate = start()
            results, fastest = first_steps(step, request["row"]["kind"], request["secondsCompared"])
        except RuntimeError as error:  # a way that this build of PyTorch lacks
            errors.append(f"{how}: {error}")
            continue
        set_rate(LEARNING_RATE_TIMED)
        way = {"how": how, "step": step, "results": results, "per_sample": steps_per_sample(fastest)}
        way["seconds"] = statistics.median(time_round(way, request["secondsWarm"]))
        if best is None or way["seconds"] < best["seconds"]:
            best = way
    if best is None:
        raise RuntimeError(errors[0])
    best["per_sample"] = steps_per_sample(best["seconds"])
    state["way"] = best
    return {
        "library": f"PyTorch {torch.__version__}, native, BLAS {blas_library()}",
        "how": best["how"],
        "results": best["results"],
        "secondsPerStep": best["seconds"],
    }


state = {}
tasks = {"prepare": prepare, "round": lambda request: {"samples": time_round(state["way"], request["seconds"])}}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = tasks[request["task"]](request)
        except Exception as error:  # whatever goes wrong is the answer
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    try:
        import numpy
        import torch
        from torch import nn
    except ImportError as error:
        print(json.dumps({"error": f"{error} (Debian: apt install python3-torch)"}), flush=True)
        sys.exit(1)
    torch.set_num_threads(1)
    define_modules()
    main()
