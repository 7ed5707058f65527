// SPDX-License-Identifier: MIT
// What every npm client must be able to do, written once. A client's folder gives an adapter:
//   connect({port, password, database}) -> client     call(client, args) -> reply      callBinary(client, args) -> Buffer
//   pipeline(client, [args...]) -> replies            close(client)                    native(client, check)
//   protocol: 2 or 3, what it speaks by default
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const env = process.env;
export const load = (name) => createRequire(path.join(env.COMPAT_MODULES, 'package.json'))(name);

let passed = 0;
let failed = 0;

export function check(what, good, seen) {
    if (good) {
        passed += 1;
    } else {
        failed += 1;
        console.log(`FAILED ${what}: ${JSON.stringify(seen, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
    }
}

// A map reply in any of the forms that clients give it.
export function fields(reply) {
    if (reply instanceof Map) return Object.fromEntries([...reply].map(([k, v]) => [String(k), v]));
    if (!Array.isArray(reply)) return reply ?? {};
    if (reply.length > 0 && reply.every((e) => Array.isArray(e) && e.length === 2)) return Object.fromEntries(reply);
    const map = {};
    for (let i = 0; i + 1 < reply.length; i += 2) map[reply[i]] = reply[i + 1];
    return map;
}

async function refusal(promise) {
    try {
        return { reply: await promise };
    } catch (error) {
        return { message: String(error.message) };
    }
}

async function eventually(attempt, what) {
    const until = Date.now() + 20000;
    for (;;) {
        try {
            return await attempt();
        } catch (error) {
            if (Date.now() > until) throw new Error(`${what}: ${error.message}`);
            await new Promise((again) => setTimeout(again, 20));
        }
    }
}

async function sessions(a, client) {
    const call = (...args) => a.call(client, args.map(String));
    const made = fields(await call('SESS.CREATE', 'alice', 'TTL', 3600, 'DEVICE', 'phone', 'DATA', 2, 'cart', 3, 'lang', 'de'));
    check('CREATE', /^tmss-[0-9a-z]{26}$/.test(made.id) && /^tmtk_/.test(made.token) && Number(made.version) === 1, made);
    const found = fields(await call('SESS.GETBYTOKEN', made.token));
    check('GETBYTOKEN', found.id === made.id && found.user_id === 'alice' && fields(found.data).cart === '3', found);
    check('GET', fields(await call('SESS.GET', made.id)).device_id === 'phone');
    check('GET FIELDS', Object.keys(fields(await call('SESS.GET', made.id, 'FIELDS', 1, 'version'))).join() === 'version');
    check('VALIDATE', fields(await call('SESS.VALIDATE', made.token)).user_id === 'alice');
    check('UPDATE', Number(await call('SESS.UPDATE', made.id, 'IFVERSION', 1, 'SET', 1, 'cart', 4)) === 2);
    check('TOUCH', Number(await call('SESS.TOUCH', made.id, 'IP', '10.0.0.1')) > 1e12);
    check('RENEW', Number(await call('SESS.RENEW', made.id, 'TTL', 7200)) > Date.now() + 7000000);
    const rotated = await call('SESS.ROTATE', made.token);
    check('ROTATE', /^tmtk_/.test(rotated) && rotated !== made.token, rotated);
    check('LISTUSER', fields((await call('SESS.LISTUSER', 'alice'))[0]).id === made.id);
    check('COUNTUSER', Number(await call('SESS.COUNTUSER', 'alice')) === 1);
    check('COUNT', Number(await call('SESS.COUNT')) >= 1);
    const [total, page] = await call('SESS.LIST', 'USER', 'alice');
    check('LIST', Number(total) === 1 && fields(page[0]).id === made.id, total);
    check('STATS', Object.keys(fields(await call('SESS.STATS'))).length > 3);
    check('HELP', (await call('SESS.HELP')).length > 10);
    check('unknown token is null', (await call('SESS.GETBYTOKEN', 'tmtk_nobody-has-this-one')) === null);
    const absent = await refusal(call('SESS.UPDATE', 'tmss-01arz3ndektsv4rrffq69g5fav', 'CLEAR'));
    check('error code', /^TM-SESS-4040/.test(absent.message), absent);
    check('session as a key', (await call('TYPE', made.id)) === 'session' && Number(await call('TTL', made.id)) > 7000);
    check('session as a hash', fields(await call('HGETALL', made.id)).cart === '4');
    check('session as JSON', JSON.parse(await call('GET', made.id)).user_id === 'alice');
    return { id: made.id, token: rotated };
}

async function batches(a, client) {
    const count = 1000;
    const sets = Array.from({ length: count }, (_, i) => ['SET', `batch:${i}`, `value ${i}`]);
    const gets = Array.from({ length: count }, (_, i) => ['GET', `batch:${i}`]);
    const replies = await a.pipeline(client, [...sets, ...gets]);
    const inOrder = replies.slice(count).every((reply, i) => reply === `value ${i}`);
    check('pipeline', replies.length === 2 * count && inOrder, replies.length);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await a.call(client, ['SET', bytes, bytes]);
    check('binary value', bytes.equals(await a.callBinary(client, ['GET', bytes])));
    const made = fields(await a.call(client, ['SESS.CREATE', 'binary', 'DATA', '1', 'raw', bytes]));
    check('binary session data', bytes.equals(await a.callBinary(client, ['HGET', made.id, 'raw'])));
}

async function reconnect(a, client, session) {
    const before = JSON.stringify(fields(await a.call(client, ['SESS.GETBYTOKEN', session.token])));
    execFileSync('bash', [env.COMPAT_SERVER, 'restart', env.COMPAT_STATE], { stdio: ['ignore', 'inherit', 'inherit'] });
    const after = await eventually(() => a.call(client, ['SESS.GETBYTOKEN', session.token]), 'reconnecting');
    check('same session after kill -9 and reconnect', JSON.stringify(fields(after)) === before, after);
    check('DELUSER', Number(await a.call(client, ['SESS.DELUSER', 'alice'])) === 1);
    check('revoked is null', (await a.call(client, ['SESS.GETBYTOKEN', session.token])) === null);
    const revoked = await refusal(a.call(client, ['SESS.VALIDATE', session.token]));
    check('revoked is told', /^TM-TOKN-4012/.test(revoked.message), revoked);
}

async function doors(a) {
    const locked = await a.connect({ port: Number(env.COMPAT_LOCKED_PORT), password: env.COMPAT_PASSWORD, database: 3 });
    check('password and database', /(^| )db=3 /.test(String(await a.call(locked, ['CLIENT', 'INFO']))));
    await a.close(locked);
    const intruder = a.connect({ port: Number(env.COMPAT_LOCKED_PORT), password: 'wrong' });
    const wrong = await refusal(intruder.then((client) => a.call(client, ['GET', 'k'])));
    check('wrong password is refused', /WRONGPASS|NOAUTH/.test(wrong.message), wrong);
}

export async function run(a) {
    setTimeout(() => { console.log('FAILED: out of time'); process.exit(1); }, 90000).unref();
    try {
        const client = await a.connect({ port: Number(env.COMPAT_PORT) });
        const info = String(await a.call(client, ['CLIENT', 'INFO']));
        check(`speaks RESP${a.protocol} by default`, new RegExp(`resp=${a.protocol}(\\s|$)`).test(info), info);
        const session = await sessions(a, client);
        await a.native(client, check);
        await batches(a, client);
        await reconnect(a, client, session);
        await a.close(client);
        await doors(a);
    } catch (error) {
        check(`no exception (${error.stack})`, false);
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 ? 0 : 1);
}
