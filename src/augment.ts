// The namespace `augment`: layers that change images at random while training, and what mixes examples before it.

export { apply } from "./augment/apply.ts";
export { brightness, colorShift, contrast, cutout, gaussianNoise, hue, principalColor } from "./augment/color.ts";
export { affine, crop, elastic, mirror, rotate, shear, shift, zoom } from "./augment/geometry.ts";
export { mixup } from "./augment/mixup.ts";
export { overlay } from "./augment/overlay.ts";
export { principalColors } from "./augment/principalColors.ts";
