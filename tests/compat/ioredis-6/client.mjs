// SPDX-License-Identifier: MIT
// npm ioredis 6, RESP3 by default.
import { adapter } from '../ioredis.mjs';
import { run } from '../scenario.mjs';

await run(adapter({ protocol: 3 }));
