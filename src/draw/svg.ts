// What all drawings share: the document with its colours for light and dark surroundings, and text that is safe.
// A drawing is built as a string, so it is the same in Node and in a page, and byte for byte in every engine.

import type { Checker } from "../check.ts";
import { checker, integerWithin, nonEmptyString } from "../check.ts";
import { coordinate } from "./numbers.ts";

/** Options of every drawing. */
export interface DrawOptions {
  readonly title?: string;
  /** Pixels; by default what the content needs. */
  readonly width?: number;
  readonly height?: number;
}

const pixels = integerWithin(100, 10000, "a whole number of pixels");

/** Checkers of the options that every drawing has. */
export const drawOptions: Readonly<Record<string, Checker>> = { title: nonEmptyString, width: pixels, height: pixels };

/** What classes, images and the like are called in a drawing. */
export type DrawnLabels = readonly (string | number)[];

export const labelsOption: Checker<DrawnLabels> = checker(
  "an array of texts or numbers",
  (labels) => Array.isArray(labels) && labels.every((each) => typeof each === "string" || typeof each === "number"),
);

/** Okabe and Ito's colours, which people with any colour vision tell apart; lighter ones for dark surroundings. */
const light = ["#0072b2", "#d55e00", "#009e73", "#b0478f", "#c98a00", "#3a97d3", "#555555"];
const dark = ["#5db3ec", "#ff9650", "#33cc9f", "#e79bcb", "#f2bd3f", "#a5d8ff", "#bbbbbb"];

/** Series beyond this many take the colours again. */
export const COLORS: number = light.length;

/** The colours as red, green, blue, for what is painted in pixels: they are readable on both backgrounds. */
export const paints: readonly (readonly [number, number, number])[] = light.map((hex) => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
]);

const rules = (of: readonly string[], back: string, text: string, soft: string, grid: string, on: string): string =>
  [
    `.lw-b{fill:${back}}.lw-t{fill:${text}}.lw-m{fill:${soft}}.lw-g{stroke:${grid}}.lw-a{stroke:${soft}}.lw-o{fill:${on}}`,
    ...of.map((color, i) => `.lw-s${i}{stroke:${color}}.lw-f${i}{fill:${color}}`),
  ].join("");

const style = [
  rules(light, "#ffffff", "#24292f", "#6a737d", "#e6e8eb", "#ffffff"),
  `@media (prefers-color-scheme:dark){${rules(dark, "#15181d", "#e6e8eb", "#9aa4af", "#2d333b", "#0d1117")}}`,
].join("");

/** Text as XML may hold it: marks replaced, what XML forbids as the replacement character. */
export function escapeText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

/** About how wide a text is; there is nothing to measure it with. East Asian characters take a whole em. */
export function textWidth(text: string, size = 12): number {
  let ems = 0;
  for (const character of text) {
    if ((character.codePointAt(0) as number) >= 0x2e80) ems += 1;
    else ems += "mwMW".includes(character) ? 0.95 : 0.6;
  }
  return ems * size;
}

/** A text cut to a width, with dots where something is missing. */
export function fitText(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("")}…`;
}

/** The same with the beginning cut: the end of a path says most. */
export function fitEnd(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`…${characters.join("")}`, size) > width) characters.shift();
  return `…${characters.join("")}`;
}

export interface TextStyle {
  /** "start" by default. */
  readonly anchor?: "start" | "middle" | "end";
  readonly size?: number;
  readonly bold?: boolean;
  /** "lw-t" text (default), "lw-m" softer, "lw-o" on a strong colour. */
  readonly color?: string;
  /** Degrees, round its own place. */
  readonly turn?: number;
}

/** A line of text whose baseline is at (x, y). */
export function text(x: number, y: number, content: string, given: TextStyle = {}): string {
  const { anchor = "start", size = 12, bold = false, color = "lw-t", turn = 0 } = given;
  const at = `${coordinate(x)} ${coordinate(y)}`;
  return [
    `<text class="${color}" x="${coordinate(x)}" y="${coordinate(y)}"`,
    anchor === "start" ? "" : ` text-anchor="${anchor}"`,
    size === 12 ? "" : ` font-size="${size}"`,
    bold ? ` font-weight="600"` : "",
    turn === 0 ? "" : ` transform="rotate(${turn} ${at})"`,
    `>${escapeText(content)}</text>`,
  ].join("");
}

export function line(x1: number, y1: number, x2: number, y2: number, color: string, more = ""): string {
  return `<path class="${color}" d="M${coordinate(x1)} ${coordinate(y1)}L${coordinate(x2)} ${coordinate(y2)}"${more}/>`;
}

export function rect(x: number, y: number, width: number, height: number, color: string, more = ""): string {
  return `<rect class="${color}" x="${coordinate(x)}" y="${coordinate(y)}" width="${coordinate(Math.max(0, width))}" height="${coordinate(Math.max(0, height))}"${more}/>`;
}

export function image(x: number, y: number, width: number, height: number, uri: string, smooth = false): string {
  return `<image x="${coordinate(x)}" y="${coordinate(y)}" width="${coordinate(width)}" height="${coordinate(height)}" preserveAspectRatio="none"${smooth ? "" : ` style="image-rendering:pixelated"`} href="${uri}"/>`;
}

/** Space round everything, and what the title takes above. */
export const MARGIN = 16;
export const TITLE_HEIGHT = 26;

/** Where the content begins below a title, if there is one. */
export const contentTop = (title: string | undefined): number => MARGIN + (title === undefined ? 0 : TITLE_HEIGHT);

/** A complete document: background, title, content. `label` is what it is for people who do not see it. */
export function svgDocument(
  { width, height, title }: { readonly width: number; readonly height: number; readonly title?: string | undefined },
  label: string,
  content: readonly string[],
): string {
  const [w, h] = [coordinate(width), coordinate(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${escapeText(title ?? label)}" font-family="system-ui,-apple-system,'Segoe UI',Roboto,sans-serif" font-size="12">`,
    `<style>${style}</style>`,
    rect(0, 0, width, height, "lw-b", ` rx="6"`),
    ...(title === undefined
      ? []
      : [text(MARGIN, MARGIN + 13, fitText(title, width - 2 * MARGIN, 15), { size: 15, bold: true })]),
    ...content,
    "</svg>",
    "",
  ].join("\n");
}
