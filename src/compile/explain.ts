// The text of each stage, for people and for golden tests.

import type { Share } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { UnlinkedInstruction } from "../../bindings/machine.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import type { Buffer } from "../graph/op.ts";
import { formatShape } from "../shape.ts";
import { assemble, storageOfGroups } from "./assemble.ts";
import type { Compiled } from "./compile.ts";
import type { VirtualChain, VirtualInstruction } from "./lower.ts";

/** What explain shows: nodes with shapes, buffers with lifetimes and places, or instructions with operands. */
export type Stage = "graph" | "plan" | "program";

export const stages: readonly Stage[] = ["graph", "plan", "program"];

function explainGraph({ schedule }: Compiled): string {
  const numbers = new Map<Node, number>();
  schedule.order.forEach((node, i) => {
    numbers.set(node, i);
  });
  const nameOf = (tensor: Tensor): string => {
    const number = numbers.get(tensor.node);
    return tensor.node.outputs.length > 1 ? `%${number}.${tensor.index}` : `%${number}`;
  };
  const lines = schedule.order.map((node, i) => {
    const { op, attributes, inputs, outputs, scope } = node;
    const described = op.describe?.(attributes);
    const types = outputs.map((o) => `${o.dtype === "int32" ? "int32 " : ""}${formatShape(o.dims)}`).join(", ");
    const left = outputs.length > 0 ? `%${i}: ${types} = ` : "";
    return `${left}${op.name}(${inputs.map(nameOf).join(", ")})${described ? ` { ${described} }` : ""}${scope ? `  # ${scope}` : ""}`;
  });
  return [...lines, `return ${schedule.outputs.map(nameOf).join(", ")}`].join("\n");
}

function explainPlan({ listing, plan }: Compiled): string {
  const rows = listing.buffers.flatMap((buffer) => {
    if (buffer.variable) return [`variable     ${buffer.length} numbers  ${buffer.label}`];
    const region = plan.regions.get(buffer);
    if (!region) return [];
    const life = plan.lifetimes.get(buffer);
    const span = life ? `  alive ${life.first} to ${Math.min(life.last, listing.instructions.length)}` : "";
    return [`${region.role.padEnd(12)} ${region.offset} + ${region.length * 4}${span}  ${buffer.label}`];
  });
  const totals = Object.entries(plan.arenas).map(([role, bytes]) => `${role} ${bytes}`);
  return [...rows, `bytes: ${totals.join(", ")}; activations without sharing ${plan.bytesUnshared}`].join("\n");
}

const onThreads = ({ share }: { readonly share?: Share }): string =>
  share && share.threads > 1 ? ` on up to ${share.threads} threads` : "";

function explainProgram({ listing, plan }: Compiled): string {
  const { instructions, origins } = assemble(listing, plan, storageOfGroups(listing.variables));
  // what has no place lives within a chain
  const where = (buffer: Buffer): string => {
    if (buffer.variable) return buffer.label;
    const region = plan.regions.get(buffer);
    return region ? `${region.role}+${region.offset}` : "slot";
  };
  const describe = ({ kernel, operands, label, note }: VirtualInstruction, linked: UnlinkedInstruction): string => {
    const shown = fieldsOf(kernel).flatMap(({ name, writes }) => {
      const operand = operands[name];
      if (operand === null || operand === undefined) return [];
      if (typeof operand === "number") return [`${name} ${String(linked.operands[name])}`];
      return [`${name} ${writes ? ">" : ""}${where(operand)}`];
    });
    return `${kernel}${onThreads(linked)} ${shown.join(", ")}  # ${label}${note ? `; ${note}` : ""}`;
  };
  return instructions
    .map((linked, i) => {
      const number = String(i).padStart(3);
      const from = origins[i] as readonly [number];
      const first = listing.instructions[from[0]] as VirtualInstruction | VirtualChain;
      if (linked.kernel === "chain" && first.kernel === "chain") {
        const { units, block, bytes, steps } = first;
        const rows = steps.map((step, k) => `\n      ${describe(step, linked.steps[k] as UnlinkedInstruction)}`);
        return `${number} chain of ${steps.length}${onThreads(linked)} over ${units} by ${block}: ${bytes.chained} bytes cross memory, not ${bytes.apart}${rows.join("")}`;
      }
      const behind = from.length > 1 ? ` and ${from.length - 1} more behind it` : "";
      return `${number} ${describe(first as VirtualInstruction, linked as UnlinkedInstruction)}${behind}`;
    })
    .join("\n");
}

/** One stage as text: nodes with shapes, buffers with lifetimes and offsets, or instructions with operands. */
export function explain(compiled: Compiled, stage: Stage): string {
  if (stage === "graph") return explainGraph(compiled);
  return stage === "plan" ? explainPlan(compiled) : explainProgram(compiled);
}
