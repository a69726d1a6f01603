// What tests of drawings look at.

import { assert } from "./harness.ts";

/** Asserts that a text is one SVG document: elements nest, attributes are quoted, and no number went wrong. */
export function requireSvg(svg: string): void {
  assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'), svg.slice(0, 60));
  assert.ok(svg.endsWith("</svg>\n"));
  const open: string[] = [];
  const body = svg.replace(/<style>[^<]*<\/style>/, "");
  for (const [, tag = ""] of body.matchAll(/<([^>]*)>/g)) {
    if (tag.startsWith("/")) assert.is(open.pop(), tag.slice(1));
    else {
      assert.match(tag, /^\w+( [\w-]+="[^"<]*")*\/?$/, tag.slice(0, 80));
      if (!tag.endsWith("/")) open.push(tag.split(" ")[0] as string);
    }
  }
  assert.equal(open, []);
  const numeric = [...body.matchAll(/ (?:x|y|x1|y1|cx|cy|r|d|width|height|points)="([^"]*)"/g)].map(
    ([, value]) => value,
  );
  const wrong = numeric.filter((value) => /NaN|Infinity|undefined|e\+|width="-/.test(value as string));
  assert.equal(wrong, []);
  assert.not.match(body.replace(/<text[^>]*>[^<]*<\/text>/g, ""), /NaN|Infinity|undefined/);
}

/** The curves of a plot, as path data. */
export const paths = (svg: string): string[] =>
  [...svg.matchAll(/<path class="lw-s\d" d="([^"]*)" fill/g)].map((m) => m[1] as string);

/** The PNG that a drawing holds. */
export function pngIn(svg: string): Uint8Array {
  const base64 = /base64,([^"]*)"/.exec(svg)?.[1] as string;
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** A PNG taken apart. */
export interface Picture {
  /** The names of its chunks. */
  readonly chunks: string[];
  readonly width: number;
  /** Red, green and blue of each index; empty where pixels are colours themselves. */
  readonly palette: Uint8Array;
  /** An index a pixel, or red, green, blue and opacity. */
  readonly data: Uint8Array;
}

/** What a PNG shows; rows are as they stand, or differences from the row above. */
export async function pixelsOf(file: Uint8Array): Promise<Picture> {
  const view = new DataView(file.buffer);
  const chunks = new Map<string, Uint8Array<ArrayBuffer>>();
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at))
    chunks.set(String.fromCharCode(...file.subarray(at + 4, at + 8)), file.slice(at + 8, at + 8 + view.getUint32(at)));
  const packed = new Blob([chunks.get("IDAT") as Uint8Array<ArrayBuffer>]).stream();
  const rows = new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
  const palette = chunks.get("PLTE") ?? new Uint8Array();
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const bytes = width * (palette.length > 0 ? 1 : 4);
  assert.is(rows.length, (bytes + 1) * height);
  const data = new Uint8Array(bytes * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (bytes + 1)] as number;
    assert.ok(filter === 0 || filter === 2, `filter ${filter}`);
    for (let i = 0; i < bytes; i++) {
      const above = filter === 2 ? (data[(y - 1) * bytes + i] ?? 0) : 0;
      data[y * bytes + i] = (rows[y * (bytes + 1) + 1 + i] as number) + above;
    }
  }
  return { chunks: [...chunks.keys()], width, palette, data };
}
