// MNIST's file format: two bytes 0, one of type (8: unsigned bytes), the rank, each dimension in four bytes, most significant
// first, then the values. http://yann.lecun.com/exdb/mnist/

export interface Idx {
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** Reads a file of bytes; `data` is a view, nothing is copied. */
export function readIdx(name: string, bytes: Uint8Array): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 + 4 * rank || view.getUint16(0) !== 0 || bytes[2] !== 8)
    throw new Error(`${name} is no IDX file of bytes`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, n) => product * n, 1);
  const data = bytes.subarray(4 + 4 * rank);
  if (data.length !== size) throw new Error(`${name} should hold ${size} values, it holds ${data.length}`);
  return { data, shape };
}

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
  const images = readIdx(imagesFile, await read(imagesFile));
  const labels = readIdx(labelsFile, await read(labelsFile));
  const [count, height, width] = images.shape;
  if (height !== IMAGE_SIDE || width !== IMAGE_SIDE || count !== labels.shape[0])
    throw new Error(`${imagesFile} and ${labelsFile} do not belong together`);
  return { x: images.data, y: labels.data };
}

/** The digits [first, end), without copying. */
export function sliceDigits({ x, y }: Digits, first: number, end: number): Digits {
  return { x: x.subarray(first * IMAGE_SIZE, end * IMAGE_SIZE), y: y.subarray(first, end) };
}
