// Where epsilon stands in an update, by the numbers of assembly/optim/pass.ts.

export const epsilonForms = { outside: 0, inside: 1, hat: 2 } as const;
