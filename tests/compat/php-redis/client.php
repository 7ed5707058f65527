<?php
// SPDX-License-Identifier: MIT
// Debian's php-redis (RESP2): the session family by rawCommand, pipelines, bytes, reconnects, and PHP's own session handler.

$passed = $failed = 0;

function check(string $what, bool $good, mixed $seen = null): void
{
    global $passed, $failed;
    if ($good) {
        $passed++;
    } else {
        $failed++;
        echo "FAILED $what: ", json_encode($seen, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    }
}

function fields(mixed $reply): array
{
    $map = [];
    for ($i = 0; is_array($reply) && $i + 1 < count($reply); $i += 2) {
        $map[$reply[$i]] = $reply[$i + 1];
    }
    return $map;
}

function connect(int $port): Redis
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port, 10.0);
    return $redis;
}

function sessions(Redis $redis): array
{
    $made = fields($redis->rawCommand('SESS.CREATE', 'alice', 'TTL', '3600', 'DATA', '2', 'cart', '3', 'lang', 'de'));
    check('CREATE', str_starts_with($made['id'], 'tmss-') && str_starts_with($made['token'], 'tmtk_'), $made);
    check('CREATE version', $made['version'] === 1, $made);
    $found = fields($redis->rawCommand('SESS.GETBYTOKEN', $made['token']));
    check('GETBYTOKEN', $found['id'] === $made['id'] && fields($found['data'])['cart'] === '3', $found);
    check('VALIDATE', fields($redis->rawCommand('SESS.VALIDATE', $made['token']))['user_id'] === 'alice');
    check('UPDATE', $redis->rawCommand('SESS.UPDATE', $made['id'], 'IFVERSION', '1', 'SET', '1', 'cart', '4') === 2);
    check('RENEW', $redis->rawCommand('SESS.RENEW', $made['id'], 'TTL', '7200') > time() * 1000);
    $rotated = $redis->rawCommand('SESS.ROTATE', $made['token']);
    check('ROTATE', str_starts_with($rotated, 'tmtk_') && $rotated !== $made['token']);
    check('LISTUSER', fields($redis->rawCommand('SESS.LISTUSER', 'alice')[0])['id'] === $made['id']);
    check('COUNTUSER', $redis->rawCommand('SESS.COUNTUSER', 'alice') === 1);
    check('LIST', $redis->rawCommand('SESS.LIST', 'USER', 'alice')[0] === 1);
    check('unknown token', !$redis->rawCommand('SESS.GETBYTOKEN', 'tmtk_nobody-has-this-one'));
    try { // phpredis throws what does not begin with ERR
        $error = json_encode($redis->rawCommand('SESS.UPDATE', 'tmss-01arz3ndektsv4rrffq69g5fav', 'CLEAR'));
    } catch (RedisException $refusal) {
        $error = $refusal->getMessage();
    }
    check('error code', str_starts_with($error, 'TM-SESS-4040'), $error);
    check('session as a key', $redis->ttl($made['id']) > 7000 && $redis->exists($made['id']) === 1);
    check('session as a hash', $redis->hGetAll($made['id'])['cart'] === '4');
    return [$made['id'], $rotated];
}

function strings(Redis $redis): void
{
    $every = implode('', array_map('chr', range(0, 255)));
    check('binary', $redis->set($every, $every) && $redis->get($every) === $every);
    check('setex', $redis->setex('native', 100, 'v') && $redis->get('native') === 'v' && $redis->ttl('native') > 90);
    check('set nx', $redis->set('native', 'w', ['nx', 'ex' => 5]) === false);
    check('mset', $redis->mset(['native:a' => '1', 'native:b' => '2']));
    check('mget', $redis->mget(['native:a', 'x', 'native:b']) === ['1', false, '2']);
    $cursor = null;
    $keys = [];
    $redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    while (($page = $redis->scan($cursor, 'native*', 100)) !== false) {
        array_push($keys, ...$page);
    }
    sort($keys);
    check('scan', $keys === ['native', 'native:a', 'native:b'], $keys);
    $pipe = $redis->multi(Redis::PIPELINE);
    for ($i = 0; $i < 1000; $i++) {
        $pipe->set("batch:$i", "value $i");
        $pipe->get("batch:$i");
    }
    $replies = $pipe->exec();
    check('pipeline', count($replies) === 2000 && $replies[1999] === 'value 999' && $replies[1] === 'value 0');
    check('info', $redis->info()['redis_version'] === '7.4.0');
    check('incr', $redis->incr('native:n') === 1 && $redis->incrBy('native:n', 5) === 6);
    check('del', $redis->del('native', 'native:a', 'native:b', 'native:n') === 4);
}

function php_sessions(int $port): void
{
    ini_set('session.save_handler', 'redis');
    ini_set('session.save_path', "tcp://127.0.0.1:$port?database=2");
    ini_set('session.use_cookies', '0');
    session_id('compat0123456789');
    session_start(['cache_limiter' => '']);
    $_SESSION['cart'] = ['apple' => 3];
    session_write_close();
    $_SESSION = [];
    session_start(['cache_limiter' => '']);
    check('session handler', ($_SESSION['cart']['apple'] ?? null) === 3, $_SESSION);
    check('session_destroy', session_destroy());
    $redis = connect($port);
    $redis->select(2);
    check('nothing is left', $redis->keys('PHPREDIS_SESSION:*') === []);
}

function reconnect(Redis $redis, string $id, string $token): void
{
    $before = $redis->rawCommand('SESS.GETBYTOKEN', $token);
    passthru('bash ' . escapeshellarg(getenv('COMPAT_SERVER')) . ' restart ' . escapeshellarg(getenv('COMPAT_STATE')), $code);
    check('restart', $code === 0);
    $after = $redis->rawCommand('SESS.GETBYTOKEN', $token); // phpredis connects again by itself
    check('same session after kill -9', $after === $before, $after);
    check('DELUSER', $redis->rawCommand('SESS.DELUSER', 'alice') === 1);
    check('revoked', !$redis->rawCommand('SESS.GETBYTOKEN', $token) && $redis->exists($id) === 0);
}

$port = (int)getenv('COMPAT_PORT');
php_sessions($port); // before any output, which would have sent headers
$redis = connect($port);
[$id, $token] = sessions($redis);
strings($redis);
reconnect($redis, $id, $token);
$locked = connect((int)getenv('COMPAT_LOCKED_PORT'));
check('password', $locked->auth(getenv('COMPAT_PASSWORD')) && $locked->select(3) && $locked->ping());
$wrong = connect((int)getenv('COMPAT_LOCKED_PORT'));
try {
    check('wrong password', $wrong->auth('wrong') === false);
} catch (RedisException $error) {
    check('wrong password', str_contains($error->getMessage(), 'WRONGPASS'), $error->getMessage());
}
echo "$passed passed, $failed failed\n";
exit($failed === 0 ? 0 : 1);
