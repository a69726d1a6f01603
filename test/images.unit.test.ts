// Pictures as arrays: RGBA bytes everywhere, canvases where there are some.

import { fromImage } from "../src/index.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";

/** Two pixels side by side: orange, and half transparent blue. */
const pixels = { data: Uint8ClampedArray.of(255, 128, 0, 255, 10, 20, 250, 128), width: 2, height: 1 };

const refused = (source: unknown, options: object, code: string, text: RegExp): unknown =>
  throwsError(() => fromImage(source as never, options), code, text);

suite("images", (test) => {
  test("RGBA bytes to rgb, grey and rgba", () => {
    assert.equal(fromImage(pixels), { data: Uint8Array.of(255, 128, 0, 10, 20, 250), shape: [1, 2, 3] });
    // 0.299 R + 0.587 G + 0.114 B: 151.4 and 43.2
    assert.equal(fromImage(pixels, { channels: "grey" }), { data: Uint8Array.of(151, 43), shape: [1, 2, 1] });
    assert.equal(fromImage(pixels, { channels: "rgba" }).data, Uint8Array.from(pixels.data));
    assert.equal(fromImage({ data: Uint8Array.from(pixels.data), width: 1, height: 2 }).shape, [2, 1, 3]);
  });

  test("grey of white, black and the colours", () => {
    const colours = [[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]; // biome-ignore format: one
    const data = Uint8Array.from(colours.flatMap((each) => [...each, 255]));
    assert.equal(
      fromImage({ data, width: 5, height: 1 }, { channels: "grey" }).data,
      Uint8Array.of(255, 0, 76, 150, 29),
    );
  });

  test("a background shows through transparent pixels", () => {
    const white = fromImage(pixels, { background: [255, 255, 255] });
    // (10 * 128 + 255 * 127) / 255 = 132.02, 137.04, 252.49
    assert.equal(white.data, Uint8Array.of(255, 128, 0, 132, 137, 252));
    const clear = { data: new Uint8Array(4), width: 1, height: 1 };
    assert.equal(fromImage(clear, { background: [1, 2, 3] }).data, Uint8Array.of(1, 2, 3));
    assert.equal(fromImage(clear, { channels: "grey", background: [255, 255, 255] }).data, Uint8Array.of(255));
    assert.equal(fromImage(clear).data, new Uint8Array(3));
  });

  test("the result is the caller's own", () => {
    fromImage(pixels, { channels: "rgba" }).data.fill(0);
    assert.is(pixels.data[0], 255);
  });

  test("refused: what is no picture, or not RGBA", () => {
    refused({ ...pixels, width: 3 }, {}, "shape-mismatch", /4 bytes.*3 x 1 pixels, 12 in all, got 8/);
    refused({ ...pixels, height: 0 }, {}, "invalid-argument", /height/);
    refused({ ...pixels, data: [1, 2] }, {}, "invalid-argument", /data/);
    refused("cat.png", {}, "invalid-argument", /source/);
    refused({}, {}, "invalid-argument", /source/);
    refused(pixels, { channels: "bgr" }, "invalid-argument", /channels/);
    refused(pixels, { background: [0, 0, 256] }, "invalid-argument", /background/);
    refused(pixels, { channels: "rgba", background: [0, 0, 0] }, "invalid-argument", /background/);
  });

  if (typeof OffscreenCanvas === "function") {
    test("a canvas, its ImageData, and an ImageBitmap", async () => {
      const canvas = new OffscreenCanvas(3, 2);
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.fillStyle = "rgb(255, 0, 0)";
      context.fillRect(0, 0, 3, 2);
      context.fillStyle = "rgb(0, 0, 255)";
      context.fillRect(2, 1, 1, 1);
      const red = [255, 0, 0];
      const expected = { data: Uint8Array.of(...red, ...red, ...red, ...red, ...red, 0, 0, 255), shape: [2, 3, 3] };
      assert.equal(fromImage(canvas), expected);
      assert.equal(fromImage(context.getImageData(0, 0, 3, 2)), expected);
      assert.equal(fromImage(await createImageBitmap(canvas)), expected);
    });
  } else {
    test("without a canvas, what must be drawn is refused with what to do", () => {
      refused({ width: 3, height: 2 }, {}, "unsupported", /no canvas here.*RGBA/);
      refused({ naturalWidth: 0, naturalHeight: 0 }, {}, "not-ready", /0 x 0 pixels.*loaded/);
    });
  }
});
