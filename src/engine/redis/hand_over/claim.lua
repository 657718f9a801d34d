-- The taker's half: claims slots if the mark of this attempt has come, before which no giver gives them up, and leaves the proof. Without
-- the mark it does nothing: whoever waited for it is told to go on for other reasons too.

local taker_id, mark, mark_ms = unpack(ARGV)
if redis.call('DEL', mark) == 0 then
  return 0
end
for index = 4, #ARGV do
  redis.call('CLUSTER', 'SETSLOT', ARGV[index], 'NODE', taker_id)
end
redis.call('DEL', mark .. ':greeting')
redis.call('SET', mark .. ':proof', '', 'PX', mark_ms)
return 1
