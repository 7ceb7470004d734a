-- Forgets a photo that no message has: in one step, since one may be about to take it.
--
-- KEYS  1 photo:<id>
-- ARGV  none
-- Gives 1 if nothing knows the photo now, 0 if a message has it.
if redis.call('HEXISTS', KEYS[1], 'message') == 1 then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
