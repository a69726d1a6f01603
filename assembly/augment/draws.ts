// What the random changes of images share: numbers an image, whichever thread asks, and how the work on pixels is cut.

import { Philox } from "../random";

/** Elements of a piece. */
const PIECE_ELEMENTS: i32 = 2048;

/** Blocks of an image's numbers, four words each. */
const IMAGE_BLOCKS: i32 = 4;

/** Bytes that the words of an image take: Philox writes groups of thirty-two. */
export const DRAWS_BYTES: usize = 128;

const UNIT: f32 = 5.9604644775390625e-8; // 2^-24

@final
@unmanaged
export class Draws {
  /** Writes the sixteen words of an image: words 0 to 3 of blocks 4 image to 4 image + 3. */
  @inline static ofImage(words: usize, image: i32, stream: i32, control: usize): void {
    Philox.fill(words, image * IMAGE_BLOCKS, 4 * IMAGE_BLOCKS, stream, control, 0);
  }

  /** u in [0, 1), a multiple of 2^-24. */
  @inline static unit(words: usize, word: i32): f32 {
    return <f32>(load<u32>(words + ((<usize>word) << 2)) >>> 8) * UNIT;
  }

  /** From low to high: low + (high - low) u. */
  @inline static between(words: usize, word: i32, low: f32, high: f32): f32 {
    return low + (high - low) * Draws.unit(words, word);
  }

  /** One of 0 to n - 1, each equally likely but for n 2^-32. */
  @inline static below(words: usize, word: i32, n: i32): i32 {
    return <i32>((<u64>load<u32>(words + ((<usize>word) << 2)) * <u64>n) >>> 32);
  }

  /** Rows of so many elements that make a piece. */
  @inline static rowsOfPiece(elements: i32): i32 {
    return max<i32>(1, PIECE_ELEMENTS / max<i32>(1, elements));
  }
}
