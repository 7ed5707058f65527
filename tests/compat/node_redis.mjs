// SPDX-License-Identifier: MIT
// The adapter for npm's redis; what its major versions do differently is an argument.
import { load } from './scenario.mjs';

export function adapter({ protocol, binary }) {
    const redis = load('redis');
    return {
        protocol,
        async connect({ port, password, database }) {
            const client = redis.createClient({
                socket: { host: '127.0.0.1', port, reconnectStrategy: password === 'wrong' ? false : undefined },
                password,
                database,
            });
            client.on('error', () => {}); // a killed server is an event; commands fail or wait by themselves
            await client.connect();
            return client;
        },
        call: (client, args) => client.sendCommand(args),
        callBinary: (client, args) => binary(redis, client, args),
        pipeline: (client, commands) => Promise.all(commands.map((args) => client.sendCommand(args))), // sent as one batch
        close: (client) => (client.close ? client.close() : client.quit()),
        async native(client, check) {
            check('set, get', (await client.set('native', 'v', { EX: 100 })) === 'OK' && (await client.get('native')) === 'v');
            check('ttl, expire', (await client.ttl('native')) > 90 && Boolean(await client.expire('native', 200)));
            check('incr', (await client.incr('native:n')) === 1);
            await client.mSet({ 'native:a': '1', 'native:b': '2' });
            check('mGet', (await client.mGet(['native:a', 'native:none', 'native:b'])).join() === '1,,2');
            const keys = [];
            for await (const found of client.scanIterator({ MATCH: 'native*', COUNT: 100 })) keys.push(...[found].flat());
            check('scanIterator', keys.sort().join() === 'native,native:a,native:b,native:n', keys);
            check('del, exists', (await client.del('native')) === 1 && (await client.exists('native')) === 0);
            check('info', /redis_version:7\.4\.0/.test(await client.info()));
            check('configGet', (await client.configGet('databases')).databases === '16');
            check('dbSize', (await client.dbSize()) > 3);
        },
    };
}
