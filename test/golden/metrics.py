"""Writes metrics.json: metrics from their definitions in float64, by pairs, thresholds and masks.

Run by hand: python3 test/golden/metrics.py && npx biome check --write test/golden (needs numpy). Tests read the JSON only.
Labels, probabilities and scores have equal ones among them, and weights of 0.
"""

import json
import os

import numpy as np
rng = np.random.default_rng(5)
n, c = 40, 4
labels = rng.integers(0, c, n)
logits = np.round(rng.normal(size=(n, c)) * 2 + 1.5 * np.eye(c)[labels], 2)
p = np.exp(logits - logits.max(1, keepdims=True)); p = np.round(p / p.sum(1, keepdims=True), 3)
weights = rng.integers(0, 4, n).astype(float)
binary = rng.integers(0, 2, n)
scores = np.round(np.clip(0.5 * binary + rng.normal(size=n) * 0.4 + 0.25, 0, 1), 1)
targets = np.round(rng.normal(size=(n, 2)) * 3 + 100, 2)
predictions = np.round(targets + rng.normal(size=(n, 2)), 2)

def prf(lab, pred, w, k):
    out = []
    for j in range(k):
        tp = w[(lab == j) & (pred == j)].sum(); pp = w[pred == j].sum(); ap = w[lab == j].sum()
        P = tp / pp if pp else 0.0; R = tp / ap if ap else 0.0
        out.append((P, R, 2 * P * R / (P + R) if P + R else 0.0, ap))
    return np.array(out)

def auc(pos, s, w):
    a, wa = s[pos], w[pos]; b, wb = s[~pos], w[~pos]
    wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    return float((wins * wa[:, None] * wb[None, :]).sum() / (wa.sum() * wb.sum()))

def ap(pos, s, w):
    total, prev = 0.0, 0.0
    for t in np.unique(s)[::-1]:
        sel = s >= t
        r = w[sel & pos].sum() / w[pos].sum(); q = w[sel & pos].sum() / w[sel].sum() if w[sel].sum() else 0
        total += (r - prev) * q; prev = r
    return float(total)

one = np.ones(n)
pred = p.argmax(1)
res = {"labels": labels.tolist(), "probabilities": p.tolist(), "weights": weights.tolist(), "binary": binary.tolist(), "scores": scores.tolist(), "targets": targets.tolist(), "predictions": predictions.tolist()}
for name, w in [("plain", one), ("weighted", weights)]:
    m = prf(labels, pred, w, c); sup = m[:, 3]
    b = prf(binary, (scores > 0.5).astype(int), w, 2)
    micro = w[labels == pred].sum() / w.sum()
    top2 = np.array([labels[i] in np.argsort(-p[i], kind="stable")[:2] for i in range(n)])
    ll = -np.log(np.clip(p[np.arange(n), labels], 2**-52, 1 - 2**-52))
    q = np.clip(scores, 2**-52, 1 - 2**-52); bl = -(binary * np.log(q) + (1 - binary) * np.log(1 - q))
    mu = (w[:, None] * targets).sum(0) / w.sum()
    e2 = (w[:, None] * (targets - predictions) ** 2).sum(0); d2 = (w[:, None] * (targets - mu) ** 2).sum(0)
    res[name] = {
        "confusion": [[float(w[(labels == i) & (pred == j)].sum()) for j in range(c)] for i in range(c)],
        "perClass": m.tolist(), "macro": m[:, :3].mean(0).tolist(), "weighted": ((m[:, :3] * sup[:, None]).sum(0) / sup.sum()).tolist(), "micro": float(micro),
        "binary": b[1, :3].tolist(), "auc": auc(binary == 1, scores, w), "ap": ap(binary == 1, scores, w),
        "aucOvr": float(np.mean([auc(labels == j, p[:, j], w) for j in range(c)])),
        "apOvr": float(np.mean([ap(labels == j, p[:, j], w) for j in range(c)])),
        "top2": float((w * top2).sum() / w.sum()), "logLoss": float((w * ll).sum() / w.sum()), "binaryLogLoss": float((w * bl).sum() / w.sum()),
        "r2": float((1 - e2 / d2).mean()), "mae": float((w[:, None] * abs(targets - predictions)).sum() / w.sum() / 2), "mse": float(e2.sum() / w.sum() / 2),
    }
with open(os.path.join(os.path.dirname(__file__), "metrics.json"), "w") as file:
    json.dump(res, file)
