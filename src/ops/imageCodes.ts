// What augmentation asks the kernels for, by the numbers of assembly/augment/.

/** How places between pixels are read. */
export const interpolations = { nearest: 0, bilinear: 1 } as const;

/** What is outside of an image. */
export const fillModes = { constant: 0, nearest: 1, reflect: 2, wrap: 3 } as const;

/** What colorMatrices draws. */
export const changes = { shift: 0, contrast: 1, hue: 2 } as const;
