-- Something to bring to the taker. A node that is out of memory lets nothing be made by a command, nor by a script before its first write.

local greeting, mark_ms = unpack(ARGV)
redis.call('DEL', greeting)
redis.call('SET', greeting, '', 'PX', mark_ms)
