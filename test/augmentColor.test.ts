// Augmentation that changes values, against numpy (golden/augment.py), by hand and by its statistics.

import { augment } from "../src/index.ts";
import { close, constant, imageOf, mean, rejects, requireUniform, spread } from "./augmentation.ts";
import golden from "./golden/augment.json";
import { assert, suite } from "./harness.ts";

suite("augmentation that changes values", (test) => {
  test("brightness adds a share of the range, uniform over what was stated, and stays within", async () => {
    const images = constant(100, 3000, 1, 1, 1);
    const out = await augment.apply(images, augment.brightness({ factor: [-0.1, 0.3] }));
    requireUniform(
      [...out.data].map((v) => (v - 100) / 255),
      -0.1,
      0.3,
    );
    const unit = await augment.apply(
      constant(0.5, 3000, 1, 1, 1),
      augment.brightness({ factor: 0.4, valueRange: [0, 1] }),
    );
    requireUniform(
      [...unit.data].map((v) => v - 0.5),
      -0.4,
      0.4,
    );
    const light = await augment.apply(images, augment.brightness({ factor: [0.9, 1] }));
    assert.ok(light.data.every((v) => v === 255));
  });

  test("all channels alike by brightness, each for itself by colorShift", async () => {
    const images = constant(100, 500, 2, 1, 4);
    const alike = await augment.apply(images, augment.brightness({ factor: 0.2 }));
    const apart = await augment.apply(images, augment.colorShift({ factor: 0.2 }));
    for (let i = 0; i < 500; i++) {
      assert.is(new Set(imageOf(alike, i)).size, 1);
      const [first, second] = [imageOf(apart, i).slice(0, 4), imageOf(apart, i).slice(4)];
      assert.equal(first, second);
      assert.is(new Set(first).size, 4);
    }
    requireUniform(
      [...apart.data].filter((_, i) => i % 8 < 4).map((v) => (v - 100) / 255),
      -0.2,
      0.2,
    );
  });

  test("contrast keeps the mean of each channel and scales what differs from it", async () => {
    const images = spread(200, 5, 5, 3);
    const out = await augment.apply(images, augment.contrast({ factor: [-0.5, 1], valueRange: [-10, 10] }));
    const factors: number[] = [];
    for (let i = 0; i < 200; i++) {
      const [own, got] = [imageOf(images, i), imageOf(out, i)];
      for (const c of [0, 1, 2]) {
        const channel = (image: number[]) => image.filter((_, k) => k % 3 === c);
        const [before, after] = [mean(channel(own)), mean(channel(got))];
        assert.ok(Math.abs(before - after) < 1e-5);
        const factor = ((got[c] as number) - after) / ((own[c] as number) - before);
        if (c === 0) factors.push(factor - 1);
        close(
          channel(got),
          channel(own).map((v) => before + factor * (v - before)),
          1e-4,
        );
      }
    }
    requireUniform(factors, -0.5, 1, 1e-3);
  });

  test("hue as numpy turns it; greys and one channel stay, alpha too", async () => {
    const images = spread(1, 2, 3, 3);
    for (const { turns, out } of golden.hue) {
      const turned = await augment.apply(images, augment.hue({ factor: [turns, turns], valueRange: [-5, 5] }));
      close(turned.data, out, 2e-6, `${turns} turns`);
    }
    const whole = await augment.apply(images, augment.hue({ factor: [1, 1], valueRange: [0, 1] }));
    close(whole.data, images.data, 1e-6);
    const grey = await augment.apply(constant(80, 3, 2, 2, 3), augment.hue({ factor: 0.5 }));
    close(grey.data, constant(80, 3, 2, 2, 3).data, 1e-4);
    const one = spread(2, 3, 3, 1);
    assert.equal((await augment.apply(one, augment.hue({ factor: 0.5 }))).data, one.data);
    const alpha = spread(2, 3, 3, 4);
    const colored = await augment.apply(alpha, augment.hue({ factor: [0.2, 0.4], valueRange: [0, 1] }));
    alpha.data.forEach((v, i) => {
      if (i % 4 === 3) assert.is(colored.data[i], v);
    });
    assert.is.not(colored.data[0], alpha.data[0]);
    await rejects(
      augment.apply(spread(1, 2, 2, 2), augment.hue({ factor: 0.1 })),
      "shape-mismatch",
      /red, green and blue/,
    );
  });

  test("principal colours are the eigenvectors of the covariance", () => {
    const base = spread(6, 4, 5, 3).data;
    const other = spread(6, 4, 5, 1).data;
    const data = Float64Array.from(
      base,
      (v, i) =>
        v * ([200, 90, 30][i % 3] as number) + (other[Math.floor(i / 3)] as number) * ([55, 100, 40][i % 3] as number),
    );
    const colors = augment.principalColors({ data, shape: [6, 4, 5, 3] });
    close(colors.values, golden.colors.values, 1e-8);
    colors.vectors.forEach((vector, k) => {
      close(vector, golden.colors.vectors[k] as number[], 1e-6);
    });
    // one direction alone, and none
    const line = augment.principalColors({ data: [0, 0, 3, 4, 6, 8], shape: [3, 2] }, { valueRange: [0, 1] });
    close(line.values, [(25 * 2) / 3, 0], 1e-12);
    close(line.vectors[0] as number[], [0.6, 0.8], 1e-12);
    assert.equal(augment.principalColors(constant(9, 2, 3, 3, 3)).values, [0, 0, 0]);
  });

  test("principal colours are added by normal numbers, scaled to the range", async () => {
    const colors = {
      values: [0.5, 0.1],
      vectors: [
        [0.6, 0.8],
        [0.8, -0.6],
      ],
    };
    const layer = augment.principalColor({ colors, deviation: 0.2, valueRange: [-1000, 1000] });
    const out = await augment.apply(constant(3, 2000, 1, 1, 2), layer);
    const along = (k: number): number[] =>
      Array.from({ length: 2000 }, (_, i) => {
        const d = imageOf(out, i).map((v) => (v - 3) / 2000);
        return (
          (d[0] as number) * (colors.vectors[k]?.[0] as number) + (d[1] as number) * (colors.vectors[k]?.[1] as number)
        );
      });
    for (const k of [0, 1]) {
      const deviation = Math.sqrt(mean(along(k).map((a) => a * a)));
      const wanted = 0.2 * (colors.values[k] as number);
      assert.ok(Math.abs(deviation / wanted - 1) < 0.1 && Math.abs(mean(along(k))) < wanted / 8, `${k}: ${deviation}`);
    }
    await rejects(augment.apply(spread(1, 2, 2, 3), layer), "shape-mismatch", /2 channels, the images 3/);
  });

  test("noise has the stated deviation and stays within the range", async () => {
    const out = await augment.apply(constant(128, 8, 16, 16, 3), augment.gaussianNoise({ stddev: 12 }));
    const noise = [...out.data].map((v) => v - 128);
    assert.ok(Math.abs(mean(noise)) < 0.6, `mean ${mean(noise)}`);
    assert.ok(Math.abs(Math.sqrt(mean(noise.map((v) => v * v))) - 12) < 0.5);
    const clipped = await augment.apply(constant(250, 8, 16, 16, 3), augment.gaussianNoise({ stddev: 12 }));
    assert.ok(Math.max(...clipped.data) === 255 && Math.min(...clipped.data) > 180);
  });

  test("cutout hides one rectangle, whose centre is any pixel", async () => {
    const out = await augment.apply(constant(9, 600, 7, 8, 3), augment.cutout({ size: [3, 4], fillValue: 2 }));
    const centers = new Set<string>();
    for (let i = 0; i < 600; i++) {
      const hidden = imageOf(out, i)
        .map((v, at) => (v === 2 ? at : -1))
        .filter((at) => at >= 0);
      assert.ok(imageOf(out, i).every((v) => v === 2 || v === 9));
      const rows = hidden.map((at) => Math.floor(at / 24));
      const columns = hidden.map((at) => Math.floor(at / 3) % 8);
      const [top, bottom, left, right] = [
        Math.min(...rows),
        Math.max(...rows),
        Math.min(...columns),
        Math.max(...columns),
      ];
      assert.is(hidden.length, (bottom - top + 1) * (right - left + 1) * 3);
      // as much of the rectangle as lies inside
      assert.ok(bottom - top + 1 === 3 || top === 0 || bottom === 6);
      assert.ok(right - left + 1 === 4 || left === 0 || right === 7);
      centers.add(`${top} ${bottom} ${left} ${right}`);
    }
    // 7 rows with 3, 8 columns with 4 give as many rectangles
    assert.is(centers.size, 56);
  });
});
