-- Puts an event aside for the webhook, if such events are wanted.
--
-- KEYS  1 webhookState  2 webhooks stream
-- ARGV  1 name of the event  2 channel  3 body
-- Gives 1 if it was put aside, 0 if it is not wanted or no more can wait.
local hooks = redis.call('HMGET', KEYS[1], ARGV[1], 'most')
if not hooks[1] then
  return 0
end
if redis.call('XLEN', KEYS[2]) >= tonumber(hooks[2]) then
  redis.call('HINCRBY', KEYS[1], 'dropped', 1)
  return 0
end
redis.call('XADD', KEYS[2], '*', 'e', ARGV[1], 'c', ARGV[2], 'b', ARGV[3])
return 1
