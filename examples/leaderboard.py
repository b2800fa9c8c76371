"""Leaderboards on sorted sets: all finals of the football World Cup, from 1930 to 2022.

    python examples/leaderboard.py [--url redis://localhost:6379]

Three boards are kept while the finals are played one after the other: titles, lost finals, goals in finals (West
Germany counts as Germany, shoot-outs do not count as goals). A fourth is computed from two of them: three points for a
title, one for a lost final.
"""

import redis
from connect import argument_parser, rows, server_url

TITLES, LOST, GOALS, POINTS = "finals:titles", "finals:lost", "finals:goals", "finals:points"

Board = list[tuple[str, float]]


def play(client: redis.Redis, final: dict[str, str]) -> None:
    """Counts one final on all boards, at once: nobody sees a half of it."""
    with client.pipeline(transaction=True) as pipeline:
        pipeline.zincrby(TITLES, 1, final["winner"])
        pipeline.zincrby(LOST, 1, final["runner_up"])
        pipeline.zincrby(GOALS, float(final["winner_goals"]), final["winner"])
        pipeline.zincrby(GOALS, float(final["runner_up_goals"]), final["runner_up"])
        pipeline.execute()


def award_points(client: redis.Redis) -> None:
    client.zunionstore(POINTS, {TITLES: 3, LOST: 1})


def top(client: redis.Redis, board: str, count: int) -> Board:
    return client.zrevrange(board, 0, count - 1, withscores=True)


def around(client: redis.Redis, board: str, team: str, span: int) -> list[tuple[int, str, float]]:
    """The team and its neighbours in the ranking, with ranks from 1 on; empty if the team has no score."""
    rank = client.zrevrank(board, team)
    if rank is None:
        return []
    first = max(rank - span, 0)
    found = client.zrevrange(board, first, rank + span, withscores=True)
    return [(first + index + 1, name, score) for index, (name, score) in enumerate(found)]


def show(title: str, board: Board) -> None:
    print(title)
    for rank, (team, score) in enumerate(board, 1):
        print(f"{rank:3}. {team:<16}{score:4.0f}")


def run(client: redis.Redis) -> None:
    client.delete(TITLES, LOST, GOALS, POINTS)
    for final in rows("world_cup_finals.csv"):
        play(client, final)
    award_points(client)
    show("Titles", top(client, TITLES, 4))
    show("Goals in finals", top(client, GOALS, 4))
    show("Points", top(client, POINTS, 5))
    print("Around the Netherlands")
    for rank, team, score in around(client, POINTS, "Netherlands", 1):
        print(f"{rank:3}. {team:<16}{score:4.0f}")
    print(f"Teams with more than one title: {client.zcount(TITLES, '(1', '+inf')}")


def main() -> None:
    options = argument_parser("Leaderboards of the World Cup's finals.").parse_args()
    with server_url(options.url) as url, redis.Redis.from_url(url, decode_responses=True) as client:
        run(client)


if __name__ == "__main__":
    main()
