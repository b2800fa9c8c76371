"""Pipelines of a database in the process: commands that run together, in a transaction or just one after the other."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Self

from pyredis.embedded.api.client_errors import find
from pyredis.embedded.api.face import Face
from pyredis.embedded.api.queued_methods import QueuedMethods
from pyredis.embedded.handle import CommandQueue, arrival, convert_all, wait_for
from pyredis.shell.local_client import LocalClient, Ticket
from pyredis.wire.reply_objects import ReplyError

if TYPE_CHECKING:
    from pyredis.embedded.database_parts import Common

# Characters of a command that an error message shows.
SHOWN = 100


def shown(words: Any) -> str:
    """Returns the words of a command for an error message, as many as there is room for."""
    from textwrap import shorten

    text = " ".join(str(word, errors="replace") if isinstance(word, bytes) else str(word) for word in words)
    return shorten(text, SHOWN, placeholder="...")


class PipelineBase(CommandQueue, Face, QueuedMethods):
    """What both kinds of pipelines share. ``transaction`` wraps the commands in MULTI and EXEC."""

    def __init__(self, database: Common, transaction: bool = True) -> None:
        super().__init__()
        self._database = database
        self._client: LocalClient | None = None
        self._share_callbacks(database._callbacks)
        self.transaction = transaction
        self.watching = False
        self.explicit_transaction = False
        self.scripts: set[Any] = set()

    def __len__(self) -> int:
        return len(self.commands)

    def __bool__(self) -> bool:
        return True

    def get_encoder(self) -> Any:
        return self._database.get_encoder()

    def multi(self) -> None:
        """Begins the transaction, after WATCH and what was read at once; `execute` ends it."""
        if self.explicit_transaction:
            raise find("RedisError")("Cannot issue nested calls to MULTI")
        if self.commands:
            raise find("RedisError")("Commands without an initial WATCH have already been issued")
        self.explicit_transaction = True
        self.immediate = False

    def _begin(self) -> LocalClient:
        """Returns the pipeline's own client."""
        if self._client is None:
            self._client = self._database._borrow()
        return self._client

    def _reset(self) -> None:
        self.commands = []
        self.scripts = set()
        self.watching = self.immediate = self.explicit_transaction = False
        client, self._client = self._client, None
        if client is not None:
            # One that still watches is closed: a finalizer may call this while a command runs.
            self._database.engine.give_back(client, self._database.database)

    # ---- running, as coroutines that a synchronous pipeline runs without a loop ----

    async def _reply(self, client: LocalClient, ticket: Ticket) -> Any:
        raise NotImplementedError

    async def _run_watched(self, words: Any, convert: Any, decode: bool) -> Any:
        """Runs a command at once. If the client has been closed, what it watched is not watched any more."""
        client = self._begin()
        try:
            reply = client.run(words, not decode)
            if isinstance(reply, Ticket):
                reply = await self._reply(client, reply)
        except ConnectionError as error:
            was_watching = self.watching
            self._reset()
            if was_watching:
                raise find("WatchError")(f"{error} while it watched one or more keys") from None
            raise self._database._translated(error) from None
        except (ReplyError, TypeError, ValueError) as error:
            raise self._database._translated(error) from None
        return reply if convert is None else convert(reply)

    async def _load_scripts(self) -> None:
        scripts = list(self.scripts)
        exist = await self._run_watched(("SCRIPT", "EXISTS", *(script.sha for script in scripts)), None, True)
        for script, known in zip(scripts, exist, strict=True):
            if not known:
                await self._run_watched(("SCRIPT", "LOAD", script.script), None, True)

    async def _execute(self, raise_on_error: bool) -> list[Any]:
        commands = self.commands
        if not commands and not self.watching:
            return []
        client = self._begin()
        try:
            if self.scripts:
                await self._load_scripts()
            if self.transaction or self.explicit_transaction:
                replies = await self._run_transaction(client, commands)
            else:
                replies = await self._run_all(client, commands)
        except (ConnectionError, TypeError, ValueError) as error:
            raise self._database._translated(error) from None
        finally:
            self._reset()
        return self._results(commands, replies, raise_on_error)

    async def _run_all(self, client: LocalClient, commands: list[Any]) -> list[Any]:
        replies: list[Any] = []
        while len(replies) < len(commands):
            more, ticket = client.run_all(commands[len(replies) :] if replies else commands)
            replies += more
            if ticket is None:
                continue
            complete = len(replies) == len(commands)
            try:
                reply = await self._reply(client, ticket)
            except Exception as error:  # noqa: BLE001 - an error reply is the result of its command
                reply = error
            if not complete:
                replies.append(reply)
        return replies

    async def _run_transaction(self, client: LocalClient, commands: list[Any]) -> list[Any]:
        result = client.run_transaction(commands)
        if result is None:
            result = await self._run_paused(client, commands)
        errors, reply, ticket = result
        if ticket is not None:
            await self._reply(client, ticket)
        if isinstance(reply, Exception):
            if errors:
                index, error = errors[0]
                raise self._annotated(error, index, commands[index][0])
            raise self._database._translated(reply)
        if reply is None:
            raise find("WatchError")("Watched variable changed.")
        for index, error in errors:
            reply.insert(index, error)
        return reply

    async def _run_paused(self, client: LocalClient, commands: list[Any]) -> Any:
        """Runs a transaction while CLIENT PAUSE holds commands back, one command after the other."""
        errors: list[tuple[int, Exception]] = []
        reply: Any = None
        requests = [("MULTI",), *(words for words, *_ in commands), ("EXEC",)]
        for index, words in enumerate(requests):
            try:
                reply = client.run(words)
                if isinstance(reply, Ticket):
                    reply = await self._reply(client, reply)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001 - an error reply is a result
                reply = error
                if 0 < index <= len(commands):
                    errors.append((index - 1, error))
        return errors, reply, None

    def _results(self, commands: list[Any], replies: list[Any], raise_on_error: bool) -> list[Any]:
        results, failed = convert_all(commands, replies)
        if results is not None:
            return results
        if raise_on_error:
            raise self._annotated(replies[failed], failed, commands[failed][0])
        return [
            self._database._translated(reply)
            if isinstance(reply, Exception)
            else reply
            if convert is None
            else convert(reply)
            for (_, convert, _), reply in zip(commands, replies, strict=True)
        ]

    def _annotated(self, error: Exception, index: int, words: Any) -> Exception:
        """Returns the exception for an error reply, whose text names the command."""
        translated = self._database._translated(error)
        text = translated.args[0] if translated.args else ""
        translated.args = (
            f"Command # {index + 1} ({shown(words)}) of pipeline caused error: {text}",
            *translated.args[1:],
        )
        return translated


def run(coroutine: Any) -> Any:
    """Runs a coroutine that never waits for a loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("the coroutine waits for an event loop")


class Pipeline(PipelineBase):
    """A pipeline of a synchronous database. As a context manager it is reset at the end of the block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.reset()

    async def _reply(self, client: LocalClient, ticket: Ticket) -> Any:
        return wait_for(client, ticket)

    def _run_now(self, words: Any, convert: Any, decode: bool) -> Any:
        return run(self._run_watched(words, convert, decode))

    def watch(self, *names: Any) -> Any:
        """Watches keys: `execute` raises WatchError if one of them has changed. Commands until `multi` run at once."""
        if self.explicit_transaction:
            raise find("RedisError")("Cannot issue a WATCH after a MULTI")
        result = self._run_now(("WATCH", *names), bool, True)
        self.watching = self.immediate = True
        return result

    def unwatch(self) -> Any:
        """Watches nothing any more."""
        if not self.watching:
            return True
        if not self.immediate:
            return self._call(("UNWATCH",), bool)
        result = self._run_now(("UNWATCH",), bool, True)
        self.watching = self.immediate = False
        return result

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Runs the commands and returns their results. An error is raised, or is one of the results."""
        return run(self._execute(raise_on_error))

    def discard(self) -> None:
        """Drops the commands."""
        self.reset()

    def reset(self) -> None:  # type: ignore[override] # RESET, which a pipeline cannot send
        """Drops the commands, and watches nothing any more."""
        self._reset()

    close = reset


class AsyncPipeline(PipelineBase):
    """A pipeline of an asynchronous database."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.reset()

    def __await__(self) -> Generator[Any, Any, Self]:
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    async def _reply(self, client: LocalClient, ticket: Ticket) -> Any:
        return await arrival(client, ticket)

    def _run_now(self, words: Any, convert: Any, decode: bool) -> Any:
        return self._run_watched(words, convert, decode)

    async def watch(self, *names: Any) -> Any:
        """Watches keys: `execute` raises WatchError if one of them has changed. Commands until `multi` run at once."""
        if self.explicit_transaction:
            raise find("RedisError")("Cannot issue a WATCH after a MULTI")
        result = await self._run_watched(("WATCH", *names), bool, True)
        self.watching = self.immediate = True
        return result

    async def unwatch(self) -> Any:
        """Watches nothing any more."""
        if not self.watching:
            return True
        if not self.immediate:
            return self._call(("UNWATCH",), bool)
        result = await self._run_watched(("UNWATCH",), bool, True)
        self.watching = self.immediate = False
        return result

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Runs the commands and returns their results. An error is raised, or is one of the results."""
        return await self._execute(raise_on_error)

    async def discard(self) -> None:
        """Drops the commands."""
        self._reset()

    async def reset(self) -> None:  # type: ignore[override] # RESET, which a pipeline cannot send
        """Drops the commands, and watches nothing any more."""
        self._reset()

    aclose = reset
