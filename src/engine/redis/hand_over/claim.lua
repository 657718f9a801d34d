-- The taker's half: claims a slot if the mark of this attempt has come, before which no giver gives it up, and leaves the proof. Without
-- the mark it does nothing: whoever waited for it is told to go on for other reasons too.

local slot, taker_id, mark, mark_ms = unpack(ARGV)
if redis.call('DEL', mark) == 0 then
  return 0
end
redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', taker_id)
redis.call('DEL', mark .. ':greeting')
redis.call('SET', mark .. ':proof', '', 'PX', mark_ms)
return 1
