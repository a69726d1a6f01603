// The real MNIST for tests, in Node and in pages; the runner puts the files there.

import { hostName, readFile } from "#host";
import type { Digits } from "../examples/mnist/digits.ts";
import { readDigits, sliceDigits } from "../examples/mnist/digits.ts";

/** The first `count` digits of a part. */
export async function mnist(part: "train" | "test", count: number): Promise<Digits> {
  const folder = hostName === "web" ? "mnist" : ".cache/tests/mnist";
  return sliceDigits(await readDigits(part, (name) => readFile(`${folder}/${name}`)), 0, count);
}
