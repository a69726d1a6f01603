// Cases that each tier must at least register in each environment. Raise a number when cases are added; a
// suite that is no longer imported is found here.

export const minimum: Readonly<Record<string, number>> = {
  "unit node": 265,
  "unit chromium": 265,
  "unit firefox": 265,
  "machine node": 1000, // two builds of the kernels in Node 20
  "machine chromium": 1280,
  "machine firefox": 1000, // relaxed SIMD came with version 146
  "train node": 34,
  "train chromium": 34,
  "train firefox": 34,
  "reproducible node": 9,
  "reproducible chromium": 9,
  "reproducible firefox": 9,
  "reproducible webkit": 9,
  "node node": 150,
  "browser node": 57,
};
