// partner.ts as a process of Node, which answers its parent.

import type { Request } from "./partner.ts";
import { answer } from "./partner.ts";

process.on("message", (request: Request) => process.send?.(answer(request)));
