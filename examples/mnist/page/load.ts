// The worker that reads the images: they arrive there and are handed to the page without copying.

import type { Digits } from "../digits.ts";
import { readDigits, sliceDigits } from "../digits.ts";

export interface Loaded {
  readonly training: Digits;
  readonly test: Digits;
}

async function read(name: string): Promise<Uint8Array> {
  const response = await fetch(new URL(`data/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function load(examplesMax: number): Promise<void> {
  const training = sliceDigits(await readDigits("train", read), 0, examplesMax);
  const test = await readDigits("test", read);
  const loaded: Loaded = { training, test };
  postMessage(loaded, { transfer: [training, test].flatMap(({ x, y }) => [x.buffer, y.buffer]) });
}

// a text says what went wrong
addEventListener("message", ({ data }: MessageEvent<number>) => {
  load(data).catch((error: unknown) => postMessage(String(error)));
});
