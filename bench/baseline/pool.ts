// Baselines of the pooling kernels: windows clipped once a pixel, channels side by side.

import type { Operands } from "../../bindings/generated/kernels.ts";
import type { Baseline } from "./baseline.ts";

type Windows = Omit<Operands<unknown, unknown>["averagePool2dGradient"], "dy" | "dx">;

/** Calls `visit` for each output pixel with the first pixel of its clipped window and the window's size. */
function eachWindow(w: Windows, visit: (out: number, first: number, rows: number, columns: number) => void): void {
  const { height, width, channels } = w;
  let out = 0;
  for (let image = 0; image < w.batch; image++) {
    for (let oy = 0; oy < w.outHeight; oy++) {
      const top = oy * w.strideHeight - w.padTop;
      const y0 = Math.max(0, top);
      const rows = Math.min(height, top + w.poolHeight) - y0;
      for (let ox = 0; ox < w.outWidth; ox++, out += channels) {
        const left = ox * w.strideWidth - w.padLeft;
        const x0 = Math.max(0, left);
        const columns = Math.min(width, left + w.poolWidth) - x0;
        visit(out, ((image * height + y0) * width + x0) * channels, rows, columns);
      }
    }
  }
}

export const maxPool2d: Baseline<"maxPool2d"> = (o) => {
  const { channels, x, out } = o;
  const line = o.width * channels;
  eachWindow(o, (to, first, rows, columns) => {
    for (let c = 0; c < channels; c++) {
      let most = x[first + c] as number;
      for (let ky = 0; ky < rows; ky++) {
        let p = first + ky * line + c;
        for (let kx = 0; kx < columns; kx++, p += channels) {
          const value = x[p] as number;
          most = (most + value + Math.abs(most - value)) * 0.5; // the greater, without a branch
        }
      }
      out[to + c] = most;
    }
  });
};

export const maxPool2dGradient: Baseline<"maxPool2dGradient"> = (o) => {
  const { channels, x, dy, dx } = o;
  const line = o.width * channels;
  dx.fill(0, 0, o.batch * o.height * line);
  eachWindow(o, (from, first, rows, columns) => {
    for (let c = 0; c < channels; c++) {
      let winner = first + c;
      let most = x[winner] as number;
      for (let ky = 0; ky < rows; ky++) {
        let p = first + ky * line + c;
        for (let kx = 0; kx < columns; kx++, p += channels) {
          const value = x[p] as number;
          winner += (p - winner) & -Number(value > most); // without a branch
          most = (most + value + Math.abs(most - value)) * 0.5;
        }
      }
      dx[winner] = (dx[winner] as number) + (dy[from + c] as number);
    }
  });
};

export const averagePool2d: Baseline<"averagePool2d"> = (o) => {
  const { channels, x, out } = o;
  const line = o.width * channels;
  eachWindow(o, (to, first, rows, columns) => {
    const share = 1 / (rows * columns);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let ky = 0; ky < rows; ky++) {
        let p = first + ky * line + c;
        for (let kx = 0; kx < columns; kx++, p += channels) sum += x[p] as number;
      }
      out[to + c] = sum * share;
    }
  });
};

export const averagePool2dGradient: Baseline<"averagePool2dGradient"> = (o) => {
  const { channels, dy, dx } = o;
  const line = o.width * channels;
  dx.fill(0, 0, o.batch * o.height * line);
  eachWindow(o, (from, first, rows, columns) => {
    const share = 1 / (rows * columns);
    for (let ky = 0; ky < rows; ky++) {
      for (let kx = 0; kx < columns; kx++) {
        const p = first + ky * line + kx * channels;
        for (let c = 0; c < channels; c++) dx[p + c] = (dx[p + c] as number) + share * (dy[from + c] as number);
      }
    }
  });
};
