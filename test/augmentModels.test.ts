// Augmentation in models: on while training and off at other times, its gradients, what it refuses.

import type { Layer, Model, Tensor, Variable } from "../src/index.ts";
import {
  augment,
  dense,
  flatten,
  functional,
  gradients,
  input,
  ops,
  program,
  rescaling,
  sequential,
  sgd,
} from "../src/index.ts";
import type { Images } from "./augmentation.ts";
import { close, colorMakers, imageOf, mean, rejects, spread, taken } from "./augmentation.ts";
import { assert, suite } from "./harness.ts";

suite("augmentation in models", (test) => {
  const shape = [6, 6, 1];
  const x = spread(8, 6, 6, 1);
  const y = Int32Array.from({ length: 8 }, (_, i) => i % 3);

  function classifier(layers: readonly Layer[], learningRate = 0.01): Model {
    const model = sequential([...layers, flatten(), dense({ units: 3, activation: "softmax" })], {
      inputShape: shape,
      seed: 5,
    });
    model.compile({ optimizer: sgd({ learningRate }), loss: "sparseCategoricalCrossentropy" });
    return model;
  }

  test("images of integers are refused by the layer's name, in training and at inference", async () => {
    for (const [name, make] of Object.entries(colorMakers)) {
      for (const training of [true, false]) {
        const layer = make();
        const inputs = { x: { shape: [2, 6, 6, 3], dtype: "int32" } } as const;
        const build = program(inputs, ({ x }) => ({ y: layer(x as Tensor) }), { training });
        await rejects(build, "dtype-mismatch", new RegExp(`^${name}\\b.*: x must be float32, got int32`));
      }
    }
  });

  test("off at inference: the bits of the input, and no instruction", async () => {
    const layers = Object.values(colorMakers).map((make) => make());
    const model = sequential(layers, { inputShape: [6, 6, 3] });
    const images = spread(4, 6, 6, 3);
    const out = await model.predict(images);
    assert.equal(out.data, images.data);
    const text = sequential([...Object.values(colorMakers).map((make) => make()), rescaling({ scale: 2 })], {
      inputShape: [6, 6, 3],
    }).explain("program", { batchSize: 2 });
    for (const word of ["imageWarp", "Matrices", "colorTransform", "addNoise", "cutout", "elasticField"])
      assert.not.match(text, word);
  });

  test("on in trainOnBatch and fit, off in evaluate and for validation", async () => {
    const layers = () => [augment.gaussianNoise({ stddev: 3, valueRange: [-99, 99] }), augment.rotate({ degrees: 90 })];
    const plain = classifier([]);
    const noisy = classifier(layers());
    // the same weights: position and seed decide, so the plain model takes those of the noisy one
    plain.variables.forEach((variable, i) => {
      variable.write((noisy.variables[i] as Variable).read().data);
    });
    const { loss } = await plain.evaluate({ x, y });
    assert.is((await noisy.evaluate({ x, y })).loss, loss);
    const still = classifier(layers(), 0);
    still.variables.forEach((variable, i) => {
      variable.write((noisy.variables[i] as Variable).read().data);
    });
    const one = await still.trainOnBatch(x, y);
    const two = await still.trainOnBatch(x, y);
    assert.is.not(one.loss, loss);
    assert.is.not(one.loss, two.loss);
    const history = await still.fit({ x, y }, { epochs: 2, batchSize: 8, validation: { x, y } });
    assert.equal(history.metrics.val_loss, [loss, loss]);
    assert.is.not(history.metrics.loss?.[0], loss);
    assert.is.not(history.metrics.loss?.[0], history.metrics.loss?.[1]);
  });

  test("apply shows the images that training sees", async () => {
    const layers = () => [augment.shift({ widthFactor: 0.3 }), augment.brightness({ factor: 0.2, valueRange: [0, 1] })];
    const model = sequential([...layers(), flatten(), dense({ units: 1, kernelInitializer: "ones" })], {
      inputShape: shape,
      seed: 11,
    });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    for (const step of [0, 1]) {
      const { loss } = await model.trainOnBatch(x, new Float32Array(8));
      const seen = await augment.apply(x, layers(), { seed: 11, step });
      const sums = Array.from({ length: 8 }, (_, i) => imageOf(seen, i).reduce((a, b) => a + b, 0));
      const wanted = mean(sums.map((s) => s * s));
      assert.ok(Math.abs((loss as number) / wanted - 1) < 1e-5, `${loss}, expected ${wanted}`);
    }
  });

  test("training again gives the same weights", async () => {
    const train = async (): Promise<number[]> => {
      const model = classifier([
        augment.mirror(),
        augment.affine({ rotate: { degrees: 20 } }),
        augment.cutout({ size: 2 }),
      ]);
      await model.fit({ x, y }, { epochs: 3, batchSize: 3 });
      return model.variables.flatMap((variable) => [...variable.read().data]);
    };
    assert.equal(await train(), await train());
  });

  test("in a functional model, where a call may say that it trains", async () => {
    const image = input([4, 4, 1]);
    const on = augment.mirror({ probability: 1 })(image, { training: true });
    const model = functional({ inputs: image, outputs: [on, augment.mirror({ probability: 1 })(image)] });
    const images = spread(1, 4, 4, 1);
    const [mirrored, same] = (await model.predict(images)) as unknown as [Images, Images];
    assert.equal(
      [...mirrored.data],
      taken(imageOf(images, 0), [4, 4, 1], (r, c) => [r, 3 - c]),
    );
    assert.equal(same.data, images.data);
  });

  test("gradients go through colours, noise and cutout, and nowhere else without a word", async () => {
    const images = spread(2, 3, 4, 3);
    const up = spread(2, 3, 4, 3).data.map((v) => 2 * v - 0.7);
    const upstream = { data: Float32Array.from(up), shape: images.shape };
    const gradientOf = async (layer: Layer): Promise<{ y: Float32Array; dx: Float32Array }> => {
      const step = await program(
        { x: [2, 3, 4, 3] },
        (symbols) => {
          const out = layer(symbols.x);
          const [dx] = gradients(ops.sum(ops.mul(out, ops.constant(upstream))), [symbols.x]);
          return { y: out, dx: dx as typeof out };
        },
        { training: true, seed: 2 },
      );
      const result = step({ x: images });
      const out = { y: Float32Array.from(result.y.data), dx: Float32Array.from(result.dx.data) };
      step.dispose();
      return out;
    };
    const wide = { valueRange: [-9, 9] as const };
    close((await gradientOf(augment.brightness({ factor: 0.3, ...wide }))).dx, up, 1e-6);
    close((await gradientOf(augment.gaussianNoise({ stddev: 1, ...wide }))).dx, up, 1e-6);
    // clipped values have none
    const clipped = await gradientOf(augment.brightness({ factor: [0.5, 0.5], valueRange: [0, 1] }));
    close(
      clipped.dx,
      up.map((u, i) => (clipped.y[i] === 1 ? 0 : u)),
      1e-6,
    );
    assert.ok(clipped.y.some((v) => v === 1) && clipped.y.some((v) => v < 1));
    const holes = await gradientOf(augment.cutout({ size: 2, fillValue: 5 }));
    close(
      holes.dx,
      up.map((u, i) => (holes.y[i] === 5 ? 0 : u)),
      0,
    );
    // a linear map: the sum of out * up is that of x * gradient
    const hued = await gradientOf(augment.hue({ factor: [0.2, 0.3], ...wide }));
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((s, v, i) => s + v * (b[i] as number), 0);
    assert.ok(Math.abs(dot(hued.y, up) - dot(images.data, hued.dx)) < 1e-4);
    for (const layer of [
      augment.rotate({ degrees: 5 }),
      augment.elastic({ alpha: 1, sigma: 1 }),
      augment.contrast({ factor: 0.1 }),
    ])
      await rejects(gradientOf(layer), "unsupported", /no gradient goes through/);
  });

  test("images of another rank are refused with what to do", () => {
    assert.throws(
      () => sequential([augment.mirror()], { inputShape: [28, 28] }),
      /\[batch, height, width, channels\].*\[28, 28, 1\]/,
    );
  });
});
