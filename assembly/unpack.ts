// Unpacks LZMA (the .lzma format of Igor Pavlov's specification, version 21, with its usual lc 3, lp 0, pb 2): the kernels
// are embedded that way, because it makes them 40 % smaller than gzip does. A binary of its own, that is there before
// them; it runs once, in a memory of its own, and starts ten times faster than JavaScript that was not compiled yet.

/** Probabilities, two bytes each, in one table: where each kind begins. */
const IS_MATCH: u32 = 0;
const IS_REP: u32 = IS_MATCH + 12 * 16;
const IS_REP_0: u32 = IS_REP + 12;
const IS_REP_1: u32 = IS_REP_0 + 12;
const IS_REP_2: u32 = IS_REP_1 + 12;
const IS_REP_0_LONG: u32 = IS_REP_2 + 12;
const DISTANCE_SLOT: u32 = IS_REP_0_LONG + 12 * 16;
const DISTANCE_SPECIAL: u32 = DISTANCE_SLOT + 4 * 64;
const DISTANCE_ALIGN: u32 = DISTANCE_SPECIAL + 128;
const MATCH_LENGTH: u32 = DISTANCE_ALIGN + 16;
const REP_LENGTH: u32 = MATCH_LENGTH + 2 + 2 * 128 + 256;
const LITERAL: u32 = REP_LENGTH + 2 + 2 * 128 + 256;
const TABLE_LENGTH: u32 = LITERAL + 0x300 * 8;
/** The table begins here, what is packed after 32 kB (bindings/unpack.ts). */
const TABLE: usize = 1024;
const HEADER_BYTES: usize = 13;

let range: u32 = 0;
let code: u32 = 0;
let from: usize = 0;

function normalize(): void {
  if (range >= 0x1000000) return;
  range <<= 8;
  code = (code << 8) | load<u8>(from++);
}

function bit(at: u32): u32 {
  const p = TABLE + ((<usize>at) << 1);
  const probability = <u32>load<u16>(p);
  const bound = (range >>> 11) * probability;
  const one = code >= bound;
  if (one) {
    range -= bound;
    code -= bound;
    store<u16>(p, probability - (probability >>> 5));
  } else {
    range = bound;
    store<u16>(p, probability + ((2048 - probability) >>> 5));
  }
  normalize();
  return u32(one);
}

function tree(base: u32, bits: u32): u32 {
  let m: u32 = 1;
  for (let i: u32 = 0; i < bits; i++) m = (m << 1) | bit(base + m);
  return m - (1 << bits);
}

function reverseTree(base: u32, bits: u32): u32 {
  let m: u32 = 1;
  let value: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) {
    const b = bit(base + m);
    m = (m << 1) | b;
    value |= b << i;
  }
  return value;
}

/** Bits without probabilities. */
function direct(bits: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) {
    range >>>= 1;
    const one = code >= range;
    if (one) code -= range;
    value = (value << 1) | u32(one);
    normalize();
  }
  return value;
}

function lengthOf(base: u32, position: u32): u32 {
  if (!bit(base)) return tree(base + 2 + position * 8, 3);
  if (!bit(base + 1)) return 8 + tree(base + 130 + position * 8, 3);
  return 16 + tree(base + 258, 8);
}

/** A byte that is no copy; `expected` is what would have gone on after a copy, and guides it as long as it is right. */
function literal(before: u32, guided: bool, expected: u32): u32 {
  const base = LITERAL + 0x300 * (before >>> 5);
  let symbol: u32 = 1;
  while (guided && symbol < 0x100) {
    const next = (expected >>> 7) & 1;
    expected <<= 1;
    const b = bit(base + ((1 + next) << 8) + symbol);
    symbol = (symbol << 1) | b;
    guided = b === next;
  }
  while (symbol < 0x100) symbol = (symbol << 1) | bit(base + symbol);
  return symbol;
}

function distanceOf(length: u32): u32 {
  const slot = tree(DISTANCE_SLOT + min<u32>(length, 3) * 64, 6);
  if (slot < 4) return slot;
  const bits = (slot >>> 1) - 1;
  const high = (2 | (slot & 1)) << bits;
  if (slot < 14) return high + reverseTree(DISTANCE_SPECIAL + high - slot, bits);
  return high + (direct(bits - 4) << 4) + reverseTree(DISTANCE_ALIGN, 4);
}

/** The first `size` bytes of what the .lzma file at `packed` holds; returns how many bytes of the file were read. */
export function unpack(packed: usize, out: usize, size: u32): usize {
  for (let i: u32 = 0; i < TABLE_LENGTH; i++) store<u16>(TABLE + ((<usize>i) << 1), 1024);
  range = 0xffffffff;
  code = bswap(load<u32>(packed + HEADER_BYTES + 1)); // the first byte of the range coder is always 0
  from = packed + HEADER_BYTES + 5;
  const end = out + size;
  let at = out;
  let state: u32 = 0;
  let rep0: u32 = 0;
  let rep1: u32 = 0;
  let rep2: u32 = 0;
  let rep3: u32 = 0;
  while (at < end) {
    const position = <u32>(at - out) & 3;
    if (!bit(IS_MATCH + state * 16 + position)) {
      const before: u32 = at > out ? load<u8>(at - 1) : 0;
      const guided = state >= 7;
      store<u8>(at, literal(before, guided, guided ? load<u8>(at - rep0 - 1) : 0));
      at++;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let length: u32;
    if (bit(IS_REP + state)) {
      if (!bit(IS_REP_0 + state)) {
        if (!bit(IS_REP_0_LONG + state * 16 + position)) {
          state = state < 7 ? 9 : 11;
          store<u8>(at, load<u8>(at - rep0 - 1));
          at++;
          continue;
        }
      } else {
        let distance = rep1;
        if (bit(IS_REP_1 + state)) {
          distance = rep2;
          if (bit(IS_REP_2 + state)) {
            distance = rep3;
            rep3 = rep2;
          }
          rep2 = rep1;
        }
        rep1 = rep0;
        rep0 = distance;
      }
      length = lengthOf(REP_LENGTH, position);
      state = state < 7 ? 8 : 11;
    } else {
      rep3 = rep2;
      rep2 = rep1;
      rep1 = rep0;
      length = lengthOf(MATCH_LENGTH, position);
      state = state < 7 ? 7 : 10;
      rep0 = distanceOf(length);
    }
    for (let left = min<usize>(length + 2, end - at); left > 0; left--, at++) store<u8>(at, load<u8>(at - rep0 - 1));
  }
  return from - packed;
}
