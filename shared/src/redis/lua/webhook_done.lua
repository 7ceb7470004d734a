-- Takes an event from those that wait: it was delivered, or is given up and kept among the dead.
-- Safe to repeat.
--
-- KEYS  1 historyLease  2 webhooks stream  3 webhooksDead stream
-- ARGV  1 fencing token  2 id of the entry  3 why it is given up ('' when it was delivered)
--       4 about how many dead ones are kept
-- Gives 1 if it was still there, 0 if not, -1 when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if ARGV[3] ~= '' then
  local entry = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
  if entry then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'id', ARGV[2], 'why', ARGV[3], unpack(entry[2]))
  end
end
return redis.call('XDEL', KEYS[2], ARGV[2])
