// SPDX-License-Identifier: MIT
// npm redis 4, RESP2 by default.
import { adapter } from '../node_redis.mjs';
import { run } from '../scenario.mjs';

await run(adapter({
    protocol: 2,
    binary: (redis, client, args) => client.sendCommand(args, redis.commandOptions({ returnBuffers: true })),
}));
