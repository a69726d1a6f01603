// What the example does around the training: MNIST's files, the drawing centred as MNIST's digits are, the terminal's tables.

import { IMAGE_SIDE, IMAGE_SIZE, readDigits, sliceDigits } from "../examples/mnist/digits.ts";
import { confusionMatrix, drawDigits, formatConfusion, highest } from "../examples/mnist/drawing.ts";
import { rampDown } from "../examples/mnist/lenet5.ts";
import { centerDrawing } from "../examples/mnist/page/center.ts";
import { assert, suite } from "./harness.ts";

suite("the example's parts", (test) => {
  test("digits are read from two files, which must belong together", async () => {
    const images = Uint8Array.of(
      0,
      0,
      8,
      3,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      28,
      0,
      0,
      0,
      28,
      ...new Uint8Array(IMAGE_SIZE).fill(7),
    );
    const labels = (...digits: number[]) => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, digits.length, ...digits);
    const read = (second: Uint8Array) =>
      readDigits("train", async (name) => (name.includes("images") ? images : second));
    const { x, y } = await read(labels(5));
    assert.equal([x.length, x[783], ...y], [IMAGE_SIZE, 7, 5]);
    for (const wrong of [labels(5, 6), images]) {
      const error: unknown = await read(wrong).catch((thrown) => thrown);
      assert.match((error as Error).message, "do not belong together");
    }
  });

  test("digits are cut without copying", () => {
    const all = { x: new Uint8Array(3 * IMAGE_SIZE), y: Uint8Array.of(4, 5, 6) };
    const part = sliceDigits(all, 1, 2);
    assert.equal([part.x.length, part.x.byteOffset, ...part.y], [IMAGE_SIZE, IMAGE_SIZE, 5]);
  });

  test("the rate falls in a straight line to 2 %", () => {
    const rate = rampDown(1, 100);
    assert.equal([rate(0), rate(50), rate(99), rate(1000)], [1, 0.5, 0.02, 0.02]);
  });

  test("a drawing fills 20 x 20 pixels around its centre of mass", () => {
    const side = 100;
    const ink = new Uint8Array(side * side);
    assert.is(centerDrawing(ink, side), null);
    // a block of 30 x 60, far from the middle: 10 x 20 pixels in the middle of 28 x 28
    for (let y = 5; y < 65; y++) ink.fill(255, y * side + 60, y * side + 90);
    const pixels = centerDrawing(ink, side) as Uint8Array;
    for (let y = 0; y < IMAGE_SIDE; y++) {
      for (let x = 0; x < IMAGE_SIDE; x++) {
        const inside = y >= 4 && y < 24 && x >= 9 && x < 19;
        assert.is(pixels[y * IMAGE_SIDE + x], inside ? 255 : 0, `row ${y}, column ${x}`);
      }
    }
  });

  test("predictions, their table and the digits as text", () => {
    const predicted = highest([0.1, 0.9, 0.6, 0.4, 0.2, 0.8], 2);
    assert.equal([...predicted], [1, 0, 1]);
    const counts = confusionMatrix(Uint8Array.of(1, 0, 0), predicted, 2);
    assert.equal(counts, [
      [1, 1],
      [0, 1],
    ]);
    assert.is(
      formatConfusion(counts),
      ["    │ 0 1", "  ──┼────", "  0 │ 1 1    50.0 %", "  1 │ · 1   100.0 %"].join("\n"),
    );
    const x = new Uint8Array(IMAGE_SIZE);
    x[0] = 255; // upper half of the first cell
    x[IMAGE_SIDE + 1] = 255; // lower half of the second
    const text = drawDigits({ x, y: Uint8Array.of(7) }, Uint8Array.of(3), [0]);
    assert.is(text, "▀▄\n predicted 3, is 7\n");
  });
});
