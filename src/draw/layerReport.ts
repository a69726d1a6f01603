// What layerReport found, as SVG: a row for each layer, a column for each measure.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, isRecord } from "../check.ts";
import { percent, short } from "../text.ts";
import { logTicks } from "./numbers.ts";
import type { Axis } from "./plot.ts";
import { axis } from "./plot.ts";
import type { DrawOptions } from "./svg.ts";
import { contentTop, drawOptions, fitEnd, fitText, line, MARGIN, rect, svgDocument, text, textWidth } from "./svg.ts";

/** What is drawn of a layer; what `layerReport` gives has it. */
export interface DrawnLayer {
  readonly name: string;
  readonly activations: { readonly deviation: number };
  readonly gradients: { readonly deviation: number } | null;
  readonly deadShare: number | null;
  readonly saturatedShare: number | null;
  readonly updateRatio: number | null;
  /** "fine", or what is wrong. */
  readonly verdict?: string;
}

const where = "drawLayerReport";
const ROW = 26;
const NAME_MAX = 190;
const COLUMN_GAP = 22;

type Measure = (layer: DrawnLayer) => number | null;

/** Measures that span powers of ten are dots on a logarithmic axis, shares are bars. */
interface Column {
  readonly title: string;
  readonly measure: Measure;
  readonly kind: "size" | "share";
  /** A usual value, marked by a line. */
  readonly usual?: number;
}

const columns: readonly Column[] = [
  { title: "activations, deviation", measure: ({ activations }) => activations.deviation, kind: "size" },
  { title: "gradients, deviation", measure: ({ gradients }) => gradients?.deviation ?? null, kind: "size" },
  { title: "|update| / |weight|", measure: ({ updateRatio }) => updateRatio, kind: "size", usual: 1e-3 },
  { title: "dead", measure: ({ deadShare }) => deadShare, kind: "share" },
  { title: "saturated", measure: ({ saturatedShare }) => saturatedShare, kind: "share" },
];

const isNumberOrNull = (value: unknown): boolean => value === null || typeof value === "number";

function requireReport(report: unknown): readonly DrawnLayer[] {
  const layers: unknown = isRecord(report) ? report.layers : null;
  if (!Array.isArray(layers)) throw invalid(where, "report", "what layerReport resolves with", report);
  if (layers.length === 0) throw new LanewiseError("empty-data", `${where}: report has no layers.`);
  layers.forEach((layer: unknown, i) => {
    const spread = (value: unknown): boolean => isRecord(value) && typeof value.deviation === "number";
    const ok =
      isRecord(layer) &&
      typeof layer.name === "string" &&
      spread(layer.activations) &&
      (layer.gradients === null || spread(layer.gradients)) &&
      [layer.deadShare, layer.saturatedShare, layer.updateRatio].every(isNumberOrNull);
    if (!ok) throw invalid(where, `report.layers[${i}]`, "a layer as layerReport describes it", layer);
  });
  return layers;
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly bottom: number;
}

/** Dots of sizes above 0; what is 0 or not finite is written out. */
function sizes(layers: readonly DrawnLayer[], { measure, usual }: Column, place: Place): string[] {
  const shown = layers
    .map(measure)
    .filter((value) => value !== null && value > 0 && Number.isFinite(value)) as number[];
  const all = usual === undefined ? shown : [...shown, usual];
  const ticks = logTicks(Math.min(...(all.length > 0 ? all : [1])), Math.max(...(all.length > 0 ? all : [1])), 3);
  // of many ticks the powers of ten are enough for so narrow a plot
  const few = ticks.values.filter((value) => /^1e/.test(value.toExponential()) || ticks.values.length <= 3);
  const at: Axis = axis(ticks, place.left + 6, place.left + place.width - 6, "log");
  const parts: string[] = [];
  let free = Number.NEGATIVE_INFINITY;
  for (const value of few) {
    const x = at.at(value);
    const label = short(value);
    parts.push(line(x, place.top, x, place.bottom, "lw-g"));
    if (x - textWidth(label, 10) / 2 < free) continue;
    free = x + textWidth(label, 10) / 2 + 4;
    parts.push(text(x, place.bottom + 14, label, { anchor: "middle", size: 10, color: "lw-m" }));
  }
  if (usual !== undefined) {
    const x = at.at(usual);
    parts.push(line(x, place.top, x, place.bottom, "lw-s2", ` stroke-width="1.5" stroke-dasharray="4 3"`));
  }
  layers.forEach((layer, i) => {
    const value = measure(layer);
    const y = place.top + (i + 0.5) * ROW;
    if (value === null) return;
    if (value > 0 && Number.isFinite(value)) {
      parts.push(`<circle class="${colorOf(layer)}" cx="${at.at(value).toFixed(1)}" cy="${y}" r="5"/>`);
    } else parts.push(text(place.left + 4, y + 4, short(value), { size: 11, color: colorOf(layer) }));
  });
  return parts;
}

const colorOf = ({ verdict = "fine" }: DrawnLayer): string => (verdict === "fine" ? "lw-f0" : "lw-f1");

function shares(layers: readonly DrawnLayer[], { measure }: Column, place: Place): string[] {
  return layers.flatMap((layer, i) => {
    const value = measure(layer);
    if (value === null) return [];
    const share = Math.min(1, Math.max(0, value || 0));
    const y = place.top + i * ROW + 6;
    const wide = place.width - 44;
    return [
      rect(place.left, y, wide, ROW - 12, "lw-f0", ` fill-opacity="0.12" rx="2"`),
      rect(place.left, y, wide * share, ROW - 12, colorOf(layer), ` rx="2"`),
      text(place.left + wide + 6, y + 11, percent(Math.round(share * 100) / 100), { size: 11, color: "lw-m" }),
    ];
  });
}

/**
 * A row for each layer of a `layerReport`: deviations of activations and gradients and |update| / |weight| on logarithmic axes (the dashed
 * line is the usual 1e-3), shares of dead and saturated units as bars. Layers whose verdict is not "fine" are orange.
 * Gradients that grow or shrink from row to row explode or vanish. Throws `invalid-argument` for what is no such report.
 */
export function drawLayerReport(report: { readonly layers: readonly DrawnLayer[] }, options: DrawOptions = {}): string {
  const layers = requireReport(report);
  checkOptions(where, options, drawOptions);
  const used = columns.filter(({ measure }) => layers.some((layer) => measure(layer) !== null));
  const { title } = options;
  const labels = layers.map(({ name, verdict = "fine" }) => {
    const short = fitEnd(name, NAME_MAX);
    return verdict === "fine" ? short : `${short}: ${verdict}`;
  });
  const names = Math.max(...labels.map((label) => textWidth(label)));
  const first = MARGIN + names + 18;
  const width =
    options.width ?? first + used.reduce((sum, { kind }) => sum + (kind === "size" ? 170 : 120), 0) + MARGIN;
  const top = contentTop(title) + 24;
  const bottom = top + layers.length * ROW;
  const height = options.height ?? bottom + 22 + MARGIN;
  const units = used.reduce((sum, { kind }) => sum + (kind === "size" ? 17 : 12), 0);
  const parts: string[] = [];
  layers.forEach((_, i) => {
    if (i % 2 === 0)
      parts.push(rect(MARGIN - 6, top + i * ROW, width - 2 * MARGIN + 12, ROW, "lw-m", ` fill-opacity="0.07" rx="3"`));
  });
  layers.forEach((layer, i) => {
    const fine = (layer.verdict ?? "fine") === "fine";
    parts.push(text(MARGIN, top + i * ROW + 17, labels[i] as string, { bold: !fine, color: fine ? "lw-t" : "lw-f1" }));
  });
  let left = first;
  for (const column of used) {
    const whole = ((width - first - MARGIN) * (column.kind === "size" ? 17 : 12)) / units;
    const place = { left, top, width: Math.max(50, whole - COLUMN_GAP), bottom };
    parts.push(text(left, top - 10, fitText(column.title, whole - 4, 11), { size: 11, bold: true }));
    parts.push(...(column.kind === "size" ? sizes : shares)(layers, column, place));
    left += whole;
  }
  return svgDocument({ width, height, title }, `Report of ${layers.length} layers`, parts);
}
