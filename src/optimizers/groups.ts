// Which group a variable belongs to: the first that matches.

import type { Variable } from "../graph/variable.ts";
import type { ParameterGroup } from "./options.ts";

export interface Groups {
  /** Settled at the first question about a variable. */
  groupOf(variable: Variable): ParameterGroup | null;
  /** Throws where a name stands for none of the variables and never stood for one: it is written wrong. */
  check(variables: readonly Variable[]): void;
}

/** A name stands for a variable, or for a layer and so for its variables. */
const isNamed = ({ name }: Variable, text: string): boolean => name === text || name.startsWith(`${text}/`);

export function createGroups(groups: readonly ParameterGroup[], refuse: (message: string) => never): Groups {
  const known = new WeakMap<Variable, ParameterGroup | null>();
  const met = new Set<ParameterGroup>();
  const matches = ({ match }: ParameterGroup, i: number, variable: Variable): boolean => {
    if (typeof match === "string") return isNamed(variable, match);
    if ("kind" in match && match.kind === "layer") return match.variables.includes(variable);
    const answer: unknown = (match as (variable: Variable) => boolean)(variable);
    if (typeof answer === "boolean") return answer;
    return refuse(
      `what groups[${i}].match returns for "${variable.name}" must be true or false, got ${String(answer)}.`,
    );
  };
  const groupOf = (variable: Variable): ParameterGroup | null => {
    let group = known.get(variable);
    if (group === undefined) {
      group = groups.find((each, i) => matches(each, i, variable)) ?? null;
      known.set(variable, group);
    }
    return group;
  };
  return {
    groupOf,
    check(variables) {
      groups.forEach((group, i) => {
        const { match } = group;
        if (typeof match !== "string" || met.has(group)) return;
        if (variables.some((variable) => isNamed(variable, match))) met.add(group);
        else {
          const names = variables.slice(0, 8).map(({ name }) => name);
          refuse(
            `groups[${i}].match ${JSON.stringify(match)} names none of the variables of this step: ${names.join(", ")}${variables.length > 8 ? ", ..." : ""}.`,
          );
        }
      });
    },
  };
}
