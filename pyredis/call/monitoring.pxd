"""The lines that MONITOR shows.

A line shows a command as it arrived, and after it has run: the commands of a transaction before their EXEC. A handler
may replace its arguments and release their memory, so the words are copied before it runs (``monitor_note``). The line
is sent afterwards (``monitor_show``), with the database that the command has left selected. A script shows itself
before it runs (``monitor_show_now``), so that its commands follow it; their lines say ``lua`` instead of an address.

Not shown are commands that are refused before they run (except EXEC, because its MULTI was shown), those with the
flags ``admin`` or ``skip_monitor``, those of the append-only file, and the second run of a command that waited. A
command whose row marks it as holding secrets is shown without them.
::

    +1339518083.107412 [0 127.0.0.1:60866] "SET" "key" "line\\n"
"""

from pyredis.call.call cimport Call

# The words of a command, quoted, with the end of the line.
ctypedef struct MonitorWords:
    char *data                  # NULL where the command is not shown
    size_t size

# Copies the words of a command that is about to run, if it is to be shown.
cdef void monitor_note(Call *call, MonitorWords *words) noexcept nogil
# Sends the line to all monitors and releases the words.
cdef void monitor_show(Call *call, MonitorWords *words) noexcept nogil
# Sends the line of a command that runs others, whatever its flags; costs a branch while there is no monitor.
cdef void monitor_show_now(Call *call) noexcept nogil
