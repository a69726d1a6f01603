// What the examples of the documents take as given: images of digits, small and made up.

const images = (n: number): Uint8Array =>
  Uint8Array.from({ length: n * 784 }, (_, i) => ((i % 784) * (i / 784 + 3)) % 256);
const labels = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i % 10);

export const xTrain: Uint8Array = images(128);
export const yTrain: Uint8Array = labels(128);
export const xTest: Uint8Array = images(40);
export const yTest: Uint8Array = labels(40);
