// Unpacks LZMA (the .lzma format of Igor Pavlov's specification, version 21): the kernels are embedded that way,
// because it makes them 40 % smaller than gzip does. No streaming, no checks of foreign files.

/** Tables of probabilities in one array: where each begins. */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + 12 * 16;
const IS_REP_0 = IS_REP + 12;
const IS_REP_1 = IS_REP_0 + 12;
const IS_REP_2 = IS_REP_1 + 12;
const IS_REP_0_LONG = IS_REP_2 + 12;
const DISTANCE_SLOT = IS_REP_0_LONG + 12 * 16;
const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64;
const DISTANCE_ALIGN = DISTANCE_SPECIAL + 128;
const MATCH_LENGTH = DISTANCE_ALIGN + 16;
const REP_LENGTH = MATCH_LENGTH + 2 + 2 * 128 + 256;
const LITERAL = REP_LENGTH + 2 + 2 * 128 + 256;
const HEADER_BYTES = 13;

/**
 * The bytes of a .lzma file whose header says how many they are; or the first `wanted` of them, for which the
 * beginning of the file is enough.
 */
export function unpackLzma(packed: Uint8Array, wanted: number = Number.POSITIVE_INFINITY): Uint8Array<ArrayBuffer> {
  const properties = packed[0] as number;
  const lc = properties % 9;
  const lpMask = (1 << (Math.floor(properties / 9) % 5)) - 1;
  const pbMask = (1 << Math.floor(properties / 45)) - 1;
  const size = Math.min(wanted, new DataView(packed.buffer, packed.byteOffset).getUint32(5, true));
  const out = new Uint8Array(size);
  const probabilities = new Uint16Array(LITERAL + 0x300 * (lpMask + 1) * (1 << lc)).fill(1024);

  let from = HEADER_BYTES + 1; // the first byte of the range coder is always 0
  // range and code in an array, because numbers above 2^31 would be allocated anew at each change
  const coder = new Uint32Array([0xffffffff, 0]);
  for (let i = 0; i < 4; i++) coder[1] = ((coder[1] as number) << 8) | (packed[from++] as number);
  const normalize = (): void => {
    if ((coder[0] as number) >= 0x1000000) return;
    coder[0] = (coder[0] as number) << 8;
    coder[1] = ((coder[1] as number) << 8) | (packed[from++] as number);
  };
  const bit = (at: number): number => {
    const p = probabilities[at] as number;
    const range = coder[0] as number;
    const code = coder[1] as number;
    const bound = (range >>> 11) * p;
    if (code < bound) {
      coder[0] = bound;
      probabilities[at] = p + ((2048 - p) >> 5);
      normalize();
      return 0;
    }
    coder[0] = range - bound;
    coder[1] = code - bound;
    probabilities[at] = p - (p >> 5);
    normalize();
    return 1;
  };
  const tree = (base: number, bits: number): number => {
    let m = 1;
    for (let i = 0; i < bits; i++) m = (m << 1) | bit(base + m);
    return m - (1 << bits);
  };
  const reverseTree = (base: number, bits: number): number => {
    let m = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const b = bit(base + m);
      m = (m << 1) | b;
      value |= b << i;
    }
    return value;
  };
  const direct = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const range = (coder[0] as number) >>> 1;
      const code = coder[1] as number;
      const b = code >= range ? 1 : 0;
      coder[0] = range;
      if (b) coder[1] = code - range;
      value = (value << 1) | b;
      normalize();
    }
    return value;
  };
  const lengthOf = (base: number, position: number): number => {
    if (!bit(base)) return tree(base + 2 + position * 8, 3);
    if (!bit(base + 1)) return 8 + tree(base + 130 + position * 8, 3);
    return 16 + tree(base + 258, 8);
  };

  let at = 0;
  let state = 0;
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
  while (at < size) {
    const position = at & pbMask;
    if (!bit(IS_MATCH + state * 16 + position)) {
      const before = at > 0 ? (out[at - 1] as number) : 0;
      const base = LITERAL + 0x300 * (((at & lpMask) << lc) + (before >> (8 - lc)));
      let symbol = 1;
      if (state >= 7) {
        // after a match: guided by the byte that would have gone on
        let match = out[at - rep0 - 1] as number;
        while (symbol < 0x100) {
          const expected = (match >> 7) & 1;
          match <<= 1;
          const b = bit(base + ((1 + expected) << 8) + symbol);
          symbol = (symbol << 1) | b;
          if (b !== expected) break;
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | bit(base + symbol);
      out[at++] = symbol;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let length: number;
    if (bit(IS_REP + state)) {
      if (!bit(IS_REP_0 + state)) {
        if (!bit(IS_REP_0_LONG + state * 16 + position)) {
          state = state < 7 ? 9 : 11;
          out[at] = out[at - rep0 - 1] as number;
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
      [rep3, rep2, rep1] = [rep2, rep1, rep0];
      length = lengthOf(MATCH_LENGTH, position);
      state = state < 7 ? 7 : 10;
      const slot = tree(DISTANCE_SLOT + Math.min(length, 3) * 64, 6);
      rep0 = slot;
      if (slot >= 4) {
        const bits = (slot >> 1) - 1;
        rep0 = (2 | (slot & 1)) << bits;
        if (slot < 14) rep0 += reverseTree(DISTANCE_SPECIAL + rep0 - slot, bits);
        else rep0 += (direct(bits - 4) << 4) + reverseTree(DISTANCE_ALIGN, 4);
      }
    }
    for (const end = at + length + 2; at < end; at++) out[at] = out[at - rep0 - 1] as number;
  }
  return out;
}
