"""The methods of a database in the process: redis-py's names, parameters, defaults and results.

`methods.Methods` has a method for each command. Each of them ends in one call:

    self._call(words, convert=None, decode=True)

- ``words`` is a tuple or list of bytes, str, int, float or an object with a buffer, the command's name first. Anything
  else among them must be refused with DataError (`client_errors.argument_error`).
- ``convert`` is a function of one argument that turns the reply into redis-py's result, or None if the reply is the
  result. A reply is what ``Core.call`` returns to a client of RESP3, with str in place of bytes under
  ``decode_responses``; every converter handles both. An error reply is raised and not converted
  (`client_errors.reply_exception`).
- ``decode`` is False for the few replies that stay bytes under ``decode_responses``: DUMP, FUNCTION DUMP, SLOWLOG GET.

So the same class serves three faces. A synchronous database runs the command and returns the result; an asynchronous
one returns an awaitable; a pipeline keeps words and converter, and returns itself. A face provides two more methods:
``get_encoder()``, which returns an object with ``encode``, ``decode`` and ``decode_responses``
(`argument_forms.Encoder`), and ``pipeline(transaction=True, shard_hint=None)``. `sync_face.SyncFace` and
`async_face.AsyncFace` add what needs several calls: iterators, ``transaction``, ``lock``, ``register_script`` and
``execute_command``. A method that a face implements again, for speed, must call as this one does.

A pipeline is a class of `queued_methods.QueuedMethods` and `face.Face`. A script that is called with a pipeline as its
client adds itself to the pipeline's set ``scripts``: those must be loaded before the pipeline runs.

The converters that a face may recognise, to make the result from the reply itself: ``bool``, ``float``,
`conversions.ok`, `conversions.ok_or_none`, `conversions.score_pairs`, `conversions.pair_or_none`.

`client_errors.find` resolves a class of exceptions by one of `client_errors.NAMES`, for ``pyredis.__getattr__``.

| module | |
|---|---|
| `method_table` | one row for each method that is generated: where redis-py differs from the command table |
| `method_pattern` | the syntax of the rows |
| `method_writer` | writes ``*_methods.py``, and the stubs of the asynchronous face and of pipelines |
| ``*_by_hand`` | the methods that no row describes |
| `methods` | all of them in one class; `async_methods` and `queued_methods` type the same class for the other faces |
| `conversions` | from replies to results; ``CALLBACKS`` maps names of commands for ``execute_command`` |
| `argument_forms` | from arguments to words: ``timedelta``, lists of keys, options that exclude each other |
| `client_errors` | the classes of exceptions, redis-py's where it is installed |
| `face`, `sync_face`, `async_face`, `client_lock`, `async_lock`, `client_script` | what needs several calls |
"""
