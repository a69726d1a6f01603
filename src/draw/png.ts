// Pictures of pixels as PNG in a data URI, for the insides of an SVG. Compressed by runs alone (repeated pixels, repeated rows)
// with Huffman's fixed codes: enough for flat colours, the same bytes in every engine, and no waiting as with CompressionStream.

/** Pixels in rows from the top: indices into a palette of at most 256 colours, or four bytes each. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** One byte a pixel with a palette, otherwise red, green, blue, opacity. */
  readonly data: Uint8Array;
  /** Red, green, blue, opacity of each colour. */
  readonly palette?: Uint8Array;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (crcTable[(c ^ byte) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** Bits from the lowest of each byte on, as deflate packs them. */
function bitWriter(): {
  write(value: number, bits: number): void;
  code(value: number, bits: number): void;
  finish(): number[];
} {
  const bytes: number[] = [];
  let [held, count] = [0, 0];
  const write = (value: number, bits: number): void => {
    for (let i = 0; i < bits; i++) {
      held |= ((value >>> i) & 1) << count;
      if (++count < 8) continue;
      bytes.push(held);
      [held, count] = [0, 0];
    }
  };
  return {
    write,
    // codes of Huffman go in from their highest bit on
    code: (value, bits) => {
      for (let i = bits - 1; i >= 0; i--) write((value >>> i) & 1, 1);
    },
    finish: () => (count > 0 ? [...bytes, held] : bytes),
  };
}

/** First lengths of the codes 257 to 285 (RFC 1951, 3.2.5). */
const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const extraBits = (index: number): number => (index < 8 || index === 28 ? 0 : Math.floor(index / 4) - 1);

/** Zlib's format: one block with fixed codes; matches only at `distance` (1 to 4) back. */
function deflate(bytes: Uint8Array, distance: number): Uint8Array {
  const { write, code, finish } = bitWriter();
  const symbol = (value: number): void => {
    if (value < 144) code(0x30 + value, 8);
    else if (value < 256) code(0x190 + value - 144, 9);
    else if (value < 280) code(value - 256, 7);
    else code(0xc0 + value - 280, 8);
  };
  write(0b011, 3); // the last block, fixed codes
  for (let i = 0; i < bytes.length; ) {
    let length = 0;
    if (i >= distance)
      while (length < 258 && i + length < bytes.length && bytes[i + length] === bytes[i + length - distance]) length++;
    if (length < 3) {
      symbol(bytes[i++] as number);
      continue;
    }
    const index = lengthBases.findLastIndex((base) => base <= length);
    symbol(257 + index);
    write(length - (lengthBases[index] as number), extraBits(index));
    code(distance - 1, 5);
    i += length;
  }
  symbol(256);
  return Uint8Array.from([0x78, 0x01, ...finish(), ...word(adler32(bytes))]);
}

/** Rows with the filter that each is stored by: "up" (2) where a row repeats the one above, which leaves zeros. */
function filtered(data: Uint8Array, row: number, height: number): Uint8Array {
  const out = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y++) {
    const at = data.subarray(y * row, (y + 1) * row);
    const above = y > 0 ? data.subarray((y - 1) * row, y * row) : null;
    const repeats = above?.every((value, i) => value === at[i]) === true;
    out[y * (row + 1)] = repeats ? 2 : 0;
    if (!repeats) out.set(at, y * (row + 1) + 1);
  }
  return out;
}

function chunk(type: string, data: Uint8Array | readonly number[]): number[] {
  const body = Uint8Array.from([...Array.from(type, (letter) => letter.charCodeAt(0)), ...data]);
  return [...word(data.length), ...body, ...word(crc32(body))];
}

/** A PNG file (ISO 15948). */
export function png({ width, height, data, palette }: Pixels): Uint8Array {
  const bytesEach = palette ? 1 : 4;
  const rows = filtered(data, width * bytesEach, height);
  const parts = [
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    chunk("IHDR", [...word(width), ...word(height), 8, palette ? 3 : 6, 0, 0, 0]),
  ];
  if (palette) {
    const colors = Array.from({ length: palette.length / 4 }, (_, i) => palette.subarray(i * 4, i * 4 + 4));
    parts.push(
      chunk(
        "PLTE",
        colors.flatMap((color) => [...color.subarray(0, 3)]),
      ),
    );
    parts.push(
      chunk(
        "tRNS",
        colors.map((color) => color[3] as number),
      ),
    );
  }
  parts.push(chunk("IDAT", deflate(rows, bytesEach)), chunk("IEND", []));
  const file = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The picture as a data URI. */
export function pngUri(pixels: Pixels): string {
  const bytes = png(pixels);
  let binary = "";
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return `data:image/png;base64,${btoa(binary)}`;
}
