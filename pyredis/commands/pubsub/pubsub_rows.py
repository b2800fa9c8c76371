"""The publish/subscribe commands."""

from pyredis.commands.table.spec import container, family, row

SUBSCRIBING = "pubsub noscript loading stale"
LOOKING = "pubsub loading stale"
PUSHING = "subscribed pushes"
EACH = "O(N), N channels named; without arguments, N subscriptions ended."

with family("pubsub", module="pubsub"):
    row(
        "PSUBSCRIBE pattern...",
        SUBSCRIBING,
        marks=f"{PUSHING} names_patterns",
        since="2.0.0",
        complexity="O(N), N patterns named.",
        summary="Subscribes the connection to every channel whose name matches one of the patterns.",
    )
    row(
        "PUBLISH channel message",
        "pubsub loading stale fast",
        marks="may_replicate names_channel",
        since="2.0.0",
        complexity="O(N+M), N subscribers of the channel, M patterns of all clients.",
        summary="Sends a message to a channel's subscribers and returns how many times it was sent.",
    )
    container(
        "PUBSUB",
        since="2.8.0",
        summary="Groups the commands that report on channels and subscriptions.",
        help_since="6.2.0",
    )
    row(
        "PUBSUB|CHANNELS [pattern]",
        LOOKING,
        since="2.8.0",
        complexity="O(N), N channels.",
        summary="Lists the channels that have subscribers; with a pattern, only those whose names match.",
    )
    row(
        "PUBSUB|NUMPAT",
        LOOKING,
        since="2.8.0",
        complexity="O(1)",
        summary="Returns how many different patterns clients are subscribed to.",
    )
    row(
        "PUBSUB|NUMSUB [channel...]",
        LOOKING,
        since="2.8.0",
        complexity="O(N), N channels named.",
        summary="Returns the number of subscribers of each channel; those of patterns are not counted.",
    )
    row(
        "PUBSUB|SHARDCHANNELS [pattern]",
        LOOKING,
        since="7.0.0",
        complexity="O(N), N shard channels.",
        summary="Lists the shard channels that have subscribers; with a pattern, only those whose names match.",
    )
    row(
        "PUBSUB|SHARDNUMSUB [shardchannel...]",
        LOOKING,
        since="7.0.0",
        complexity="O(N), N shard channels named.",
        summary="Returns the number of subscribers of each shard channel.",
    )
    row(
        "PUNSUBSCRIBE [pattern...]",
        SUBSCRIBING,
        marks=PUSHING,
        since="2.0.0",
        complexity=EACH.replace("channels", "patterns"),
        summary="Ends the connection's subscriptions to the patterns, or to all patterns.",
    )
    row(
        "SPUBLISH shardchannel message",
        "pubsub loading stale fast",
        marks="may_replicate names_channel",
        keys="1 not_key",
        since="7.0.0",
        complexity="O(N), N subscribers of the shard channel.",
        summary="Sends a message to the subscribers of a shard channel and returns how many there were.",
    )
    row(
        "SSUBSCRIBE shardchannel...",
        SUBSCRIBING,
        marks=f"{PUSHING} names_channels",
        keys="1..-1 not_key",
        since="7.0.0",
        complexity="O(N), N shard channels named.",
        summary="Subscribes the connection to the shard channels.",
    )
    row(
        "SUBSCRIBE channel...",
        SUBSCRIBING,
        marks=f"{PUSHING} names_channels",
        since="2.0.0",
        complexity="O(N), N channels named.",
        summary="Subscribes the connection to the channels.",
    )
    row(
        "SUNSUBSCRIBE [shardchannel...]",
        SUBSCRIBING,
        marks=PUSHING,
        keys="1..-1 not_key",
        since="7.0.0",
        complexity=EACH,
        summary="Ends the connection's subscriptions to the shard channels, or to all shard channels.",
    )
    row(
        "UNSUBSCRIBE [channel...]",
        SUBSCRIBING,
        marks=PUSHING,
        since="2.0.0",
        complexity=EACH,
        summary="Ends the connection's subscriptions to the channels, or to all channels.",
    )
