// SPDX-License-Identifier: MIT
// npm redis 5, RESP2 by default.
import { adapter } from '../node_redis.mjs';
import { run } from '../scenario.mjs';

await run(adapter({
    protocol: 2,
    binary: (redis, client, args) => client.sendCommand(args, { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer } }),
}));
