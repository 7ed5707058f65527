// SPDX-License-Identifier: MIT
// npm ioredis 5, RESP2 by default.
import { adapter } from '../ioredis.mjs';
import { run } from '../scenario.mjs';

await run(adapter({ protocol: 2 }));
