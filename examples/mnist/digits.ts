// MNIST's files, images and their labels in IDX format, as digits.

import { readIdx } from "lanewise";

/** Images as bytes, 28 x 28 each, and their classes. */
export interface Digits {
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export const IMAGE_SIDE = 28;
export const IMAGE_SIZE: number = IMAGE_SIDE * IMAGE_SIDE;

/** The files of a part of MNIST: images, labels. */
export const digitFiles = {
  train: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
  test: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
} as const;

/** Reads a part of MNIST; `read` gives the bytes of a file. */
export async function readDigits(
  part: keyof typeof digitFiles,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Digits> {
  const [imagesFile, labelsFile] = digitFiles[part];
  const images = await readIdx(await read(imagesFile));
  const labels = await readIdx(await read(labelsFile));
  const [count, height, width] = images.shape;
  const isBytes = images.data instanceof Uint8Array && labels.data instanceof Uint8Array;
  if (!isBytes || height !== IMAGE_SIDE || width !== IMAGE_SIDE || count !== labels.data.length)
    throw new Error(`${imagesFile} and ${labelsFile} do not belong together`);
  return { x: images.data as Uint8Array, y: labels.data as Uint8Array };
}

/** The digits [first, end), without copying. */
export function sliceDigits({ x, y }: Digits, first: number, end: number): Digits {
  return { x: x.subarray(first * IMAGE_SIZE, end * IMAGE_SIZE), y: y.subarray(first, end) };
}
