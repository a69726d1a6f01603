// Pixels of pictures as arrays: from a canvas and its kin in a page, from RGBA bytes anywhere.

import { LanewiseError } from "../../bindings/errors.ts";
import { checker, checkOptions, invalid, isRecord, oneOf } from "../check.ts";

/** RGBA bytes, row by row from the top: what ImageData is, and what decoders of images give. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What `fromImage` reads; all but pixels (also ImageData) in pages and workers alone. */
export type ImageSource =
  | Pixels
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | VideoFrame;

/** Options of `fromImage`. */
export interface FromImageOptions {
  /** By default "rgb". "grey": (19595 R + 38470 G + 7471 B + 32768) >> 16, the luma of ITU-R BT.601 in integers. */
  readonly channels?: "rgb" | "grey" | "rgba";
  /**
   * Red, green and blue of what shows through transparent pixels. By default transparency is left out and colours are taken
   * as they are stored. Not for "rgba".
   */
  readonly background?: readonly [number, number, number];
}

const isByte = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= 255;

const background = checker(
  "[red, green, blue] from 0 to 255",
  (color) => Array.isArray(color) && color.length === 3 && color.every(isByte),
);

/**
 * The pixels of an image as bytes `[height, width, channels]`, channels 3, 1 ("grey") or 4 ("rgba"): of a canvas, ImageData,
 * ImageBitmap, an image or a video's frame, or `{ data, width, height }` with RGBA bytes, which is also for Node.
 * Throws `unsupported` where the environment cannot read the source, `not-ready` where an image has not loaded.
 */
export function fromImage(
  source: ImageSource,
  options: FromImageOptions = {},
): { data: Uint8Array; shape: [height: number, width: number, channels: number] } {
  const where = "fromImage";
  checkOptions(where, options, { channels: oneOf("rgb", "grey", "rgba"), background });
  const { channels = "rgb" } = options;
  if (channels === "rgba" && options.background)
    throw invalid(where, "background", 'left out with channels: "rgba"', options.background);
  const { data, width, height } = pixelsOf(where, source);
  if (channels === "rgba") return { data: Uint8Array.from(data), shape: [height, width, 4] };
  const count = channels === "grey" ? 1 : 3;
  const out = new Uint8Array(width * height * count);
  const over = options.background;
  for (let i = 0; i < width * height; i++) {
    const alpha = over ? (data[4 * i + 3] as number) : 255;
    const at = (c: number): number => {
      const value = data[4 * i + c] as number;
      return over ? Math.round((value * alpha + (over[c] as number) * (255 - alpha)) / 255) : value;
    };
    if (count === 1) out[i] = (19595 * at(0) + 38470 * at(1) + 7471 * at(2) + 32768) >> 16;
    else for (let c = 0; c < 3; c++) out[3 * i + c] = at(c);
  }
  return { data: out, shape: [height, width, count] };
}

const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;

function pixelsOf(where: string, source: unknown): Pixels {
  if (typeof source !== "object" || source === null) throw notReadable(where, source);
  if (!("data" in source)) return drawn(where, source as CanvasImageSource);
  const isImageData = typeof ImageData === "function" && (source as unknown) instanceof ImageData;
  if (!isRecord(source) && !isImageData) throw notReadable(where, source);
  const { data, width, height } = source as Pixels;
  if (!isSize(width)) throw invalid(where, "source.width", "an integer of at least 1", width);
  if (!isSize(height)) throw invalid(where, "source.height", "an integer of at least 1", height);
  if (!(data instanceof Uint8ClampedArray || data instanceof Uint8Array))
    throw invalid(where, "source.data", "bytes (Uint8Array, Uint8ClampedArray)", data);
  if (data.length !== 4 * width * height) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: source.data must be RGBA, 4 bytes for each of ${width} x ${height} pixels, ${4 * width * height} in all, got ${data.length}.`,
    );
  }
  return { data, width, height };
}

const notReadable = (where: string, source: unknown): LanewiseError =>
  invalid(where, "source", "a canvas, ImageData, ImageBitmap, an image, a video or { data, width, height }", source);

/** Width and height of what can be drawn: of an image and a video those of the file, not of its place in the page. */
function sizeOfDrawable(source: object): [unknown, unknown] {
  const { naturalWidth, naturalHeight, videoWidth, videoHeight, displayWidth, displayHeight, width, height } =
    source as Readonly<Record<string, unknown>>;
  return [naturalWidth ?? videoWidth ?? displayWidth ?? width, naturalHeight ?? videoHeight ?? displayHeight ?? height];
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

function makeContext(width: number, height: number): Context | null {
  const settings = { willReadFrequently: true };
  if (typeof OffscreenCanvas === "function")
    return new OffscreenCanvas(width, height).getContext("2d", settings) as Context | null;
  if (typeof document !== "object") return null;
  const canvas: HTMLCanvasElement = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.getContext("2d", settings) as Context | null;
}

/** The pixels of what is not an array: drawn onto a canvas and read back. */
function drawn(where: string, source: CanvasImageSource): Pixels {
  const [width, height] = sizeOfDrawable(source);
  if (typeof width !== "number" || typeof height !== "number") throw notReadable(where, source);
  if (width < 1 || height < 1)
    throw new LanewiseError("not-ready", `${where}: the source is ${width} x ${height} pixels. Has it loaded?`);
  const context = makeContext(width, height);
  if (!context) {
    throw new LanewiseError(
      "unsupported",
      `${where}: there is no canvas here. Decode the image and give { data, width, height } with RGBA bytes.`,
    );
  }
  try {
    context.drawImage(source, 0, 0);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    if (cause instanceof TypeError) throw notReadable(where, source);
    throw new LanewiseError("unsupported", `${where}: its pixels cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
