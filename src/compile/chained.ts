// The pass that makes chains, for who has it at hand: models load it when they need it (src/train/openProgram.ts).

import { chain } from "./chain.ts";
import type { ChainPass } from "./compile.ts";
import { chainTools } from "./compile.ts";

export const chained: ChainPass = (listing) => chain(listing, chainTools);
