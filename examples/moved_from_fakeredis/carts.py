"""Shopping carts, as a program has them that was written for Redis: it knows nothing of how it is tested."""

import redis

HOUR = 3600


class Carts:
    """The carts of a shop. A cart is forgotten an hour after its last change."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._take = client.register_script(
            """
            local left = redis.call('HINCRBY', KEYS[1], ARGV[1], -ARGV[2])
            if left <= 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end
            return math.max(left, 0)
            """
        )

    def put(self, customer: str, item: str, count: int = 1) -> None:
        with self.client.pipeline() as pipe:
            pipe.hincrby(f"cart:{customer}", item, count)
            pipe.expire(f"cart:{customer}", HOUR)
            pipe.execute()

    def take(self, customer: str, item: str, count: int = 1) -> int:
        """Takes items out, and returns how many are left."""
        return int(self._take(keys=[f"cart:{customer}"], args=[item, count]))

    def content(self, customer: str) -> dict[str, int]:
        found = self.client.hgetall(f"cart:{customer}")
        return {item.decode(): int(count) for item, count in found.items()}

    def order(self, customer: str) -> bool:
        """Moves a cart to the orders; returns whether there was one. Two orders at once are one."""
        with self.client.lock(f"ordering:{customer}", timeout=10):
            content = self.content(customer)
            if not content:
                return False
            self.client.xadd("orders", {"customer": customer, **content})
            self.client.delete(f"cart:{customer}")
            return True
