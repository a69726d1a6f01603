// partner.ts as a worker of a page.

import type { Request } from "./partner.ts";
import { answer } from "./partner.ts";

self.onmessage = ({ data }: MessageEvent<Request>): void => self.postMessage(answer(data));
