// SPDX-License-Identifier: MIT
// The adapter for npm's ioredis, with its ready check (INFO) as by default.
import { load } from './scenario.mjs';

export function adapter({ protocol }) {
    const Redis = load('ioredis');
    return {
        protocol,
        async connect({ port, password, database }) {
            const client = new Redis({ host: '127.0.0.1', port, password, db: database ?? 0 });
            client.on('error', () => {});
            await new Promise((ready, refused) => {
                client.once('ready', ready);
                client.once('error', (error) => { client.disconnect(); refused(error); });
            });
            return client;
        },
        call: (client, [name, ...args]) => client.call(name, ...args),
        callBinary: (client, [name, ...args]) => client.callBuffer(name, ...args),
        async pipeline(client, commands) {
            const pipeline = client.pipeline();
            for (const [name, ...args] of commands) pipeline.call(name, ...args);
            return (await pipeline.exec()).map(([error, reply]) => error ?? reply);
        },
        close: (client) => client.quit(),
        async native(client, check) {
            check('set, get', (await client.set('native', 'v', 'EX', 100)) === 'OK' && (await client.get('native')) === 'v');
            check('ttl, expire', (await client.ttl('native')) > 90 && (await client.expire('native', 200)) === 1);
            check('incr', (await client.incr('native:n')) === 1);
            await client.mset({ 'native:a': '1', 'native:b': '2' });
            check('mget', (await client.mget('native:a', 'native:none', 'native:b')).join() === '1,,2');
            const keys = [];
            for await (const page of client.scanStream({ match: 'native*', count: 100 })) keys.push(...page);
            check('scanStream', keys.sort().join() === 'native,native:a,native:b,native:n', keys);
            check('del, exists', (await client.del('native')) === 1 && (await client.exists('native')) === 0);
            check('info', /redis_version:7\.4\.0/.test(await client.info()));
            check('config', [].concat(Object.entries(await client.config('GET', 'databases'))).flat(2).includes('16'));
            check('dbsize', (await client.dbsize()) > 3);
        },
    };
}
