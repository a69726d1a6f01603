// Augmentation that moves pixels, against numpy (golden/augment.py) and by hand; and what is drawn for it.

import type { Layer } from "../src/index.ts";
import { augment, flatten, sequential } from "../src/index.ts";
import type { Images } from "./augmentation.ts";
import {
  close,
  colorMakers,
  constant,
  imageOf,
  makers,
  mean,
  rejects,
  repeated,
  requireUniform,
  spread,
  taken,
} from "./augmentation.ts";
import golden from "./golden/augment.json";
import { assert, suite } from "./harness.ts";

suite("augmentation that moves pixels", (test) => {
  const sizes: readonly (readonly [number, number, number])[] = [
    [5, 7, 1],
    [8, 6, 3],
    [3, 9, 4],
    [1, 1, 3],
  ];

  test("a mirror copies every pixel, in both directions", async () => {
    for (const size of sizes) {
      const [height, width] = size;
      const images = spread(2, ...size);
      const modes = {
        horizontal: (y: number, x: number) => [y, width - 1 - x] as const,
        vertical: (y: number, x: number) => [height - 1 - y, x] as const,
        horizontalAndVertical: (y: number, x: number) => [height - 1 - y, width - 1 - x] as const,
      };
      for (const [mode, from] of Object.entries(modes)) {
        const layer = augment.mirror({ mode: mode as keyof typeof modes, probability: 1 });
        const out = await augment.apply(images, layer);
        for (const i of [0, 1]) assert.equal(imageOf(out, i), taken(imageOf(images, i), size, from), `${mode} ${size}`);
      }
    }
  });

  test("about half of the images are mirrored by default, the others stay", async () => {
    const images = repeated(spread(1, 3, 4, 1), 400);
    const out = await augment.apply(images, augment.mirror());
    const own = imageOf(images, 0);
    const mirrored = taken(own, [3, 4, 1], (y, x) => [y, 3 - x]);
    let count = 0;
    for (let i = 0; i < 400; i++) {
      const isMirrored = imageOf(out, i)[0] !== own[0];
      assert.equal(imageOf(out, i), isMirrored ? mirrored : own);
      count += Number(isMirrored);
    }
    assert.ok(Math.abs(count - 200) < 50, `${count} of 400`);
  });

  test("a shift by whole pixels copies: down and to the right above 0", async () => {
    for (const channels of [1, 3, 4]) {
      const images = spread(3, 8, 10, channels);
      const layer = augment.shift({ heightFactor: [0.25, 0.25], widthFactor: [-0.3, -0.3], fillMode: "constant" });
      const out = await augment.apply(images, layer);
      const from = (y: number, x: number) => (y < 2 || x >= 7 ? null : ([y - 2, x + 3] as const));
      for (const i of [0, 1, 2]) assert.equal(imageOf(out, i), taken(imageOf(images, i), [8, 10, channels], from));
    }
  });

  test("a shift with the nearest pixel goes by whole steps", async () => {
    const images = repeated(spread(1, 9, 9, 1), 200);
    const layer = augment.shift({ heightFactor: 0.2, fillMode: "wrap", interpolation: "nearest" });
    const out = await augment.apply(images, layer);
    const own = imageOf(images, 0);
    const steps = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const step = [-2, -1, 0, 1, 2].find((s) => {
        const wanted = taken(own, [9, 9, 1], (y, x) => [(y - s + 9) % 9, x]);
        return wanted.every((v, k) => v === imageOf(out, i)[k]);
      });
      assert.ok(step !== undefined, `image ${i} is no shift`);
      steps.add(step as number);
    }
    assert.is(steps.size, 5);
  });

  test("a turn by quarters copies", async () => {
    const images = spread(1, 7, 7, 2);
    const turned = await augment.apply(images, augment.rotate({ degrees: [90, 90] }));
    // what was on the right is on top
    assert.equal(
      [...turned.data],
      taken(imageOf(images, 0), [7, 7, 2], (y, x) => [x, 6 - y]),
    );
    const half = await augment.apply(images, augment.rotate({ factor: [0.5, 0.5] }));
    assert.equal(
      [...half.data],
      taken(imageOf(images, 0), [7, 7, 2], (y, x) => [6 - y, 6 - x]),
    );
  });

  test("turned, zoomed, sheared and shifted as numpy does, with every way to fill what is outside", async () => {
    const images = spread(1, 7, 10, 3);
    for (const { change, fillMode, out } of golden.moved) {
      const fill = { fillMode: fillMode as "wrap", fillValue: 0.25 };
      const layers: Readonly<Record<string, () => Layer>> = {
        rotate: () => augment.rotate({ degrees: [30, 30], ...fill }),
        zoom: () => augment.zoom({ heightFactor: [0.4, 0.4], widthFactor: [-0.3, -0.3], ...fill }),
        shear: () => augment.shear({ xFactor: [0.35, 0.35], ...fill }),
        shift: () => augment.shift({ heightFactor: [0.2, 0.2], widthFactor: [-0.33, -0.33], ...fill }),
        all: () =>
          augment.affine({
            shear: { xFactor: [0.2, 0.2] },
            zoom: { heightFactor: [0.3, 0.3] },
            rotate: { degrees: [-50, -50] },
            shift: { heightFactor: [0.1, 0.1], widthFactor: [0.15, 0.15] },
            ...fill,
          }),
      };
      const moved = await augment.apply(images, (layers[change] as () => Layer)());
      close(moved.data, out, 5e-6, `${change}, ${fillMode}`);
    }
    assert.is(golden.moved.length, 20);
  });

  test("affine with one change is that change, also of the images it leaves alone", async () => {
    const images = spread(12, 9, 8, 1);
    const given = { degrees: 25 };
    const [alone, among] = [
      augment.rotate({ ...given, probability: 0.5 }),
      augment.affine({ rotate: given, probability: 0.5 }),
    ];
    const out = await augment.apply(images, alone);
    assert.equal(out.data, (await augment.apply(images, among)).data);
    const same = Array.from({ length: 12 }, (_, i) => i).filter(
      (i) => imageOf(out, i).join() === imageOf(images, i).join(),
    );
    assert.ok(same.length > 1 && same.length < 11, `${same.length} of 12 stay`);
  });

  test("a crop is a window of the padded image, anywhere; at inference the middle", async () => {
    const images = repeated(spread(1, 5, 6, 3), 300);
    const layer = augment.crop({ height: 4, width: 4, padding: 1, fillValue: 7 });
    const out = await augment.apply(images, layer);
    assert.equal(out.shape, [300, 4, 4, 3]);
    const own = imageOf(images, 0);
    const window = (top: number, left: number): string =>
      Array.from({ length: 48 }, (_, i) => {
        const [y, x] = [top + Math.floor(i / 12), left + (Math.floor(i / 3) % 4)];
        return y < 0 || y >= 5 || x < 0 || x >= 6 ? 7 : (own[(y * 6 + x) * 3 + (i % 3)] as number);
      }).join();
    const windows = new Map<string, number>();
    for (let top = -1; top <= 2; top++) for (let left = -1; left <= 3; left++) windows.set(window(top, left), 0);
    for (let i = 0; i < 300; i++) {
      const key = imageOf(out, i).join();
      assert.ok(windows.has(key), `image ${i} is no window`);
      windows.set(key, (windows.get(key) as number) + 1);
    }
    assert.is(windows.size, 20);
    for (const count of windows.values()) assert.ok(count > 1 && count < 40, `${[...windows.values()]}`);
    const model = sequential([layer, flatten()], { inputShape: [5, 6, 3] });
    const middle = await model.predict({ data: images.data.subarray(0, 90), shape: [1, 5, 6, 3] });
    assert.is([...middle.data].join(), window(0, 1));
  });

  test("crops that do not fit say so", async () => {
    const images = spread(1, 5, 6, 1);
    await rejects(
      augment.apply(images, augment.crop({ height: 8, padding: 1 })),
      "shape-mismatch",
      /8x6.*5x6.*padding 1/,
    );
    assert.throws(() => sequential([augment.crop({ height: 7, padding: 1 })], { inputShape: [5, 6, 1] }), /middle/);
  });

  test("elastic: without strength nothing moves; smooth, seeded, about the wanted size", async () => {
    const images = spread(2, 9, 12, 3);
    assert.equal((await augment.apply(images, augment.elastic({ alpha: 0, sigma: 2 }))).data, images.data);
    // a ramp shows by how much each pixel moved
    const ramp: Images = {
      data: Float32Array.from({ length: 40 * 64 * 64 }, (_, i) => i % 64),
      shape: [40, 64, 64, 1],
    };
    const out = await augment.apply(ramp, augment.elastic({ alpha: 34, sigma: 4 }));
    const moves: number[] = [];
    const steps: number[] = [];
    for (let i = 0; i < 40; i++) {
      for (let y = 16; y < 48; y++) {
        for (let x = 16; x < 48; x++) {
          const at = (i * 64 + y) * 64 + x;
          moves.push((out.data[at] as number) - x);
          steps.push((out.data[at + 1] as number) - (out.data[at] as number) - 1);
        }
      }
    }
    // the variance of smoothed noise: 34^2 / 3 times the sum of squares of the weights, 1 / (4 pi 16)
    const deviation = Math.sqrt(mean(moves.map((m) => m * m)));
    const wanted = 34 / Math.sqrt(3) / Math.sqrt(4 * Math.PI * 16);
    assert.ok(Math.abs(deviation / wanted - 1) < 0.15, `deviation ${deviation}, expected ${wanted}`);
    // neighbours differ by a share of 1 / (sqrt(2) sigma) of it
    const roughness = Math.sqrt(mean(steps.map((s) => s * s)));
    assert.ok(Math.abs(roughness / (wanted / (Math.SQRT2 * 4)) - 1) < 0.15, `roughness ${roughness}`);
  });
});

suite("augmentation, what is drawn", (test) => {
  test("any size and number of channels, bytes too", async () => {
    for (const shape of [
      [1, 1, 1, 1],
      [2, 1, 1, 3],
      [1, 5, 3, 4],
      [3, 7, 7, 2],
      [2, 2, 9, 1],
    ]) {
      for (const [name, make] of Object.entries(shape[3] === 3 ? colorMakers : makers)) {
        const { data } = spread(...shape);
        const out = await augment.apply({ data: Uint8Array.from(data, (v) => v * 255), shape }, make());
        assert.equal(out.shape, shape, name);
        assert.ok(
          out.data.every((v) => v >= 0 && v <= 255),
          `${name}, ${shape}`,
        );
      }
    }
  });

  test("the seed and the step decide, and nothing else", async () => {
    const images = { data: spread(5, 12, 11, 3).data.map((v) => v * 255), shape: [5, 12, 11, 3] };
    const few = { data: images.data.subarray(0, 2 * 12 * 11 * 3), shape: [2, 12, 11, 3] };
    for (const [name, make] of Object.entries(colorMakers)) {
      const first = await augment.apply(images, make(), { seed: 3, step: 5 });
      assert.equal((await augment.apply(images, make(), { seed: 3, step: 5 })).data, first.data, name);
      assert.not.equal((await augment.apply(images, make(), { seed: 4, step: 5 })).data, first.data, name);
      assert.not.equal((await augment.apply(images, make(), { seed: 3, step: 6 })).data, first.data, name);
      // an image does not depend on how many there are
      const some = await augment.apply(few, make(), { seed: 3, step: 5 });
      assert.equal(some.data, first.data.slice(0, few.data.length), name);
      // nor are two images changed alike
      const twice = await augment.apply(repeated(images, 8), make());
      const different = new Set(Array.from({ length: 8 }, (_, i) => imageOf(twice, i).join()));
      assert.ok(different.size > 1, name);
      // a seed of its own stays when the program's changes
      const own = await augment.apply(images, make({ seed: 9 }), { seed: 3, step: 5 });
      assert.equal((await augment.apply(images, make({ seed: 9 }), { seed: 4, step: 5 })).data, own.data, name);
      assert.not.equal((await augment.apply(images, make({ seed: 9 }), { seed: 3, step: 6 })).data, own.data, name);
      assert.not.equal(own.data, first.data, name);
      assert.equal((await augment.apply(images, make({ seed: 3 }), { step: 5 })).data, first.data, name);
    }
  });

  test("two layers of a kind draw for themselves", async () => {
    const images = constant(100, 20, 1, 1, 1);
    const [one, two] = [augment.brightness({ factor: 0.1 }), augment.brightness({ factor: 0.1 })];
    const first = await augment.apply(images, one);
    const both = await augment.apply(images, [one, two]);
    const second = both.data.map((v, i) => v - (first.data[i] as number));
    assert.not.equal(
      Array.from(second, (v) => Math.round(v)),
      Array.from(first.data, (v) => Math.round(v - 100)),
    );
  });

  test("angles, zooms and shifts are uniform over their ranges", async () => {
    // four pixels of a linear picture tell the map of places: value = 100 row + column in the middle of a large field
    const data = Float32Array.from({ length: 21 * 21 * 2 }, (_, i) =>
      i % 2 ? Math.floor(i / 2) % 21 : Math.floor(i / 42),
    );
    const images = repeated({ data, shape: [1, 21, 21, 2] }, 800);
    const at = (out: Images, i: number, y: number, x: number, c: number): number =>
      out.data[((i * 21 + y) * 21 + x) * 2 + c] as number;
    const each = (count: number, of: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => of(i));
    const turned = await augment.apply(images, augment.rotate({ degrees: [-20, 50] }));
    // row m0 y + m1 x, m1 = sin
    const angles = each(800, (i) => {
      const [cos, sin] = [
        at(turned, i, 14, 10, 0) - at(turned, i, 10, 10, 0),
        at(turned, i, 10, 14, 0) - at(turned, i, 10, 10, 0),
      ];
      return (Math.atan2(sin, cos) * 180) / Math.PI;
    });
    requireUniform(angles, -20, 50, 1e-3);
    const zoomed = await augment.apply(images, augment.zoom({ heightFactor: 0.3, widthFactor: [0, 0.2] }));
    requireUniform(
      each(800, (i) => (at(zoomed, i, 14, 10, 0) - at(zoomed, i, 10, 10, 0)) / 4 - 1),
      -0.3,
      0.3,
      1e-4,
    );
    requireUniform(
      each(800, (i) => (at(zoomed, i, 10, 14, 1) - at(zoomed, i, 10, 10, 1)) / 4 - 1),
      0,
      0.2,
      1e-4,
    );
    const square = await augment.apply(images, augment.zoom({ heightFactor: 0.3 }));
    each(800, (i) => at(square, i, 14, 10, 0) - at(square, i, 10, 14, 1)).forEach((d) => {
      assert.ok(Math.abs(d) < 1e-4);
    });
    const shifted = await augment.apply(images, augment.shift({ heightFactor: [-0.1, 0.2], widthFactor: 0.25 }));
    requireUniform(
      each(800, (i) => (10 - at(shifted, i, 10, 10, 0)) / 21),
      -0.1,
      0.2,
      1e-4,
    );
    requireUniform(
      each(800, (i) => (10 - at(shifted, i, 10, 10, 1)) / 21),
      -0.25,
      0.25,
      1e-4,
    );
    const sheared = await augment.apply(images, augment.shear({ xFactor: 0.4 }));
    requireUniform(
      each(800, (i) => (10 - at(sheared, i, 14, 10, 1)) / 4),
      -0.4,
      0.4,
      1e-4,
    );
  });
});
