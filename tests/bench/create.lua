-- user, session id, token, data[, most]: a session as a hash, its token as a key, its user as an index; one day, 50 of a user at
-- most, if nothing else is given
local user, id, token, data, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5] or 50)
local now = redis.call('TIME')[1] * 1000
local expires, index, key, hash = now + 86400000, 'u:' .. user, 's:' .. id, redis.sha1hex(token)
if redis.call('ZCARD', index) >= most then
  redis.call('ZREMRANGEBYSCORE', index, 0, now)
  if redis.call('ZCARD', index) >= most then return redis.error_reply('QUOTA') end
end
redis.call('HSET', key, 'user_id', user, 'token_hash', hash, 'ip_address', '10.0.0.1', 'user_agent', 'Mozilla/5.0',
  'created_at', now, 'last_active', now, 'expires_at', expires, 'version', 1, 'data', data)
redis.call('PEXPIRE', key, 86400000)
redis.call('SET', 't:' .. hash, id, 'PX', 86400000)
redis.call('ZADD', index, expires, id)
return id
