// Cases that each tier must at least register in each environment. Raise a number when cases are added; a
// suite that is no longer imported is found here.

export const minimum: Readonly<Record<string, number>> = {
  "unit node": 34,
  "unit chromium": 34,
  "unit firefox": 34,
  "machine node": 555, // two builds of the kernels in Node 20
  "machine chromium": 774,
  "machine firefox": 555, // relaxed SIMD came with version 146
  "train node": 10,
  "train chromium": 10,
  "train firefox": 10,
  "reproducible node": 9,
  "reproducible chromium": 9,
  "reproducible firefox": 9,
  "node node": 118,
  "browser node": 33,
};
