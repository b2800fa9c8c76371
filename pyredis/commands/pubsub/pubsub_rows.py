"""The commands of publish/subscribe."""

from pyredis.commands.table.spec import container, family, row

SUBSCRIBING = "pubsub noscript loading stale"
LOOKING = "pubsub loading stale"
PUSHING = "subscribed pushes"
EACH = "O(N), N channels named; without any, N subscriptions that end."

with family("pubsub", module="pubsub"):
    row(
        "PSUBSCRIBE pattern=(pattern)...",
        SUBSCRIBING,
        marks=PUSHING,
        since="2.0.0",
        complexity="O(N), N patterns named.",
        summary="Subscribes the connection to every channel whose name matches one of the patterns.",
    )
    row(
        "PUBLISH channel message",
        "pubsub loading stale fast",
        since="2.0.0",
        complexity="O(N+M), N subscribers of the channel, M patterns of all clients.",
        summary="Sends a message to the subscribers of a channel and returns how many times it was sent.",
    )
    container(
        "PUBSUB",
        since="2.8.0",
        summary="Holds the commands that show what is subscribed to.",
        help_since="6.2.0",
    )
    row(
        "PUBSUB|CHANNELS [pattern]",
        LOOKING,
        since="2.8.0",
        complexity="O(N), N channels.",
        summary="Lists the channels that have subscribers, or those among them that match a pattern.",
    )
    row(
        "PUBSUB|NUMPAT",
        LOOKING,
        since="2.8.0",
        complexity="O(1)",
        summary="Returns the number of different patterns that clients are subscribed to.",
    )
    row(
        "PUBSUB|NUMSUB [channel...]",
        LOOKING,
        since="2.8.0",
        complexity="O(N), N channels named.",
        summary="Returns the number of subscribers of each of the channels, those of patterns left out.",
    )
    row(
        "PUBSUB|SHARDCHANNELS [pattern]",
        LOOKING,
        since="7.0.0",
        complexity="O(N), N shard channels.",
        summary="Lists the shard channels that have subscribers, or those among them that match a pattern.",
    )
    row(
        "PUBSUB|SHARDNUMSUB [shardchannel...]",
        LOOKING,
        since="7.0.0",
        complexity="O(N), N shard channels named.",
        summary="Returns the number of subscribers of each of the shard channels.",
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
        keys="1 not_key",
        since="7.0.0",
        complexity="O(N), N subscribers of the shard channel.",
        summary="Sends a message to the subscribers of a shard channel and returns how many there were.",
    )
    row(
        "SSUBSCRIBE shardchannel...",
        SUBSCRIBING,
        marks=PUSHING,
        keys="1..-1 not_key",
        since="7.0.0",
        complexity="O(N), N shard channels named.",
        summary="Subscribes the connection to the shard channels.",
    )
    row(
        "SUBSCRIBE channel...",
        SUBSCRIBING,
        marks=PUSHING,
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
