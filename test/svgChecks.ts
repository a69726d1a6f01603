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
