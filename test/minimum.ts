// Cases that each tier must at least register in each environment. Raise a number when cases are added; a
// suite that is no longer imported is found here.

export const minimum: Readonly<Record<string, number>> = {
  "unit node": 245,
  "unit chromium": 245,
  "unit firefox": 245,
  "machine node": 950, // two builds of the kernels in Node 20
  "machine chromium": 1200,
  "machine firefox": 950, // relaxed SIMD came with version 146
  "train node": 34,
  "train chromium": 34,
  "train firefox": 34,
  "reproducible node": 9,
  "reproducible chromium": 9,
  "reproducible firefox": 9,
  "reproducible webkit": 9,
  "node node": 150,
  "browser node": 41,
};
