// Cases that each tier must at least register in each environment. Raise a number when cases are added; a
// suite that is no longer imported is found here.

export const minimum: Readonly<Record<string, number>> = {
  "machine node": 4,
  "machine chromium": 4,
  "machine firefox": 4,
};
