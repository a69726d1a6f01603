// The streams of random numbers, all of them: whoever draws with the same seed elsewhere draws other numbers. Initial values
// of layers take those from 0 (position in the model * 256).

/** Of random calls in a traced program, counted from here. */
export const LAYER_STREAM = 0x40000000;

/** Of searches: points, seeds of their trials; trees that tell importance. */
export const POINT_STREAM = 0x5ea40000;
export const SEED_STREAM = 0x5ea40001;
export const TREE_STREAM = 0x5ea40002;

/** Of mixtures of examples: who with whom, by how much; places of overlays. */
export const MIXUP_STREAM = 0x7ffb0000;
export const MIXUP_AMOUNT_STREAM = 0x7ffb0001;
export const OVERLAY_STREAM = 0x7ffb0002;

/** Of gradientCheck: upstream gradients, weights of what has kinks, which elements are moved. */
export const UPSTREAM_STREAM = 0x7ffc0000;
export const KINK_STREAM = 0x7ffc0001;
export const DIFFERENCE_STREAM = 0x7ffc0002;

/** Of learningCurve: the order of examples; of biasVariance: the samples. */
export const SUBSET_STREAM = 0x7ffd0000;
export const SAMPLE_STREAM = 0x7ffd0001;

/** Of data: split, folds, shuffle, batches. */
export const SPLIT_STREAM = 0x7ffe0000;
export const FOLD_STREAM = 0x7ffe0001;
export const REORDER_STREAM = 0x7ffe0002;
export const BATCH_STREAM = 0x7ffe0003;

/** Of fit: the order of each epoch. */
export const SHUFFLE_STREAM = 0x7fff0000;
