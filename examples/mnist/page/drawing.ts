// The canvas to draw on, by mouse, pen and touch, and the ten bars of the answer.

import { IMAGE_SIDE } from "../digits.ts";
import { centerDrawing } from "./center.ts";

/** Width of a stroke: of the 20 x 20 box that a digit fills in MNIST about two pixels. */
const STROKE = 22;

function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser draws no canvas.");
  return context;
}

/** Lets one draw on `ink`; `changed` hears, once a frame at most, of what the network sees (null: nothing is drawn). */
export function createBoard(
  ink: HTMLCanvasElement,
  seen: HTMLCanvasElement,
  changed: (pixels: Uint8Array | null) => void,
): { clear(): void } {
  const side = ink.width;
  const context = context2d(ink);
  const preview = context2d(seen);
  context.lineWidth = STROKE;
  context.lineCap = "round";
  context.lineJoin = "round";
  let last: { x: number; y: number } | null = null;
  let waiting = false;

  const look = (): void => {
    waiting = false;
    const { data } = context.getImageData(0, 0, side, side);
    const alpha = new Uint8Array(side * side);
    for (let i = 0; i < alpha.length; i++) alpha[i] = data[i * 4 + 3] as number;
    const pixels = centerDrawing(alpha, side);
    const image = preview.createImageData(IMAGE_SIDE, IMAGE_SIDE);
    for (let i = 0; i < IMAGE_SIDE * IMAGE_SIDE; i++) {
      image.data.fill(255 - (pixels?.[i] ?? 0), i * 4, i * 4 + 3);
      image.data[i * 4 + 3] = 255;
    }
    preview.putImageData(image, 0, 0);
    changed(pixels);
  };
  const lookSoon = (): void => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(look);
  };
  const stroke = (event: PointerEvent): void => {
    const box = ink.getBoundingClientRect();
    const scale = side / box.width;
    const to = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    const from = last ?? to;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    last = to;
    lookSoon();
  };
  ink.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    ink.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  });
  ink.addEventListener("pointermove", (event) => {
    if (!last) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length > 0 ? between : [event]) stroke(each);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    ink.addEventListener(end, () => {
      last = null;
    });
  }
  preview.fillStyle = "white";
  preview.fillRect(0, 0, IMAGE_SIDE, IMAGE_SIDE);
  return {
    clear() {
      context.clearRect(0, 0, side, side);
      last = null;
      lookSoon();
    },
  };
}

/** Ten bars; null empties them. */
export function createBars(list: HTMLElement): (probabilities: ArrayLike<number> | null) => void {
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = document.createElement("li");
    row.innerHTML = `<span>${digit}</span><div class="bar"><div></div></div><span class="percent"></span>`;
    list.append(row);
    return {
      row,
      fill: row.querySelector(".bar div") as HTMLElement,
      percent: row.querySelector(".percent") as HTMLElement,
    };
  });
  return (probabilities) => {
    const highest = probabilities ? Math.max(...Array.from(probabilities)) : Number.NaN;
    rows.forEach(({ row, fill, percent }, digit) => {
      const p = probabilities?.[digit] ?? 0;
      row.classList.toggle("highest", p === highest);
      row.dataset.probability = probabilities ? String(p) : "";
      fill.style.transform = `scaleX(${p})`;
      percent.textContent = probabilities ? `${(p * 100).toFixed(1)} %` : "";
    });
  };
}
